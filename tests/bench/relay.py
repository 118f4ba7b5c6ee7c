"""The relay under `sync_interval: always` and under the default; and the pipeline of relay and consumer."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg
from nats.aio.client import Client

from chassis import outbox
from chassis.ids import identity_of, uuid7
from chassis.relay import Relay, connected
from chassis.transaction import Database
from chassis.underway import COLUMNS
from tests.bench.consumer import UPSERT, an_event, reached
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
    What is read, marked and written is what relay and consumer read, mark and write, by the quickest statements.
    """
    source, sink = await connected(source_url), await asyncpg.connect(sink_url)
    queue: asyncio.Queue[Sequence[asyncpg.Record]] = asyncio.Queue(maxsize=2)

    async def read() -> None:
        while rows := await source.fetch(_READ):
            await queue.put(rows)
            await source.execute(
                "UPDATE outbox SET published_at = now() WHERE id = ANY($1::bigint[])", [row["id"] for row in rows]
            )

    async def write() -> None:
        done = 0
        while done < count:
            rows = await queue.get()
            for half in (rows[:500], rows[500:]):
                if half:
                    await _write(sink, half)
            done += len(rows)

    started = time.perf_counter()
    await asyncio.gather(read(), write())
    seconds = time.perf_counter() - started
    await source.close()
    await sink.close()
    return count / seconds


_READ = f"SELECT {COLUMNS} FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 1000"
_DERIVED = ("source", "event_id", "subject", "thing", "version", "occurred_at", "traceparent", "cause", "payload")


async def _write(database: asyncpg.Connection, rows: Sequence[asyncpg.Record]) -> None:
    now, subject = datetime.now(UTC), "mentorship.bench.thing.echoed.v1"
    async with database.transaction():
        await database.execute(
            "INSERT INTO inbox (consumer, event_id, digest) SELECT 'bench-keep', e, decode(repeat('5', 32), 'hex')"
            " FROM unnest($1::uuid[]) AS t (e) ON CONFLICT DO NOTHING",
            [identity_of(row["source"], row["event_id"]) for row in rows],
        )
        await database.execute(
            UPSERT.format("$1", "$2", "$3", "$4"),
            [row["thing"] for row in rows],
            [row["version"] for row in rows],
            ["E1"] * len(rows),
            [1] * len(rows),
        )
        derived = [
            (
                row["source"],
                str(uuid7()),
                subject,
                row["thing"],
                row["version"],
                now,
                row["traceparent"],
                f"{row['source']}/{row['event_id']}",
                row["payload"][:62],
            )
            for row in rows
        ]
        await database.copy_records_to_table("outbox", columns=_DERIVED, records=derived)
        await database.execute("NOTIFY outbox")
