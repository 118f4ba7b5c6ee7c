"""While the database is away a consumer pauses, and says so once, however many messages wait for it."""

import asyncio

import asyncpg
from structlog.testing import capture_logs

from chassis.consumer import Consumer
from chassis.transaction import Database
from tests.chassis.fetching import consumer_of, fetched
from tests.eventually import eventually
from tests.fixtures.bus import Bus

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


async def test_an_outage_is_one_line_when_it_begins_and_one_when_it_is_over(
    bus: Bus, database: Database, rows: asyncpg.Connection
) -> None:
    messages = await fetched(bus, *["ok"] * 40)
    away = Database(NOWHERE, "/mentorship/probe")
    consumer, there = consumer_of(away), away.engine
    with capture_logs() as lines:
        handling = asyncio.create_task(consumer.handle(messages))
        await asyncio.sleep(1)
        assert not handling.done()
        away.engine = database.engine
        await asyncio.wait_for(handling, 10)
    away.engine = there
    await away.close()
    told = [line for line in lines if line.get("consumer") == "probe-echo"]
    assert [(line["event"], line.get("messages")) for line in told] == [("retry_later", 40), ("database_back", None)]
    assert told[0]["reason"] == "database_away"
    assert told[1]["seconds"] >= 0.9
    assert await rows.fetchval("SELECT count(*) FROM inbox_failure") == 0
    assert await bus.data("mentorship.dlq.probe.>") == []


async def test_a_message_that_fails_by_itself_is_named(bus: Bus, database: Database) -> None:
    messages = await fetched(bus, "raise", "ok")
    with capture_logs() as lines:
        await consumer_of(database).handle(messages)
    (told,) = [line for line in lines if line["event"] == "retry_later"]
    assert (told["reason"], told["messages"]) == ("RuntimeError", 1)
    assert told["identity"]


async def test_what_nats_does_not_take_back_is_one_line(bus: Bus, database: Database) -> None:
    messages = await fetched(bus, *["ok"] * 5)
    connection = await bus.connect("probe")
    for message in messages:
        message._client = connection
    await connection.close()
    away = Database(NOWHERE, "/mentorship/probe")
    consumer = consumer_of(away)
    consumer.stopping.set()
    with capture_logs() as lines:
        await consumer.handle(messages)
    assert [line["messages"] for line in lines if line["event"] == "not_settled"] == [5]
    await away.close()
    await eventually(lambda: _waiting(consumer), 0)


async def _waiting(consumer: Consumer) -> int:
    return consumer.waiting
