"""The whole consumer (decode, inbox, upsert, derived event, commit, ack): ours against the leanest there can be."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlalchemy import text

from chassis.cloudevents import CloudEvent, headers_of
from chassis.ids import identity_of, uuid7
from chassis.subscription import Received, on_batch
from chassis.transaction import Tx
from tests.bench.processes import start_process, stop_processes
from tests.bench.servers import FILLING, BenchEchoed, BenchMade, durable

UPSERT = (
    "INSERT INTO thing (thing_id, version, owner_id, progress)"
    " SELECT * FROM unnest({0}::text[], {1}::bigint[], {2}::text[], {3}::int[])"
    " ON CONFLICT (thing_id) DO UPDATE SET version = excluded.version, owner_id = excluded.owner_id,"
    " progress = excluded.progress WHERE thing.version < excluded.version"
)
_UPSERT = text(
    "INSERT INTO thing (thing_id, version, owner_id, progress)"
    " SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:versions AS bigint[]), CAST(:owners AS text[]),"
    " CAST(:values AS int[]))"
    " ON CONFLICT (thing_id) DO UPDATE SET version = excluded.version, owner_id = excluded.owner_id,"
    " progress = excluded.progress WHERE thing.version < excluded.version"
)


async def keep(tx: Tx, batch: Sequence[Received[BenchMade]]) -> None:
    """Keep the state and say so: the shape of a directory."""
    await tx.connection.execute(
        _UPSERT,
        {
            "ids": [received.event.item_id for received in batch],
            "versions": [received.version for received in batch],
            "owners": [received.event.owner_id for received in batch],
            "values": [received.event.progress for received in batch],
        },
    )
    for received in batch:
        event = received.event
        tx.publish(
            BenchEchoed(item_id=event.item_id, progress=event.progress), version=received.version, cause=received
        )


SUBSCRIPTION = on_batch(BenchMade, do=keep)


def an_event(number: int) -> CloudEvent:
    """One of the events that are consumed."""
    event = BenchMade(item_id=str(uuid4()), owner_id=f"E{number}", progress=number % 101, filling=FILLING)
    trace = f"00-{uuid4().hex}-{uuid4().hex[:16]}-01"
    data = event.model_dump_json().encode()
    return CloudEvent(
        str(uuid7()), "/mentorship/bench", event.subject, event.thing_id, datetime.now(UTC), 1, data, trace
    )


async def fill(connection: Client, count: int) -> None:
    """Store events in the stream, in atomic batches."""
    for start in range(0, count, 500):
        batch = uuid4().hex
        size = min(500, count - start)
        for position in range(1, size + 1):
            event = an_event(start + position)
            headers = headers_of(event) | {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(position)}
            if position < size:
                await connection.publish(event.type, event.data, headers=headers)
            else:
                headers["Nats-Batch-Commit"] = "1"
                answer = await connection.request(event.type, event.data, headers=headers, timeout=30)
                assert json.loads(answer.data).get("count") == size, answer.data


async def ours(connection: Client, nats_url: str, url: str, count: int, collector: str | None) -> float:
    """Events per second of our consumer in a process of its own; its spans are recorded, or go to a collector."""
    await durable(connection, "bench", SUBSCRIPTION)
    look = await asyncpg.connect(url)
    await look.execute("TRUNCATE thing, inbox, outbox RESTART IDENTITY")
    environment = {"MENTORSHIP_DATABASE_URL": url, "MENTORSHIP_NATS_URL": nats_url}
    exported = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector} if collector else {}
    process, _ = start_process("tests.bench.pipeline_process", ["consumer", "recording"], environment | exported)
    try:
        first = await reached(look, 1)
        started = time.perf_counter()
        done = await reached(look, count)
        seconds = time.perf_counter() - started
        assert await look.fetchval("SELECT count(*) FROM outbox") == count
    finally:
        await look.close()
        stop_processes([process])
    return (done - first) / seconds


async def reached(look: asyncpg.Connection, count: int) -> int:
    """Wait until so many events are in the inbox, and give how many there are."""
    # To count them all, again and again, would take a good part of the machine from what is measured.
    written = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_id_seq"
    while await look.fetchval(written) < count:  # noqa: ASYNC110  others fill it
        await asyncio.sleep(0.02)
    while (found := int(await look.fetchval("SELECT count(*) FROM inbox"))) < count:  # noqa: ASYNC110  others fill it
        await asyncio.sleep(0.02)
    return found


async def limit(  # noqa: PLR0915  in one piece, as lean code is
    connection: Client, url: str, count: int
) -> float:
    """Events per second of a callback-fed pull, asyncpg and nothing else."""
    await durable(connection, "bench", SUBSCRIPTION)
    database = await asyncpg.connect(url)
    await database.execute("TRUNCATE thing, inbox, outbox")
    buffer: list[Msg] = []
    arrived = asyncio.Event()

    async def receive(message: Msg) -> None:
        if message.reply:
            buffer.append(message)
            arrived.set()

    inbox = connection.new_inbox()
    subscription = await connection.subscribe(inbox, cb=receive, pending_msgs_limit=-1, pending_bytes_limit=-1)
    ask = json.dumps({"batch": 500, "expires": 30_000_000_000}).encode()
    subject = f"$JS.API.CONSUMER.MSG.NEXT.BENCH.bench-{SUBSCRIPTION.name}"
    await connection.publish(subject, ask, reply=inbox)
    await connection.publish(subject, ask, reply=inbox)
    done = 0
    first = 0
    started = time.perf_counter()
    while done < count:
        arrived.clear()
        while len(buffer) < min(500, count - done):
            await arrived.wait()
            arrived.clear()
        batch, buffer[:] = buffer[:500], buffer[500:]
        await connection.publish(subject, ask, reply=inbox)
        await _leanly(database, batch)
        for message in batch:
            await message.ack()
        done += len(batch)
        if not first:
            first, started = done, time.perf_counter()
    seconds = time.perf_counter() - started
    await subscription.unsubscribe()
    await database.close()
    return (done - first) / seconds


async def _leanly(database: asyncpg.Connection, batch: Sequence[Msg]) -> None:
    events = [json.loads(message.data) for message in batch]
    headers = [message.headers or {} for message in batch]
    ids: list[UUID] = [identity_of(header["ce-source"], header["ce-id"]) for header in headers]
    versions = [int(header["ce-entityversion"]) for header in headers]
    async with database.transaction():
        await database.fetch(
            "INSERT INTO inbox (consumer, event_id, digest) SELECT 'bench', e, ''::bytea"
            " FROM unnest($1::uuid[]) AS t (e)"
            " ON CONFLICT DO NOTHING RETURNING event_id",
            ids,
        )
        await database.execute(
            UPSERT.format("$1", "$2", "$3", "$4"),
            [event["item_id"] for event in events],
            versions,
            [event["owner_id"] for event in events],
            [event["progress"] for event in events],
        )
        derived = [str(uuid7()) for _ in events]
        await database.execute(
            "INSERT INTO outbox (source, event_id, subject, thing, version, occurred_at, traceparent, payload)"
            " SELECT '/mentorship/bench', i, 'mentorship.bench.thing.echoed.v1', t, v, now(), h, p"
            " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bytea[]) AS r (i, t, v, h, p)",
            derived,
            [event["item_id"] for event in events],
            versions,
            [header.get("traceparent") for header in headers],
            [json.dumps({"item_id": event["item_id"], "progress": event["progress"]}).encode() for event in events],
        )
        await database.execute("NOTIFY outbox")
