"""A worker's part in a run: taking it, holding it, and writing down how it ended."""

from datetime import timedelta
from typing import Any

from chassis.transaction import Tx
from contracts.matching import RunCompleted, RunFailed, RunProgressed, RunStarted
from matching.adapters.db import directory, matches, programmes, runs
from matching.adapters.db.runs import Run
from matching.domain.directory import reporting_intervals
from matching.domain.people import Profile, profile_of
from matching.domain.programmes import Participant
from matching.domain.runs import Problem, Solution

ATTEMPTS = 3
"""A run whose workers die this often is given up: it may be what kills them."""


async def take_run(tx: Tx, worker: str, lease: timedelta) -> Run | None:
    """Take the next run; one that has cost too many workers fails instead."""
    run = await runs.claim_run(tx, worker, lease)
    if run is None:
        return None
    if run.attempts > ATTEMPTS:
        await _fail(tx, run, "abandoned")
        return None
    tx.publish(RunStarted(**_state(run)), version=run.version)
    return run


async def problem_of(tx: Tx, run: Run) -> Problem:
    """The people and rules of a run, as they are now."""
    programme = await programmes.find_programme(tx, run.programme_id)
    if programme is None:
        raise LookupError(f"run {run.id} has no programme")
    people = await programmes.participants_with_records(tx, run.programme_id)
    promised = await programmes.places_promised(tx, run.programme_id)
    lines = reporting_intervals(await directory.managers_of_all(tx))
    earlier = frozenset(await matches.earlier_pairs(tx, run.programme_id))

    def side(role: Any) -> tuple[Profile, ...]:
        found = []
        for place, record in people:
            free = place.capacity_as(role) - promised.get((place.id, role), 0)
            if free > 0:
                found.append(_profile(tx, place, record, free, lines))
        return tuple(found)

    if programme.format == "peer":
        return Problem(programme.format, programme.rules, side("peer"), (), earlier)
    return Problem(programme.format, programme.rules, side("mentee"), side("mentor"), earlier)


async def hold_run(tx: Tx, run: Run, percent: int, lease: timedelta) -> Run | None:
    """Keep the run and say how far it is; nothing if another worker has taken it over."""
    held = await runs.hold_run(tx, run, percent, lease)
    if held is not None and held.version != run.version:
        tx.publish(RunProgressed(**_state(held), percent=percent), version=held.version)
    return held


async def complete_run(tx: Tx, run: Run, solution: Solution, lease: timedelta) -> bool:
    """Store what was found, unless another worker has taken the run over."""
    held = await runs.hold_run(tx, run, run.percent, lease)
    if held is None:
        return False
    seconds = (tx.now - held.started_at).total_seconds() if held.started_at else 0.0
    done = await runs.finish_run(tx, held, "completed", solution, seconds=round(seconds, 3))
    tx.publish(RunCompleted(**_state(done)), version=done.version)
    return True


async def fail_run(tx: Tx, run: Run, reason: str, lease: timedelta) -> None:
    """Note that the run cannot be done, unless another worker has taken it over."""
    held = await runs.hold_run(tx, run, run.percent, lease)
    if held is not None:
        await _fail(tx, held, reason)


async def give_back(tx: Tx, run: Run) -> None:
    """Let another worker have the run: this one is told to stop."""
    await runs.release_run(tx, run)


async def _fail(tx: Tx, run: Run, reason: str) -> None:
    failed = await runs.finish_run(tx, run, "failed", reason=reason)
    tx.publish(RunFailed(**_state(failed), reason=reason), version=failed.version)


def _profile(
    tx: Tx, place: Participant, record: dict[str, Any], free: int, lines: dict[str, tuple[int, int]]
) -> Profile:
    wants = place.wants
    asked = {
        "skills_wanted": wants.skills_wanted,
        "skills_offered": wants.skills_offered,
        "goals": wants.goals,
        "wishes": wants.wishes,
        "blocks": wants.blocks,
    }
    return profile_of(record, asked, free, lines.get(place.employee_id, (0, 0)), tx.now)


def _state(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "programme_id": run.programme_id,
        "status": run.status,
        "people": run.people,
        "pairs": run.pairs,
        "total_score": run.total_score,
        "worst_score": run.worst_score,
        "upper_bound": run.upper_bound,
        "gap": max(0, run.upper_bound - run.total_score),
        "seconds": run.seconds,
        "inputs_digest": run.inputs_digest,
    }
