"""Runs: a queue of rows with leases, and what came out of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from chassis.outbox import current_traceparent, json_text
from chassis.transaction import Tx
from matching.adapters.db.run_tables import run
from matching.domain.refusal import Refused
from matching.domain.runs import Pair, Solution

_LAST_NUMBER = 2**31 - 1
"""The column's largest value; a made-up cursor may be beyond it."""

RunStatus = Literal["queued", "running", "completed", "failed", "published"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run and how far it is."""

    id: UUID
    programme_id: UUID
    version: int
    status: RunStatus
    percent: int
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    worker: str | None
    reason: str | None
    people: int
    pairs: int
    total_score: int
    worst_score: int
    upper_bound: int
    seconds: float
    inputs_digest: str
    report: dict[str, Any]
    traceparent: str | None

    @property
    def state(self) -> str:
        """Tells this state from any other: publishing makes no new version."""
        return f"{self.version}.{self.status}"


async def add_run(tx: Tx, run_id: UUID, programme_id: UUID) -> Run:
    """Queue a run; a programme has one active run at most."""
    values = {
        "id": run_id,
        "programme_id": programme_id,
        "version": 1,
        "status": "queued",
        "requested_at": tx.now,
        "traceparent": current_traceparent(),
    }
    try:
        row = (await tx.connection.execute(insert(run).values(values).returning(run))).one()
    except IntegrityError as error:
        if "ux_run_active" not in str(error.orig):
            raise
        raise Refused("run_active", "This programme has a run under way; wait for it to end.") from error
    return _run(row)


async def find_run(tx: Tx, run_id: UUID, *, lock: bool = False) -> Run | None:
    """A run as it stands."""
    statement = select(run).where(run.c.id == run_id)
    row = (await tx.connection.execute(statement.with_for_update() if lock else statement)).first()
    return None if row is None else _run(row)


async def claim_run(tx: Tx, worker: str, lease: timedelta) -> Run | None:
    """Take the oldest run that waits, or whose worker has let its lease run out; nobody else takes it meanwhile."""
    row = (await tx.connection.execute(_CLAIM, {"worker": worker, "now": tx.now, "until": tx.now + lease})).first()
    return None if row is None else _run(row)


async def hold_run(tx: Tx, held: Run, percent: int, lease: timedelta) -> Run | None:
    """Renew the lease and note the progress; nothing if another worker has it by now."""
    row = (
        await tx.connection.execute(
            update(run)
            .where(
                run.c.id == held.id,
                run.c.worker == held.worker,
                run.c.attempts == held.attempts,
                run.c.status == "running",
            )
            .values(
                lease_until=tx.now + lease,
                percent=percent,
                version=run.c.version + (1 if percent != held.percent else 0),
            )
            .returning(run)
        )
    ).first()
    return None if row is None else _run(row)


async def release_run(tx: Tx, held: Run) -> None:
    """Give a run back to the queue, for another worker to start over."""
    await tx.connection.execute(
        update(run)
        .where(
            run.c.id == held.id, run.c.worker == held.worker, run.c.attempts == held.attempts, run.c.status == "running"
        )
        .values(status="queued", worker=None, lease_until=None, attempts=run.c.attempts - 1)
    )


async def finish_run(tx: Tx, ended: Run, status: RunStatus, solution: Solution | None = None, **values: Any) -> Run:
    """Store how a run ended, with its pairs if it has some."""
    if solution is not None:
        values |= {
            "people": solution.people,
            "pairs": len(solution.pairs),
            "total_score": solution.total,
            "worst_score": solution.worst,
            "upper_bound": solution.upper_bound,
            "inputs_digest": solution.inputs_digest,
            "report": solution.report,
            "percent": 100,
        }
        await _add_outcome(tx, ended.id, solution)
    values |= {"status": status, "version": ended.version + 1, "finished_at": tx.now, "lease_until": None}
    row = (await tx.connection.execute(update(run).where(run.c.id == ended.id).values(**values).returning(run))).one()
    return _run(row)


async def publish_run(tx: Tx, published: Run) -> Run:
    """Note that the run's pairs have been offered."""
    statement = update(run).where(run.c.id == published.id).values(status="published").returning(run)
    return _run((await tx.connection.execute(statement)).one())


async def pairs_of(tx: Tx, run_id: UUID, after: int = -1, limit: int | None = None) -> list[tuple[int, Pair]]:
    """The pairs of a run with their numbers."""
    rows = await tx.connection.execute(
        text("SELECT * FROM run_pair WHERE run_id = :id AND number > :after ORDER BY number LIMIT :limit"),
        {"id": run_id, "after": max(-1, min(after, _LAST_NUMBER)), "limit": limit},
    )
    return [(row.number, Pair(row.mentee_id, row.mentor_id, row.score, row.contributions)) for row in rows]


async def unmatched_of(tx: Tx, run_id: UUID) -> dict[str, Any]:
    """Who has nobody after a run, and why."""
    rows = await tx.connection.execute(
        text("SELECT employee_id, reason FROM run_unmatched WHERE run_id = :id"), {"id": run_id}
    )
    return {row.employee_id: row.reason for row in rows}


async def _add_outcome(tx: Tx, run_id: UUID, solution: Solution) -> None:
    pairs: Sequence[Pair] = solution.pairs
    await tx.connection.execute(
        _ADD_PAIRS,
        {
            "run_id": run_id,
            "mentees": [pair.mentee for pair in pairs],
            "mentors": [pair.mentor for pair in pairs],
            "scores": [pair.score for pair in pairs],
            "contributions": [json_text(pair.contributions) for pair in pairs],
        },
    )
    reasons: Mapping[str, str] = solution.unmatched
    await tx.connection.execute(
        text(
            "INSERT INTO run_unmatched (run_id, employee_id, reason) SELECT CAST(:run_id AS uuid), e, r"
            " FROM unnest(CAST(:people AS text[]), CAST(:reasons AS text[])) AS row (e, r)"
        ),
        {"run_id": run_id, "people": list(reasons), "reasons": list(reasons.values())},
    )


def _run(row: Any) -> Run:
    return Run(**{name: getattr(row, name) for name in Run.__slots__})


_CLAIM = text(
    "UPDATE run SET status = 'running', worker = :worker, lease_until = :until, attempts = attempts + 1, percent = 0,"
    " version = version + 1, started_at = :now"
    " WHERE id = (SELECT id FROM run WHERE status = 'queued' OR (status = 'running' AND lease_until < :now)"
    " ORDER BY requested_at FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING *"
)
_ADD_PAIRS = text(
    "INSERT INTO run_pair (run_id, number, mentee_id, mentor_id, score, contributions)"
    " SELECT CAST(:run_id AS uuid), n, e, m, s, CAST(c AS jsonb)"
    " FROM unnest(CAST(:mentees AS text[]), CAST(:mentors AS text[]),"
    " CAST(:scores AS integer[]), CAST(:contributions AS text[])) WITH ORDINALITY AS row (e, m, s, c, n)"
)
