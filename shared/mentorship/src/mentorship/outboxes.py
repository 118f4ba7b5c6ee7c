"""Looks into services' outboxes, and has their relays publish again what they published before."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import asyncpg

from chassis.outbox import CHANNEL
from mentorship.problem import Problem

_PATIENCE_SECONDS = 30.0

_STATUS = (
    "SELECT count(*) FILTER (WHERE published_at IS NULL) AS waiting,"
    " coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE published_at IS NULL)), 0)::float8 AS oldest,"
    " count(published_at) AS kept, min(published_at) AS kept_since FROM outbox"
)
_AGAIN = "UPDATE outbox SET published_at = NULL WHERE published_at >= $1"
_WAITING = "SELECT count(*) FROM outbox WHERE published_at IS NULL AND id <= $1"


@dataclass(frozen=True)
class OutboxStatus:
    """What of an outbox waits for its relay, for how many seconds, and what is kept for a broker that is lost."""

    service: str
    waiting: int
    oldest_waiting_seconds: float
    kept: int
    kept_since: datetime | None


async def status_of(service: str, connection: asyncpg.Connection) -> OutboxStatus:
    """Look into one outbox."""
    [row] = await connection.fetch(_STATUS)
    return OutboxStatus(service, row["waiting"], round(row["oldest"], 1), row["kept"], row["kept_since"])


async def republish(connection: asyncpg.Connection, since: datetime) -> int:
    """Have the relay publish again what it published at `since` or later; gives how many events that is.

    They keep their ids: streams that still have them, and consumers that handled them, take no notice.
    """
    async with connection.transaction():
        done = await connection.execute(_AGAIN, since)
        await connection.execute(f"NOTIFY {CHANNEL}")
    return int(done.rpartition(" ")[2])


async def emptied(service: str, connection: asyncpg.Connection, relayed: Callable[[int], None]) -> None:
    """Return when the relay has published all that waits now, telling `relayed` how many more it has done."""
    last = await connection.fetchval("SELECT coalesce(max(id), 0) FROM outbox")
    before = await connection.fetchval(_WAITING, last)
    moved_at = monotonic()
    while before:
        await asyncio.sleep(0.2)
        waiting = await connection.fetchval(_WAITING, last)
        if waiting < before:
            relayed(before - waiting)
            before, moved_at = waiting, monotonic()
        elif monotonic() - moved_at > _PATIENCE_SECONDS:
            raise Problem(
                f"The relay of {service} publishes nothing: is the service up, and NATS? {waiting} events wait."
            )
