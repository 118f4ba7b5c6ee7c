"""Publishing a run in steps, each of them a transaction of its own: what one has done stays done.

A step takes some pairs, locks their people, and offers what still can be; where it has stopped stands in the run's row.
So a run of any size keeps nobody waiting for long, and a worker that dies in the middle leaves the rest to the next.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from chassis.ids import uuid7
from chassis.transaction import Tx
from contracts.matching import Role
from matching.adapters.db import directory, matches, outcomes, places, programmes, runs
from matching.adapters.db.runs import Run
from matching.domain.offers import Match, Side, end, propose
from matching.domain.participants import Participant, leave_unmatched
from matching.domain.programmes import Programme, places_in_threes
from matching.domain.solutions import Pair
from matching.handlers.deadlines import set_clock
from matching.handlers.steps import take_steps

AT_ONCE = 1000
"""Pairs of one step."""


async def begin(tx: Tx, run: Run, programme: Programme) -> Run:
    """From now on the run's pairs are offered; their deadline is set."""
    respond_by = tx.now + timedelta(seconds=programme.respond_within_seconds)
    return await runs.change_run(
        tx, run, status="publishing", respond_by=respond_by, reason=None, stage="publishing", lease_until=None
    )


async def step(tx: Tx, run: Run, programme: Programme) -> Run:
    """Do some of what is left to do; the run, locked by the caller, is published when nothing is."""
    if programme.status != "open":
        return await runs.change_run(tx, run, status="published", reason="programme_closed", stage=None)
    if run.options.may_move and run.published_through < 0 and await _end_replaced(tx, run):
        return run
    if pairs := await outcomes.pairs_of(tx, run.id, run.published_through, AT_ONCE):
        offered, left_out = await _offer(tx, run, programme, [pair for _, pair in pairs])
        return await runs.change_run(
            tx,
            run,
            published_through=pairs[-1][0],
            offered=run.offered + offered,
            left_out=run.left_out + left_out,
        )
    if await _tell_unmatched(tx, run):
        return run
    return await runs.change_run(tx, run, status="published", stage=None, worker=None, lease_until=None)


async def _offer(tx: Tx, run: Run, programme: Programme, pairs: Sequence[Pair]) -> tuple[int, int]:
    """Propose what still can be, and say how many that were and how many not.

    The places on offer never exceed what their people have. Who has each other already keeps it that way.
    """
    # Locks in one order everywhere: run, programme, employees, participants, matches.
    active = await directory.active_among(tx, {name for pair in pairs for name in (pair.mentee, pair.mentor)})
    present = await places.lock_named(tx, programme.id, active)
    promised = await places.promised_among(tx, [place.id for place in present.values()])
    if run.options.may_move:
        together = await matches.together_among(tx, programme.id, [pair.mentee for pair in pairs])
        pairs = [pair for pair in pairs if (pair.mentee, pair.mentor) not in together]
    new: list[tuple[Match, dict[str, int]]] = []
    for pair in pairs:
        sides = sides_of(programme, pair.mentee, pair.mentor, present)
        more = places_in_threes(programme)
        if sides is None or any(is_full(programme, side, present, promised, more) for side in sides):
            continue
        for side in sides:
            promised[side.participant_id, side.role] = promised.get((side.participant_id, side.role), 0) + 1
        new.append((_match(tx, run, programme, sides, pair.score), pair.contributions))
    await matches.add_matches(tx, new)
    await take_steps(tx, [propose(match) for match, _ in new], new=True)
    if new and not run.offered and run.respond_by is not None:
        await set_clock(tx, run.id, programme, run.respond_by)
    return len(new), len(pairs) - len(new)


def sides_of(
    programme: Programme, mentee: str, mentor: str, present: dict[str, Participant]
) -> tuple[Side, Side] | None:
    """Both sides of a match, if both take part."""
    if mentee not in present or mentor not in present:
        return None
    first: Role = "peer" if programme.format == "peer" else "mentee"
    second: Role = "peer" if programme.format == "peer" else "mentor"
    return Side(mentee, first, present[mentee].id), Side(mentor, second, present[mentor].id)


def is_full(
    programme: Programme,
    side: Side,
    present: dict[str, Participant],
    promised: dict[tuple[UUID, Role], int],
    more: int = 0,
) -> bool:
    """Whether all places of somebody in a role, and as many `more`, are taken or on offer."""
    capacity = programme.capacity_of(present[side.employee_id], side.role)
    return not capacity or promised.get((side.participant_id, side.role), 0) >= capacity + more


def _match(tx: Tx, run: Run, programme: Programme, sides: tuple[Side, Side], score: int) -> Match:
    respond_by = run.respond_by or tx.now + timedelta(seconds=programme.respond_within_seconds)
    return Match(uuid7(), programme.id, run.id, programme.format, sides, score, tx.now, respond_by)


async def _end_replaced(tx: Tx, run: Run) -> bool:
    """End some offers and matches that the run has replaced by others; whether there were any."""
    replaced = await matches.lock_replaced(tx, run.id, run.programme_id, AT_ONCE)
    await take_steps(tx, [end(match, "unsaid") for match in replaced])
    return bool(replaced)


async def _tell_unmatched(tx: Tx, run: Run) -> bool:
    """Say of some people without a partner why there is none; whether there were any."""
    reasons = await outcomes.take_untold(tx, run.id, AT_ONCE)
    if not reasons:
        return False
    changed: list[Participant] = []
    present = await places.lock_named(tx, run.programme_id, reasons)
    for name in sorted(present):
        place, event = leave_unmatched(present[name], run.id, reasons[name])
        tx.publish(event, version=place.version)
        changed.append(place)
    if changed:
        await programmes.bump_participants(tx, changed)
    return True
