"""A worker's part in a run: taking it, holding it, and writing down how it ended."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chassis.transaction import Tx
from contracts.matching import RunCompleted, RunFailed, RunProgressed, RunStarted
from matching.adapters.db import certificates, outcomes, programmes, runs
from matching.adapters.db.certificates import Certificate
from matching.adapters.db.rules import rules_version
from matching.adapters.db.runs import Run
from matching.domain.options import failed_floor
from matching.domain.problems import Problem
from matching.domain.programmes import Programme
from matching.domain.rules import Rules, rules_of
from matching.domain.solutions import Solution
from matching.handlers import publishing
from matching.handlers.pool import Pool, pool_of

ATTEMPTS = 3
"""A run whose workers die this often is given up: it may be what kills them."""


async def take_run(tx: Tx, worker: str, lease: timedelta) -> Run | None:
    """Take the next run; one that has cost too many workers fails instead."""
    run = await runs.claim_run(tx, worker, lease)
    if run is None or run.status == "publishing":
        return run
    if run.attempts > ATTEMPTS:
        await _fail(tx, run, "abandoned")
        return None
    tx.publish(RunStarted(**_state(run)), version=run.version)
    return run


async def load(tx: Tx, run: Run) -> Pool:
    """The people and rules of a run, as they are now."""
    programme = await _programme(tx, run)
    return await pool_of(tx, programme, await rules_for(tx, run, programme), run.options)


async def rules_for(tx: Tx, run: Run, programme: Programme) -> Rules:
    """The rules of a run: a draft of its own, or the programme's as they were when it was asked for."""
    if run.rules is not None:
        return rules_of(run.rules)
    if run.rules_version is None:
        return programme.rules
    version = await rules_version(tx, programme.id, run.rules_version)
    return programme.rules if version is None else version.rules


async def problem_of(tx: Tx, run: Run) -> Problem:
    """What is to be solved."""
    return (await load(tx, run)).problem


async def hold_run(tx: Tx, run: Run, percent: int, lease: timedelta, stage: str | None = None) -> Run | None:
    """Keep the run and say how far it is; nothing if another worker has taken it over."""
    held = await runs.hold_run(tx, run, percent, lease, stage)
    if held is not None and held.version != run.version:
        tx.publish(RunProgressed(**_state(held), percent=percent), version=held.version)
    return held


@dataclass(frozen=True, slots=True)
class Found:
    """What came out of a run, and what it was about."""

    solution: Solution
    report: dict[str, Any]
    problem: Problem
    document: bytes | None = None
    """The run as one document that proves it, deflated."""


async def complete_run(tx: Tx, run: Run, found: Found, lease: timedelta) -> Run | None:
    """Store what was found, unless another worker has taken the run over; a run may go on to be published."""
    held = await runs.hold_run(tx, run, run.percent, lease)
    if held is None:
        return None
    solution = found.solution
    await outcomes.add_outcome(tx, held.id, solution)
    await _prove(tx, held, found)
    floor = None
    if held.options.publish == "automatic":
        floor = failed_floor(
            held.options.floors, pairs=len(solution.pairs), worst=solution.worst, unmatched=len(solution.unmatched)
        )
    seconds = (tx.now - held.started_at).total_seconds() if held.started_at else 0.0
    figures = {"report": found.report, "seconds": round(seconds, 3)}
    done = await runs.finish_run(tx, held, "completed", solution, **figures, reason=floor)
    tx.publish(RunCompleted(**_state(done), stopped_by=floor), version=done.version)
    if done.options.publish == "automatic" and floor is None:
        return await _go_on(tx, done, lease)
    return done


async def _prove(tx: Tx, run: Run, found: Found) -> None:
    """Keep the prices by person, to look them up, and the whole document."""
    proof = found.solution.certificate
    if proof is None:
        return
    certificate = Certificate(
        [profile.employee_id for profile in found.problem.mentees],
        [profile.employee_id for profile in found.problem.columns],
        _packed(proof.row_price),
        _packed(proof.column_price),
        found.document,
    )
    await certificates.add_certificate(tx, run.id, certificate)


async def publish_some(tx: Tx, run: Run, lease: timedelta) -> Run | None:
    """Offer some of the run's pairs; nothing if another worker has taken it over."""
    held = await runs.hold_run(tx, run, run.percent, lease, "publishing")
    if held is None:
        return None
    programme = await programmes.find_programme(tx, held.programme_id, keep=True)
    if programme is None:
        raise LookupError(f"run {held.id} has no programme")
    return await publishing.step(tx, held, programme)


async def fail_run(tx: Tx, run: Run, reason: str, lease: timedelta) -> None:
    """Note that the run cannot be done, unless another worker has taken it over."""
    held = await runs.hold_run(tx, run, run.percent, lease)
    if held is not None:
        await _fail(tx, held, reason)


async def give_back(tx: Tx, run: Run) -> None:
    """Let another worker have the run: this one is told to stop."""
    await runs.release_run(tx, run)


async def _go_on(tx: Tx, run: Run, lease: timedelta) -> Run:
    """Publish what was found, with the same worker."""
    begun = await publishing.begin(tx, run, await _programme(tx, run))
    return await runs.change_run(tx, begun, lease_until=tx.now + lease)


async def _programme(tx: Tx, run: Run) -> Programme:
    programme = await programmes.find_programme(tx, run.programme_id)
    if programme is None:
        raise LookupError(f"run {run.id} has no programme")
    return programme


async def _fail(tx: Tx, run: Run, reason: str) -> None:
    failed = await runs.finish_run(tx, run, "failed", reason=reason)
    tx.publish(RunFailed(**_state(failed), reason=reason), version=failed.version)


def _packed(prices: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(prices)}q", *prices)


def _state(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "programme_id": run.programme_id,
        "status": run.status,
        "people": run.people,
        "pairs": run.pairs,
        # Where the loads of mentors are charged more than the pairs score, the total is below what the event can say.
        "total_score": max(0, run.total_score),
        "worst_score": run.worst_score,
        "upper_bound": max(0, run.upper_bound),
        "gap": max(0, run.upper_bound - run.total_score),
        "seconds": run.seconds,
        "inputs_digest": run.inputs_digest,
    }
