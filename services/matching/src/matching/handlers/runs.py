"""Runs: asked for, worked off elsewhere, looked at, published."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.access import Caller
from chassis.errors import Missing
from chassis.ids import uuid7
from chassis.preconditions import Precondition
from chassis.transaction import Tx
from contracts.matching import Role
from matching.adapters.db import directory, matches, programmes, runs
from matching.adapters.db.runs import Run
from matching.domain.offers import Match, Side, propose
from matching.domain.programmes import Participant, Programme, leave_unmatched
from matching.domain.refusal import Refused
from matching.domain.runs import Pair
from matching.handlers.deadlines import set_clock
from matching.handlers.programmes import managed_programme


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a run's pairs: offered, or left out because somebody is gone or full by now."""

    run: Run
    offered: int
    left_out: int


async def request_run(tx: Tx, caller: Caller, programme_id: UUID, run_id: UUID) -> Run:
    """Queue a run of a programme; a worker takes it."""
    programme = await managed_programme(tx, caller, programme_id, keep=True)
    programme.must_be_open()
    return await runs.add_run(tx, run_id, programme_id)


async def visible_run(tx: Tx, caller: Caller, run_id: UUID) -> Run:
    """A run of a programme that the caller manages."""
    run = await runs.find_run(tx, run_id)
    if run is None:
        raise Missing
    await managed_programme(tx, caller, run.programme_id)
    return run


async def publish_run(tx: Tx, caller: Caller, run_id: UUID, expected: Precondition) -> Published:
    """Offer the run's pairs to their people; publishing it again offers nothing more."""
    await visible_run(tx, caller, run_id)
    # Locks in one order everywhere: run, programme, employees, participants, matches.
    run = await runs.find_run(tx, run_id, lock=True)
    if run is None:
        raise Missing
    expected.check(run.state)
    programme = await managed_programme(tx, caller, run.programme_id, keep=True)
    if run.status == "published":
        return Published(run, 0, 0)
    if run.status != "completed":
        raise Refused("run_not_completed", f"The run is {run.status}; only a completed one can be published.")
    programme.must_be_open()
    pairs = [pair for _, pair in await runs.pairs_of(tx, run_id)]
    present = await directory.active_among(tx, {name for pair in pairs for name in (pair.mentee, pair.mentor)})
    enrolled = {place.employee_id: place for place in await programmes.lock_all_participants(tx, programme.id)}
    offered = await _offer(tx, run, programme, pairs, {name: enrolled[name] for name in present & set(enrolled)})
    await _tell_unmatched(tx, run, enrolled)
    return Published(await runs.publish_run(tx, run), offered, len(pairs) - offered)


async def _offer(tx: Tx, run: Run, programme: Programme, pairs: Iterable[Pair], present: dict[str, Participant]) -> int:
    """Propose what still can be; the places on offer never exceed what their people have."""
    promised: dict[tuple[UUID, Role], int] = await programmes.places_promised(tx, programme.id)
    respond_by = tx.now + timedelta(seconds=programme.respond_within_seconds)
    new: list[tuple[Match, dict[str, int]]] = []
    for pair in pairs:
        sides = _sides(programme, pair, present)
        if sides is None or any(_is_full(side, present, promised) for side in sides):
            continue
        for side in sides:
            promised[side.participant_id, side.role] = promised.get((side.participant_id, side.role), 0) + 1
        match = Match(uuid7(), programme.id, run.id, programme.format, sides, pair.score, tx.now, respond_by)
        new.append((match, pair.contributions))
    await matches.add_matches(tx, new)
    for match, _ in new:
        for event, version in propose(match).events:
            tx.publish(event, version=version)
    if new:
        await set_clock(tx, run.id, programme, respond_by)
    return len(new)


def _sides(programme: Programme, pair: Pair, present: dict[str, Participant]) -> tuple[Side, Side] | None:
    if pair.mentee not in present or pair.mentor not in present:
        return None
    first: Role = "peer" if programme.format == "peer" else "mentee"
    second: Role = "peer" if programme.format == "peer" else "mentor"
    return Side(pair.mentee, first, present[pair.mentee].id), Side(pair.mentor, second, present[pair.mentor].id)


def _is_full(side: Side, present: dict[str, Participant], promised: dict[tuple[UUID, Role], int]) -> bool:
    return promised.get((side.participant_id, side.role), 0) >= present[side.employee_id].capacity_as(side.role)


async def _tell_unmatched(tx: Tx, run: Run, enrolled: dict[str, Participant]) -> None:
    """Say of each person without a partner why there is none."""
    reasons: dict[str, Any] = await runs.unmatched_of(tx, run.id)
    changed: list[Participant] = []
    for name in sorted(reasons):
        if name in enrolled:
            place, event = leave_unmatched(enrolled[name], run.id, reasons[name])
            tx.publish(event, version=place.version)
            changed.append(place)
    if changed:
        await programmes.bump_participants(tx, changed)
