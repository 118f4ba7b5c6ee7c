"""Answering offers and ending matches."""

from uuid import UUID

from chassis.access import Caller
from chassis.errors import Missing
from chassis.preconditions import Precondition
from chassis.transaction import Tx
from contracts.matching import EndReason
from matching.adapters.db import directory, matches, programmes
from matching.domain.cascade import goes_on_after_decline
from matching.domain.offers import DeclineReason, Match, accept, decline, end, has_room
from matching.domain.programmes import places_in_threes
from matching.domain.refusal import Refused
from matching.handlers.deadlines import offer_next
from matching.handlers.steps import take_step


async def accept_offer(tx: Tx, caller: Caller, match_id: UUID, expected: Precondition) -> Match:
    """Say yes. The places of both are locked first, so that nobody ever takes more than they have."""
    seen = await _own_match(tx, caller, match_id)
    members = [side.employee_id for side in seen.sides]
    # Locks in one order everywhere: employees, then participants, then the match.
    present = await directory.active_among(tx, members)
    places = await programmes.lock_participants(tx, [side.participant_id for side in seen.sides])
    match = await _locked(tx, match_id, expected)
    step = accept(match, caller.subject, tx.now)
    if not step.events:
        return match
    if len(present) < len(members) or any(place.status == "withdrawn" for place in places.values()):
        raise Refused("member_gone", "Somebody in this match no longer takes part.")
    side = match.side_of(caller.subject)
    taken = await programmes.places_in_use(tx, [side.participant_id])
    programme = await programmes.find_programme(tx, match.programme_id)
    more = places_in_threes(programme) if programme else 0
    capacity = places[side.participant_id].capacity_as(side.role)
    if not has_room(capacity and capacity + more, taken.get((side.participant_id, side.role), 0)):
        raise Refused("capacity_full", f"You have no free place as {side.role}.")
    return await take_step(tx, step)


async def decline_offer(tx: Tx, caller: Caller, match_id: UUID, reason: DeclineReason, expected: Precondition) -> Match:
    """Say no."""
    await _own_match(tx, caller, match_id)
    step = decline(await _locked(tx, match_id, expected), caller.subject, reason, tx.now)
    if step.events and goes_on_after_decline(step.match, caller.subject, reason):
        await offer_next(tx, step.match)
    return await take_step(tx, step)


async def end_match(tx: Tx, caller: Caller, match_id: UUID, reason: EndReason, expected: Precondition) -> Match:
    """A member, or who runs the programme, ends an offer or an active match."""
    await visible_match(tx, caller, match_id)
    return await take_step(tx, end(await _locked(tx, match_id, expected), reason))


async def visible_match(tx: Tx, caller: Caller, match_id: UUID) -> Match:
    """A match, for its members, its programme's owner and platform administrators; for others there is none."""
    match = await matches.find_match(tx, match_id)
    if match is None:
        raise Missing
    if caller.has("platform-admin") or any(side.employee_id == caller.subject for side in match.sides):
        return match
    if caller.has("programme-manager"):
        programme = await programmes.find_programme(tx, match.programme_id)
        if programme is not None and programme.owner_id == caller.subject:
            return match
    raise Missing


async def _own_match(tx: Tx, caller: Caller, match_id: UUID) -> Match:
    """A match to answer for: members only, whatever their other roles."""
    match = await visible_match(tx, caller, match_id)
    match.side_of(caller.subject)
    return match


async def _locked(tx: Tx, match_id: UUID, expected: Precondition) -> Match:
    match = await matches.lock_match(tx, match_id)
    if match is None:
        raise Missing
    expected.check(match.version)
    return match
