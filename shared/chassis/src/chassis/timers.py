"""The one timer loop: claims what is due with SKIP LOCKED, so any number of replicas share the work.

Effect, events and the removal of the due row commit together. The same loop prunes what is no longer needed.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, text

from chassis.failures import reason_of
from chassis.subscription import TimerHandler
from chassis.tracing import span_of_later
from chassis.transaction import Database

log = structlog.get_logger()

_IDLE_SECONDS = 0.5
_PRUNE_EVERY_SECONDS = 600.0
_MAX_DELAY = 300.0

_CLAIM = text(
    "SELECT kind, key, due_at, payload, traceparent, attempts FROM due"
    " WHERE due_at <= clock_timestamp() AND kind = ANY(:kinds) ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED"
)
_REMOVE = text("DELETE FROM due WHERE kind = :kind AND key = :key")
_POSTPONE = text(
    "UPDATE due SET attempts = attempts + 1, due_at = :at WHERE kind = :kind AND key = :key AND due_at = :due_at"
)
_PRUNE = {
    "outbox": "published_at < now() - make_interval(days => 21)",
    "idempotency_key": "created_at < now() - make_interval(days => 2)",
    # As long as dead letters are kept: until then one that is replayed and fails again goes on counting.
    "inbox_failure": "failed_at < now() - make_interval(days => 180)",
    # The largest comes last: if it takes too long, the others are done.
    "inbox": "handled_at < now() - make_interval(days => 400)",
}


class Timers:
    """Calls the handlers of what is due."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, TimerHandler],
        *,
        retry_base: float = 1.0,
        observe: Callable[[str, float], None] = lambda *_: None,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._retry_base = retry_base
        self._observe = observe
        self._pruned_at = 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping`."""
        clock, waits = asyncio.get_running_loop().time, False
        while not stopping.is_set():
            try:
                worked = bool(self._handlers) and await self.work_once()
                if clock() - self._pruned_at > _PRUNE_EVERY_SECONDS:
                    self._pruned_at = clock()
                    await self.prune()
            except Exception as error:  # noqa: BLE001  the database is away: wait and go on
                if not waits:
                    log.warning("timers_wait", reason=reason_of(error))
                worked, waits = False, True
            else:
                if waits:
                    log.info("timers_go_on")
                waits = False
            if not worked:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), _IDLE_SECONDS * random.uniform(0.5, 1))  # noqa: S311

    async def work_once(self) -> bool:
        """Do one thing that is due; whether there was one."""
        row: Row[Any] | None = None
        try:
            async with self._database.transaction() as tx:
                row = (await tx.connection.execute(_CLAIM, {"kinds": list(self._handlers)})).one_or_none()
                if row is None:
                    return False
                # Removed before the work, so that the handler may set the same timer anew; a failure rolls it back.
                await tx.connection.execute(_REMOVE, {"kind": row.kind, "key": row.key})
                with span_of_later(f"due {row.kind}", row.traceparent):
                    await self._handlers[row.kind](tx, row.key, row.payload)
        except Exception as error:
            if row is None:
                raise
            await self._postpone(row, error)
        else:
            self._observe(row.kind, (datetime.now(UTC) - row.due_at).total_seconds())
        return True

    async def _postpone(self, row: Row[Any], error: Exception) -> None:
        delay = min(_MAX_DELAY, self._retry_base * 2 ** min(row.attempts, 12)) * random.uniform(0.5, 1)  # noqa: S311
        log.warning("timer_failed", kind=row.kind, key=row.key, attempts=row.attempts + 1, reason=reason_of(error))
        async with self._database.transaction() as tx:
            await tx.connection.execute(
                _POSTPONE,
                {
                    "kind": row.kind,
                    "key": row.key,
                    "due_at": row.due_at,
                    "at": datetime.now(UTC) + timedelta(seconds=delay),
                },
            )

    async def prune(self) -> None:
        """Drop what is old: published outbox rows, idempotency keys, counted failures, inbox rows."""
        for table, condition in _PRUNE.items():
            async with self._database.transaction() as tx:
                await tx.connection.execute(text(f"DELETE FROM {table} WHERE {condition}"))  # noqa: S608  constants above
