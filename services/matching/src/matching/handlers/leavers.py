"""Letting go of those who leave: their matches end and their places are given up, once."""

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.subscription import Received
from chassis.transaction import Tx
from contracts.matching import EndReason
from matching.adapters.db import matches, programmes
from matching.domain.offers import Match, Step, end
from matching.domain.programmes import Participant, withdraw
from matching.handlers.enrolment import places_freed
from matching.handlers.steps import take_step


async def release_leavers(tx: Tx, employee_ids: Sequence[str], causes: Mapping[str, Received[Any]]) -> None:
    """End the matches of people who have gone and withdraw them from every programme."""
    if not employee_ids:
        return
    places = await programmes.lock_places_of(tx, employee_ids)
    for place in places:
        await _give_up(tx, place, causes.get(place.employee_id))
    await places_freed(tx, {place.programme_id for place in places})
    ids = [place.id for place in places]
    await end_matches_at(tx, ids, "member_departed", {place.id: causes.get(place.employee_id) for place in places})


async def withdraw_participant(tx: Tx, place: Participant, reason: EndReason = "member_withdrew") -> Participant:
    """Give up one place by decision, already locked, and end what was in it."""
    withdrawn = await _give_up(tx, place, None, opted_out=True)
    await places_freed(tx, [place.programme_id])
    await end_matches_at(tx, [place.id], reason, {})
    return withdrawn


async def end_matches_at(
    tx: Tx, participant_ids: Sequence[Any], reason: EndReason, causes: Mapping[Any, Received[Any] | None]
) -> None:
    """End every offer and active match of these participants."""
    for match in await matches.lock_open_matches_at(tx, participant_ids):
        cause = next((causes[side.participant_id] for side in match.sides if side.participant_id in causes), None)
        await _end(tx, match, reason, cause)


async def _end(tx: Tx, match: Match, reason: EndReason, cause: Received[Any] | None) -> None:
    step: Step = end(match, reason)
    await take_step(tx, step, cause)


async def _give_up(tx: Tx, place: Participant, cause: Received[Any] | None, *, opted_out: bool = False) -> Participant:
    withdrawn, event = withdraw(place, opted_out=opted_out)
    if event is not None:
        await programmes.save_participant(tx, withdrawn)
        tx.publish(event, version=withdrawn.version, cause=cause)
    return withdrawn
