"""One request, message or timer is one transaction: it commits everything, its events too, or nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import greenlet_spawn

from chassis import outbox
from chassis.cloudevents import CloudEvent
from chassis.direct import Session
from chassis.engines import engine_of
from chassis.received import Received
from chassis.sockets import SILENCE_SECONDS, lose_when_silent
from contracts.event import Event

KEEPALIVE = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "1",
    "tcp_user_timeout": str(SILENCE_SECONDS * 1000),
}
"""Settings of a session, with which the server notices that its client is gone, and lets go of its locks."""


class Tx:
    """An open transaction: the connection, the instant it began, and what it will say when it commits."""

    def __init__(
        self,
        connection: AsyncConnection,
        source: str,
        now: datetime,
        state: Mapping[str, Any] | None = None,
        *,
        notify: bool = True,
    ) -> None:
        self.connection = connection
        self.now = now
        self.state: Mapping[str, Any] = state or {}
        """What the process was given at its start."""
        self.cause: Received[Any] | None = None
        self._source = source
        self._notify = notify
        self._outbox: list[outbox.Row] = []
        self._forwards = False

    def publish(self, event: Event, *, version: int, cause: Received[Any] | None = None) -> None:
        """Say `event` when this transaction commits; `version` is that of the thing after it, one event each.

        Raises `EventTooLarge` at once, so that the request that made it is refused and nothing is stored.
        """
        self._outbox.append(outbox.row_of(event, version, self._source, self.now, cause or self.cause))

    def forward(self, event: CloudEvent) -> None:
        """Say an event of another source, under its own identity."""
        self._forwards = True
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

    async def flush(self) -> bool:
        """Write the collected events to the outbox, the last statement before the commit; whether there are any."""
        rows, self._outbox = self._outbox, []
        if rows:
            await outbox.insert(self.connection, rows, new=not self._forwards, notify=self._notify)
        return bool(rows)


_SCHEDULE = text(
    "INSERT INTO due (kind, key, due_at, payload, traceparent)"
    " VALUES (:kind, :key, :at, CAST(:payload AS jsonb), :trace)"
    " ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at, payload = excluded.payload,"
    " traceparent = excluded.traceparent, attempts = 0"
)
_ANSWER_SECONDS = 5.0
_ARE_YOU_THERE = text("SELECT 1")
_CANCEL = text("DELETE FROM due WHERE kind = :kind AND key = :key")


class Database:
    """The service's own PostgreSQL database."""

    def __init__(
        self, url: str, source: str, *, pool: int = 10, seconds: float = 30.0, state: Mapping[str, Any] | None = None
    ) -> None:
        """`seconds` is how long a transaction may do nothing: what was lost with its connection holds no locks.

        `state` is what the process was given at its start; every transaction has it at hand.
        """
        self.url = url
        self.source = source
        self.state: Mapping[str, Any] = state or {}
        self._distrusted_at = 0.0
        self.is_relayed: Callable[[], bool] = lambda: False
        """Whether this very process has the relay, so that PostgreSQL need not wake it."""
        self.published: Callable[[], None] = lambda: None
        """Is called when a transaction has committed that said something."""
        idle = {"idle_in_transaction_session_timeout": str(int(seconds * 1000))}
        session = {"application_name": source, **KEEPALIVE, **idle}
        self.engine: AsyncEngine = engine_of(
            url,
            pool_size=pool,
            max_overflow=0,
            pool_timeout=5,
            # The connection used last: its backend has its plans and caches at hand.
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args={
                "connection_class": Session,
                "timeout": 5,
                "command_timeout": 2 * seconds,
                "server_settings": session,
            },
        )
        event.listen(self.engine.sync_engine, "connect", _made)
        event.listen(self.engine.sync_engine, "checkout", self._handed_out)
        event.listen(self.engine.sync_engine, "checkin", self._given_back)
        event.listen(self.engine.sync_engine, "engine_disposed", lambda _: self.distrust())

    def distrust(self) -> None:
        """Something took too long: perhaps the connections are lost. Those made before now are not used again."""
        self._distrusted_at = time.monotonic()

    def _handed_out(self, _: Any, record: Any, __: Any) -> None:
        if record.info["made_at"] < self._distrusted_at:
            raise InvalidatePoolError

    def _given_back(self, connection: Any, record: Any) -> None:
        """Let go of a connection that must not serve again.

        Its transaction could not be ended, so the next would commit what this one wrote; or it outlived its pool, which
        nobody will close a second time.
        """
        if connection is None:
            return
        if connection.driver_connection.is_in_transaction() or record.info["made_at"] < self._distrusted_at:
            record.invalidate()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction that commits at the end of the block and rolls back if it raises."""
        connection = await greenlet_spawn(self._open)
        session, notify = AsyncConnection(self.engine, connection), not self.is_relayed()
        tx = Tx(session, self.source, datetime.now(UTC), self.state, notify=notify)
        try:
            yield tx
            says_something = await tx.flush()
        except BaseException:
            await asyncio.shield(asyncio.ensure_future(greenlet_spawn(_roll_back, connection)))
            raise
        try:
            await greenlet_spawn(_commit, connection)
        finally:
            if says_something:
                self.published()
        if says_something:
            # The relay goes first, then whoever committed: its answers and acknowledgements keep nobody waiting.
            await asyncio.sleep(0)

    def _open(self) -> Connection:
        connection = self.engine.sync_engine.connect()
        connection.begin()
        return connection

    async def answers(self) -> bool:
        """Whether the database is there."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS), self.engine.connect() as connection:
                await connection.execute(_ARE_YOU_THERE)
        except Exception:  # noqa: BLE001  whatever it is, the database does not answer
            return False
        return True

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


def _commit(connection: Connection) -> None:
    try:
        connection.commit()
    finally:
        connection.close()


def _roll_back(connection: Connection) -> None:
    try:
        connection.rollback()
    finally:
        connection.close()


def _made(connection: Any, record: Any) -> None:
    """Note a new connection's age, and let this end notice too that the other is gone."""
    record.info["made_at"] = time.monotonic()
    lose_when_silent(getattr(connection.driver_connection, "_transport", None))


__all__: Sequence[str] = ("Database", "Tx")
