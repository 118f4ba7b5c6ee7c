"""Runs: a queue of rows with leases."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from chassis.outbox import current_traceparent
from chassis.transaction import Tx
from matching.adapters.db.run_tables import run
from matching.domain.options import RunOptions
from matching.domain.programmes import Programme
from matching.domain.refusal import Refused
from matching.domain.solutions import Solution

RunStatus = Literal["queued", "running", "completed", "failed", "publishing", "published"]


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
    options: RunOptions
    rules_version: int | None
    """Number of the programme's rules when it was asked for."""
    rules: dict[str, Any] | None
    """A draft of the rules to try instead of the programme's own."""
    stage: str | None
    """What its worker does just now."""
    edition: int
    """Grows with each edit."""
    respond_by: datetime | None
    published_through: int
    offered: int
    left_out: int

    @property
    def state(self) -> str:
        """Tells this state from any other: neither an edit nor publishing makes a new version."""
        return f"{self.version}.{self.edition}.{self.status}"


async def add_run(
    tx: Tx, run_id: UUID, programme: Programme, options: RunOptions, rules: Mapping[str, Any] | None
) -> Run:
    """Queue a run; a programme has one active run at most."""
    values = {
        "id": run_id,
        "programme_id": programme.id,
        "rules_version": programme.rules_version,
        "version": 1,
        "status": "queued",
        "requested_at": tx.now,
        "traceparent": current_traceparent(),
        "options": options.model_dump(mode="json"),
        "rules": rules,
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


async def hold_run(tx: Tx, held: Run, percent: int, lease: timedelta, stage: str | None = None) -> Run | None:
    """Renew the lease and note the progress; nothing if another worker has it by now."""
    row = (
        await tx.connection.execute(
            update(run)
            .where(
                run.c.id == held.id,
                run.c.worker == held.worker,
                run.c.attempts == held.attempts,
                run.c.status == held.status,
            )
            .values(
                lease_until=tx.now + lease,
                percent=percent,
                stage=stage,
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
        .values(status="queued", worker=None, lease_until=None, stage=None, attempts=run.c.attempts - 1)
    )


async def finish_run(tx: Tx, ended: Run, status: RunStatus, solution: Solution | None = None, **values: Any) -> Run:
    """Note how a run ended; its pairs are stored beside it."""
    if solution is not None:
        values |= {
            "people": solution.people,
            "pairs": len(solution.pairs),
            "total_score": solution.total,
            "worst_score": solution.worst,
            "upper_bound": solution.upper_bound,
            "inputs_digest": solution.inputs_digest,
            "percent": 100,
        }
    ending = {"status": status, "version": ended.version + 1, "finished_at": tx.now, "lease_until": None, "stage": None}
    return await change_run(tx, ended, **(ending | values))


async def change_run(tx: Tx, changed: Run, **values: Any) -> Run:
    """Store some of a run's values; the caller has it locked."""
    statement = update(run).where(run.c.id == changed.id).values(**values).returning(run)
    return _run((await tx.connection.execute(statement)).one())


def _run(row: Any) -> Run:
    values = {name: getattr(row, name) for name in Run.__slots__}
    return Run(**values | {"options": RunOptions.model_validate(row.options)})


_CLAIM = text(
    "UPDATE run SET worker = :worker, lease_until = :until,"
    " status = CASE status WHEN 'publishing' THEN status ELSE 'running' END,"
    " stage = CASE status WHEN 'publishing' THEN stage ELSE 'loading' END,"
    " attempts = attempts + CASE status WHEN 'publishing' THEN 0 ELSE 1 END,"
    " percent = CASE status WHEN 'publishing' THEN percent ELSE 0 END,"
    " version = version + CASE status WHEN 'publishing' THEN 0 ELSE 1 END,"
    " started_at = CASE status WHEN 'publishing' THEN started_at ELSE CAST(:now AS timestamptz) END"
    " WHERE id = (SELECT id FROM run WHERE status = 'queued'"
    " OR (status IN ('running', 'publishing') AND coalesce(lease_until, '-infinity') < :now)"
    " ORDER BY requested_at FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING *"
)
