"""The relay under `sync_interval: always` and under the default; and the pipeline of relay and consumer."""

import asyncio
import time
from collections.abc import Sequence

import asyncpg
from nats.aio.client import Client

from chassis import outbox
from chassis.relay import Relay, connected
from chassis.transaction import Database
from tests.bench.consumer import an_event, reached
from tests.bench.processes import start_process, stop_processes


async def fill_outbox(url: str, count: int) -> None:
    """Put events into the outbox as a service does."""
    database = Database(url, "/mentorship/bench")
    for start in range(0, count, 1000):
        async with database.transaction() as tx:
            rows = [outbox.row_of_foreign(an_event(start + number)) for number in range(min(1000, count - start))]
            await outbox.insert(tx.connection, rows)
    await database.close()


async def drain(url: str, connection: Client, count: int) -> float:
    """Events per second that the relay moves from the outbox into the stream."""
    await fill_outbox(url, count)
    relay = Relay(url, lambda: connection)
    database = await connected(url)
    moved = 0
    started = time.perf_counter()
    while moved < count:
        moved += await relay.move(database)
    seconds = time.perf_counter() - started
    assert await database.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0
    await database.close()
    return count / seconds


async def pipeline(nats_url: str, source_url: str, sink_url: str, count: int) -> float:
    """Events per second through relay and consumer, each a process of its own."""
    started = [
        start_process(
            "tests.bench.pipeline_process", [role], {"MENTORSHIP_DATABASE_URL": url, "MENTORSHIP_NATS_URL": nats_url}
        )
        for role, url in (("consumer", sink_url), ("relay", source_url))
    ]
    look = await asyncpg.connect(sink_url)
    try:
        first = await reached(look, 1)
        since = time.perf_counter()
        done = await reached(look, count)
        return (done - first) / (time.perf_counter() - since)
    finally:
        await look.close()
        stop_processes([process for process, _ in started])


async def database_only(source_url: str, sink_url: str, count: int) -> float:
    """The same rows with the database's work alone: read and mark in one task, inbox, state and outbox in the other.

    A bound, not a rival: nothing is decoded, and no broker shares the two cores (docs/decisions/0009 has the sums).
    """
    queue: asyncio.Queue[Sequence[asyncpg.Record]] = asyncio.Queue(maxsize=2)

    async def read() -> None:
        database = await asyncpg.connect(source_url)
        while rows := await database.fetch(
            "SELECT id, event_id, thing, version, payload FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 1000"
        ):
            await queue.put(rows)
            await database.execute(
                "UPDATE outbox SET published_at = now() WHERE id = ANY($1::bigint[])", [row["id"] for row in rows]
            )
        await database.close()

    async def write() -> None:
        database = await asyncpg.connect(sink_url)
        done = 0
        while done < count:
            rows = await queue.get()
            for half in (rows[:500], rows[500:]):
                if half:
                    await _write(database, half)
            done += len(rows)
        await database.close()

    started = time.perf_counter()
    await asyncio.gather(read(), write())
    return count / (time.perf_counter() - started)


async def _write(database: asyncpg.Connection, rows: Sequence[asyncpg.Record]) -> None:
    ids = [row["event_id"] for row in rows]
    things = [row["thing"] for row in rows]
    versions = [row["version"] for row in rows]
    async with database.transaction():
        await database.fetch(
            "INSERT INTO inbox (consumer, event_id, digest) SELECT 'bench', e::uuid, decode(repeat('0', 32), 'hex')"
            " FROM unnest($1::text[]) AS t (e) ON CONFLICT DO NOTHING RETURNING event_id",
            ids,
        )
        await database.execute(
            "INSERT INTO thing (thing_id, version, owner_id, progress)"
            " SELECT t, v, 'E1', 1 FROM unnest($1::text[], $2::bigint[]) AS r (t, v)"
            " ON CONFLICT (thing_id) DO UPDATE SET version = excluded.version WHERE thing.version < excluded.version",
            things,
            versions,
        )
        await database.execute(
            "INSERT INTO outbox (source, event_id, subject, thing, version, occurred_at, payload)"
            " SELECT '/mentorship/bench', e, 'mentorship.bench.thing.echoed.v1', t, v, now(), p"
            " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) AS r (e, t, v, p)",
            ids,
            things,
            versions,
            [row["payload"][:60] for row in rows],
        )
        await database.execute("NOTIFY outbox")
