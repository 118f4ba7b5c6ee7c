"""The relay: nothing lost, nothing out of order, one at a time, whatever the broker says."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from nats.aio.client import Client
from sqlalchemy.exc import IntegrityError

from chassis.outbox import CHANNEL, EventTooLarge
from chassis.publishing import BATCH_ROWS
from chassis.relay import _READ, BATCH_FROM, Relay, connected
from chassis.transaction import Database
from tests.chassis import probe
from tests.eventually import eventually
from tests.fixtures.bus import Bus

ECHO = "mentorship.probe.echo.made.v1"


@asynccontextmanager
async def relaying(url: str, connection: Client) -> AsyncIterator[Relay]:
    stopping = asyncio.Event()
    relay = Relay(url, lambda: connection)
    task = asyncio.create_task(relay.run(stopping))
    try:
        yield relay
    finally:
        stopping.set()
        await asyncio.wait_for(task, 15)


async def say(database: Database, count: int = 1) -> None:
    """Commit so many events, each of a thing of its own, in one transaction."""
    async with database.transaction() as tx:
        for number in range(count):
            tx.publish(probe.EchoMade(echo_id=uuid4(), code=f"c{number}"), version=1)


async def unpublished(rows: asyncpg.Connection) -> int:
    return int(await rows.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL"))


async def give_room(bus: Bus, max_bytes: int) -> None:
    """Let the probe's stream hold so much."""
    config = (await bus.js.stream_info("PROBE")).config.as_dict() | {"max_bytes": max_bytes}
    await bus.nc.request("$JS.API.STREAM.UPDATE.PROBE", json.dumps(config).encode())


@pytest.mark.parametrize("count", [1, BATCH_FROM - 1, BATCH_FROM, 1_234])
async def test_every_event_is_published_once_and_in_order(
    bus: Bus, nats_of_probe: Client, probe_url: str, database: Database, rows: asyncpg.Connection, count: int
) -> None:
    things = [uuid4() for _ in range(7)]
    async with database.transaction() as tx:
        for number in range(count):
            tx.publish(probe.EchoMade(echo_id=things[number % 7], code=f"c{number}"), version=number + 1)
    async with relaying(probe_url, nats_of_probe):
        await eventually(lambda: unpublished(rows), 0)
    messages = await bus.messages(ECHO)
    assert len(messages) == count
    assert len({message.headers["ce-id"] for message in messages if message.headers}) == count
    for thing in things:
        versions = [
            int(message.headers["ce-entityversion"])
            for message in messages
            if message.headers and UUID(message.headers["ce-subject"]) == thing
        ]
        assert versions == sorted(versions)


async def test_a_batch_with_a_duplicate_goes_row_by_row(
    bus: Bus, nats_of_probe: Client, probe_url: str, database: Database, rows: asyncpg.Connection
) -> None:
    await say(database, BATCH_FROM * 2)
    # As if a relay had died between the acknowledgement and the mark.
    first = await rows.fetchrow("SELECT source, event_id, subject, payload FROM outbox ORDER BY id LIMIT 1")
    assert first is not None
    message_id = f"{first['source']}/{first['event_id']}"
    await bus.js.publish(first["subject"], first["payload"], headers={"Nats-Msg-Id": message_id})
    async with relaying(probe_url, nats_of_probe):
        await eventually(lambda: unpublished(rows), 0)
    assert await _count(bus) == BATCH_FROM * 2


async def test_only_one_relay_of_a_database_is_active(
    bus: Bus, nats_of_probe: Client, probe_url: str, database: Database, rows: asyncpg.Connection
) -> None:
    async with relaying(probe_url, nats_of_probe) as first:
        await eventually(lambda: _of(first), True)
        async with relaying(probe_url, nats_of_probe) as second:
            for _ in range(50):
                await say(database)
            await eventually(lambda: unpublished(rows), 0)
            assert not second.active
    assert await _count(bus) == 50


async def test_a_standby_takes_over_when_the_lock_is_gone(
    bus: Bus, nats_of_probe: Client, probe_url: str, database: Database, rows: asyncpg.Connection
) -> None:
    async with relaying(probe_url, nats_of_probe) as first:
        await eventually(lambda: _of(first), True)
        async with relaying(probe_url, nats_of_probe) as second:
            await rows.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            await eventually(lambda: _either(first, second), True)
            await say(database)
            await eventually(lambda: _count(bus), 1)


async def test_a_full_stream_keeps_events_in_the_outbox_until_there_is_room(
    bus: Bus, nats_of_probe: Client, probe_url: str, database: Database, rows: asyncpg.Connection
) -> None:
    await give_room(bus, 1024)
    async with relaying(probe_url, nats_of_probe):
        await say(database, 20)
        await asyncio.sleep(0.5)
        assert await unpublished(rows) > 0
        await give_room(bus, 1024 * 1024)
        await eventually(lambda: unpublished(rows), 0)
    assert await _count(bus) == 20


async def test_a_full_stream_holds_up_no_other(
    bus: Bus, nats_of_probe: Client, probe_url: str, database: Database, rows: asyncpg.Connection
) -> None:
    await give_room(bus, 1024)
    async with relaying(probe_url, bus.nc):
        await say(database, 1_100)
        async with database.transaction() as tx:
            tx.publish(probe.goal("ahead"), version=1)
        ahead = "SELECT count(*) FROM outbox WHERE subject LIKE '%goal%' AND published_at IS NOT NULL"
        await eventually(lambda: rows.fetchval(ahead), 1)
    assert await unpublished(rows) > 1_000
    assert nats_of_probe.is_connected


async def test_a_refused_event_that_is_erased_leaves_no_rest_behind(
    bus: Bus, nats_of_probe: Client, probe_url: str, database: Database, rows: asyncpg.Connection
) -> None:
    await give_room(bus, 64)
    await say(database)
    relay = Relay(probe_url, lambda: nats_of_probe)
    assert await relay.move(rows) == 0
    assert set(relay._resting) == {"PROBE"}
    await rows.execute("DELETE FROM outbox")
    await asyncio.sleep(0.25)
    assert await relay.move(rows) == 0
    assert relay._resting == {}


async def test_an_event_too_large_for_the_bus_is_refused_before_anything_is_stored(
    database: Database, rows: asyncpg.Connection
) -> None:
    with pytest.raises(EventTooLarge):  # noqa: PT012  the block is the transaction
        async with database.transaction() as tx:
            await tx.schedule("tick", "a", tx.now)
            tx.publish(probe.EchoMade(echo_id=uuid4(), code="x" * 300_000), version=1)
    assert await rows.fetchval("SELECT count(*) FROM outbox") == 0
    assert await rows.fetchval("SELECT count(*) FROM due") == 0


async def test_two_events_of_one_version_of_a_thing_cannot_both_commit(database: Database) -> None:
    echo_id = uuid4()
    with pytest.raises(IntegrityError):  # noqa: PT012  the block is the transaction
        async with database.transaction() as tx:
            tx.publish(probe.EchoMade(echo_id=echo_id, code="a"), version=1)
            tx.publish(probe.EchoMade(echo_id=echo_id, code="b"), version=1)


async def _of(relay: Relay) -> bool:
    return relay.active


async def _either(first: Relay, second: Relay) -> bool:
    return (second.active and not first.active) or (first.active and not second.active)


async def _count(bus: Bus) -> int:
    return len(await bus.messages(ECHO))


async def test_an_event_that_is_sent_with_the_commit_and_refused_leaves_its_connection_as_good_as_new(
    database: Database, rows: asyncpg.Connection
) -> None:
    echo_id = uuid4()
    for number in range(2):
        outcome: AbstractContextManager[object] = pytest.raises(IntegrityError) if number else nullcontext()
        with outcome:  # the block is the transaction
            async with database.transaction() as tx:
                await tx.schedule("tick", f"t{number}", tx.now)
                tx.publish(probe.EchoMade(echo_id=echo_id, code="it's"), version=1)
    async with database.transaction() as tx:
        tx.publish(probe.EchoMade(echo_id=echo_id, code="b"), version=2)
    assert await rows.fetchval("SELECT array_agg(version ORDER BY id) FROM outbox") == [1, 2]
    assert await rows.fetchval("SELECT count(*) FROM due") == 1
    assert b"it's" in await rows.fetchval("SELECT payload FROM outbox ORDER BY id LIMIT 1")


async def test_what_was_committed_late_is_read_before_what_follows_it(
    database: Database, probe_url: str, rows: asyncpg.Connection
) -> None:
    relay, thing = Relay(probe_url, _nobody), uuid4()
    async with database.transaction() as late:
        late.publish(probe.EchoMade(echo_id=thing, code="a"), version=1)
        late.publish(probe.EchoMade(echo_id=uuid4(), code="b"), version=1)
        await late.flush()
        await say(database, BATCH_ROWS)
        underway = [row.id for row in await relay._read(rows, [])]
    async with database.transaction() as tx:
        tx.publish(probe.EchoMade(echo_id=thing, code="c"), version=2)
    ahead = await relay._read(rows, underway)
    assert len(underway) == BATCH_ROWS
    assert [row.event.version for row in ahead if str(thing) in row.thing] == [1, 2]


async def test_a_backlog_that_postgresql_has_not_counted_is_read_by_its_index(
    probe_url: str, database: Database
) -> None:
    await say(database, 2_000)
    connection = await connected(probe_url)
    try:
        plan = await connection.fetch(f"EXPLAIN {_READ}", BATCH_ROWS, [], [])
    finally:
        await connection.close()
    words = "\n".join(line for (line,) in plan)
    assert "Index Scan using ix_outbox_unpublished" in words
    assert "Sort" not in words


async def test_a_commit_wakes_the_relay_of_its_own_process(
    bus: Bus, nats_of_probe: Client, probe_url: str, database: Database
) -> None:
    async with relaying(probe_url, nats_of_probe) as relay:
        await eventually(lambda: _of(relay), True)
        relay.follow(database)
        for _ in range(3):
            await say(database)
        await eventually(lambda: _count(bus), 3)


async def test_a_connection_that_broke_in_mid_sentence_is_made_anew(
    bus: Bus, nats_of_probe: Client, probe_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen, broken = asyncpg.Connection.add_listener, [asyncpg.InternalClientError("in the failed state")]

    async def listen_at_last(*given: Any) -> None:
        if broken:
            raise broken.pop()
        await listen(*given)

    monkeypatch.setattr(asyncpg.Connection, "add_listener", listen_at_last)
    await say(database)
    async with relaying(probe_url, nats_of_probe) as relay:
        await eventually(lambda: _count(bus), 1)
        assert relay.active
    assert not relay.active


@pytest.mark.parametrize("events", [1, 2, 60])
async def test_postgresql_tells_of_a_commit_unless_the_relay_is_in_the_same_process(
    database: Database, rows: asyncpg.Connection, probe_url: str, events: int
) -> None:
    relay, told = Relay(probe_url, _nobody), list[int]()
    await rows.add_listener(CHANNEL, lambda *_: told.append(len(told)))
    relay.follow(database)
    for relay.active in (False, True, False):
        await say(database, events)
    await eventually(lambda: _told(rows, told), 2)


async def _told(rows: asyncpg.Connection, told: list[int]) -> int:
    await rows.execute("SELECT 1")
    return len(told)


def _nobody() -> Client:
    raise ConnectionError
