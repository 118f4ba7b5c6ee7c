"""A relay marks what is published while it leads, and nothing passes an earlier event of the same thing."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from nats.aio.client import Client

from chassis import relay as relaying
from chassis.failures import DRIVER_ERRORS
from chassis.publishing import Outgoing, publish_one
from chassis.relay import Relay
from chassis.transaction import Database
from tests.chassis import probe
from tests.eventually import eventually
from tests.fixtures.bus import Bus

ECHO = "mentorship.probe.echo.made.v1"
UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


@pytest.fixture
async def relay(bus: Bus, probe_url: str) -> AsyncIterator[Relay]:
    await bus.provision("probe", probe.SUBSCRIPTIONS)
    connection = await bus.connect("probe")
    yield Relay(probe_url, lambda: connection)
    await connection.close()


@pytest.fixture
async def leading(probe_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The connection of a relay that leads."""
    connection = await asyncpg.connect(probe_url)
    await connection.execute("SELECT pg_advisory_lock($1)", relaying.LOCK)
    yield connection
    await connection.close()


async def say(database: Database, *versions: int) -> None:
    """Events of one thing."""
    thing = uuid4()
    async with database.transaction() as tx:
        for version in versions:
            tx.publish(probe.EchoMade(echo_id=thing, code=f"c{version}"), version=version)


async def test_a_relay_that_lost_its_lock_meanwhile_marks_nothing(
    bus: Bus,
    relay: Relay,
    database: Database,
    rows: asyncpg.Connection,
    leading: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await say(database, 1)

    async def lose_the_lock(client: Client, stream: str, message: Outgoing) -> bool:
        done = await publish_one(client, stream, message)
        await rows.execute("SELECT pg_terminate_backend($1)", leading.get_server_pid())
        await eventually(lambda: rows.fetchval("SELECT pg_try_advisory_lock($1)", relaying.LOCK), True)
        return done

    monkeypatch.setattr(relaying, "publish_one", lose_the_lock)
    with pytest.raises((OSError, *DRIVER_ERRORS)):
        await relay.move(leading)
    assert await rows.fetchval(UNPUBLISHED) == 1
    assert len(await bus.messages(ECHO)) == 1


@pytest.mark.parametrize("at_once", [1000, 2])
async def test_what_the_server_has_not_stored_is_passed_by_nothing_of_the_same_thing(
    bus: Bus,
    relay: Relay,
    database: Database,
    rows: asyncpg.Connection,
    leading: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    await say(database, 1, 2, 3)
    await say(database, 7)

    async def refuse_the_second(client: Client, stream: str, message: Outgoing) -> bool:
        if message.headers["ce-entityversion"] == "2":
            raise TimeoutError
        return await publish_one(client, stream, message)

    # Of two at once, what follows is read while the second is refused.
    monkeypatch.setattr(relaying, "BATCH_ROWS", at_once)
    with monkeypatch.context() as patch:
        patch.setattr(relaying, "publish_one", refuse_the_second)
        for _ in range(3):
            await relay.move(leading)
    assert set(await _versions(bus)) <= {1, 7}
    assert await rows.fetchval(UNPUBLISHED) == 4 - len(await _versions(bus))

    async def published() -> int:
        await relay.move(leading)
        return int(await rows.fetchval(UNPUBLISHED))

    await eventually(published, 0)
    assert [version for version in await _versions(bus) if version != 7] == [1, 2, 3]


async def test_whoever_stops_leading_has_sent_everything_once_and_marked_it(
    bus: Bus, relay: Relay, database: Database, rows: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(database, *range(1, 8))
    stopping, sent = asyncio.Event(), list[str]()

    async def stop_at_the_third(client: Client, stream: str, message: Outgoing) -> bool:
        sent.append(message.headers["ce-entityversion"])
        if message.headers["ce-entityversion"] == "3":
            stopping.set()
        return await publish_one(client, stream, message)

    monkeypatch.setattr(relaying, "BATCH_ROWS", 2)
    monkeypatch.setattr(relaying, "publish_one", stop_at_the_third)
    await asyncio.wait_for(relay.run(stopping), 15)
    assert await _versions(bus) == [1, 2, 3, 4]
    assert sent == ["1", "2", "3", "4"]
    assert await rows.fetchval(UNPUBLISHED) == 3


async def _versions(bus: Bus) -> list[int]:
    return [int((message.headers or {})["ce-entityversion"]) for message in await bus.messages(ECHO)]
