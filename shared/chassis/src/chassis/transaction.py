"""One request, message or timer is one transaction: it commits everything, its events too, or nothing."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from chassis import outbox
from chassis.cloudevents import CloudEvent
from chassis.received import Received
from contracts.event import Event


class Tx:
    """An open transaction: the connection, the instant it began, and what it will say when it commits."""

    def __init__(self, connection: AsyncConnection, source: str, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.cause: Received[Any] | None = None
        self._source = source
        self._outbox: list[outbox.Row] = []

    def publish(self, event: Event, *, version: int, cause: Received[Any] | None = None) -> None:
        """Say `event` when this transaction commits; `version` is that of the thing after it, one event each.

        Raises `EventTooLarge` at once, so that the request that made it is refused and nothing is stored.
        """
        self._outbox.append(outbox.row_of(event, version, self._source, self.now, cause or self.cause))

    def forward(self, event: CloudEvent) -> None:
        """Say an event of another source, under its own identity."""
        self._outbox.append(outbox.row_of_foreign(event))

    async def schedule(self, kind: str, key: str, at: datetime, payload: Mapping[str, Any] | None = None) -> None:
        """Call the timer `kind` for `key` at that instant or soon after; replaces an earlier date of the same key."""
        await self.connection.execute(
            _SCHEDULE,
            {
                "kind": kind,
                "key": key,
                "at": at,
                "payload": outbox.json_text(payload or {}),
                "trace": outbox.current_traceparent(),
            },
        )

    async def cancel(self, kind: str, key: str) -> None:
        """Forget a timer, if it is set."""
        await self.connection.execute(_CANCEL, {"kind": kind, "key": key})

    async def flush(self) -> None:
        """Write the collected events to the outbox: the last statement before the commit."""
        rows, self._outbox = self._outbox, []
        if rows:
            await outbox.insert(self.connection, rows)


_SCHEDULE = text(
    "INSERT INTO due (kind, key, due_at, payload, traceparent)"
    " VALUES (:kind, :key, :at, CAST(:payload AS jsonb), :trace)"
    " ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at, payload = excluded.payload,"
    " traceparent = excluded.traceparent, attempts = 0"
)
_CANCEL = text("DELETE FROM due WHERE kind = :kind AND key = :key")


class Database:
    """The service's own PostgreSQL database."""

    def __init__(self, url: str, source: str, *, pool: int = 10) -> None:
        self.url = url
        self.source = source
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            pool_size=pool,
            max_overflow=0,
            pool_timeout=5,
            hide_parameters=True,
            connect_args={"timeout": 5, "command_timeout": 60, "server_settings": {"application_name": source}},
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction that commits at the end of the block and rolls back if it raises."""
        async with self.engine.begin() as connection:
            tx = Tx(connection, self.source, datetime.now(UTC))
            yield tx
            await tx.flush()

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


__all__: Sequence[str] = ("Database", "Tx")
