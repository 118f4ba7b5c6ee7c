"""How messages are settled: none is given up too early, none too late, none before somebody has heard of it."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis import consumer as consuming
from chassis.cloudevents import CloudEvent, headers_of
from chassis.subscription import Received, on
from chassis.transaction import Database, Tx
from contracts.sessions import GoalSet
from tests.chassis import probe
from tests.chassis.fetching import consumer_of, durable, fetched, worked_off
from tests.eventually import eventually
from tests.fixtures.bus import Bus


async def letters(bus: Bus) -> list[str]:
    return [letter["reason"] for letter in await bus.data("mentorship.dlq.probe.>")]


async def busy(_: Tx, __: Received[GoalSet]) -> None:
    """Find every connection in use, each time."""
    raise PoolTimeout


BUSY = on(GoalSet, do=busy)


async def look(tx: Tx, received: Received[GoalSet]) -> None:
    """Note how often this was tried alone, this time included."""
    asked = text("SELECT alone FROM inbox_failure WHERE event_id = :id")
    tried_alone.append(await tx.connection.scalar(asked, {"id": received.identity}))


LOOK = on(GoalSet, do=look)
tried_alone: list[int | None] = []


async def test_the_eighth_failure_is_the_last_and_the_seventh_is_not(
    bus: Bus, database: Database, rows: asyncpg.Connection
) -> None:
    pull, consumer = await durable(bus), consumer_of(database)
    consumer.jetstream = bus.js
    probe.FLAKY.update(seventh=7, ninth=9)
    for code in ("seventh", "ninth"):
        await bus.publish(probe.goal(code))
    # One by one: a batch that fails is tried a second time, message by message.
    await worked_off(consumer, pull, batch=1)
    assert await letters(bus) == ["RuntimeError"]
    assert [row["code"] for row in await rows.fetch("SELECT code FROM echo")] == ["seventh"]
    assert probe.FLAKY.pop("ninth") == 9 - 8


async def test_a_message_is_not_given_up_before_its_dead_letter_is_stored(bus: Bus, database: Database) -> None:
    pull, consumer = await durable(bus), consumer_of(database)
    await bus.publish(probe.goal("refuse"))
    assert await worked_off(consumer, pull, rounds=3) == 3
    assert await letters(bus) == []
    consumer.jetstream = bus.js
    assert await worked_off(consumer, pull) == 1
    assert await letters(bus) == ["not_wanted"]


async def test_what_only_a_later_version_hears_is_left_to_it(
    bus: Bus, database: Database, rows: asyncpg.Connection
) -> None:
    """While versions take turns, the durable has the later one's subjects and delivers them to both."""
    pull, consumer = await durable(bus), consumer_of(database)
    consumer.jetstream = bus.js
    await bus.publish(probe.goal("first"))
    consumer.events = {}
    assert await worked_off(consumer, pull, rounds=2) == 2
    assert (await letters(bus), await rows.fetch("SELECT code FROM echo")) == ([], [])
    assert await worked_off(consumer_of(database), pull) == 1
    assert [row["code"] for row in await rows.fetch("SELECT code FROM echo")] == ["first"]


async def test_only_what_was_handled_is_counted_as_handled(
    bus: Bus, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int]] = []
    pull, consumer = await durable(bus), consumer_of(database)
    consumer.jetstream = bus.js
    monkeypatch.setattr(consumer, "_observe", lambda _, outcome, count, __: told.append((outcome, count)))
    for code in ("refuse", "ok", "fine"):
        await bus.publish(probe.goal(code))
    assert await worked_off(consumer, pull) == 1
    assert sorted(told) == [("dead_lettered", 1), ("handled", 2)]


@pytest.mark.parametrize(("codes", "buried"), [(["a", "b"], ["identity_reused"]), (["a", "a"], [])])
async def test_copies_in_one_batch_are_one_event_unless_they_say_something_else(
    bus: Bus, database: Database, rows: asyncpg.Connection, codes: list[str], buried: list[str]
) -> None:
    pull, consumer = await durable(bus), consumer_of(database)
    consumer.jetstream = bus.js
    first = probe.goal()
    for number, code in enumerate(codes):
        goal = first.model_copy(update={"code": code})
        data = goal.model_dump_json().encode()
        event = CloudEvent("same", "/elsewhere", goal.subject, goal.thing_id, datetime.now(UTC), 1, data)
        headers = headers_of(event) | {"Nats-Msg-Id": str(number)}
        await bus.js.publish(goal.subject, data, headers=headers, stream="SESSIONS")
    assert await worked_off(consumer, pull) == 1
    assert await letters(bus) == buried
    assert [row["code"] for row in await rows.fetch("SELECT code FROM echo")] == ["a"]


@pytest.mark.parametrize(("before", "alone"), [(10, None), (11, 1)])
async def test_the_twelfth_delivery_without_an_outcome_is_handled_alone(
    bus: Bus, database: Database, before: int, alone: int | None
) -> None:
    pull = await durable(bus, LOOK)
    await bus.publish(probe.goal())
    for _ in range(before):
        (message,) = await pull.fetch(1)
        await message.nak()
    tried_alone.clear()
    await worked_off(consumer_of(database, LOOK), pull)
    assert tried_alone == [alone]


@pytest.mark.parametrize(("before", "alone", "buried"), [(2, [3], []), (3, [], ["no_outcome"])])
async def test_the_third_attempt_alone_is_the_last(
    bus: Bus,
    database: Database,
    rows: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    before: int,
    alone: list[int],
    buried: list[str],
) -> None:
    monkeypatch.setattr(consuming, "MAX_SILENT_DELIVERIES", 1)
    pull, consumer = await durable(bus, LOOK), consumer_of(database, LOOK)
    consumer.jetstream = bus.js
    envelope = await bus.publish(probe.goal())
    suspected = "INSERT INTO inbox_failure (consumer, event_id, alone) VALUES ('probe-look', $1, $2)"
    await rows.execute(suspected, envelope.identity, before)
    tried_alone.clear()
    await worked_off(consumer, pull)
    assert (tried_alone, await letters(bus)) == (alone, buried)


async def test_a_suspect_that_is_only_kept_waiting_is_never_given_up(
    bus: Bus, database: Database, rows: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "MAX_SILENT_DELIVERIES", 1)
    pull, consumer = await durable(bus, BUSY), consumer_of(database, BUSY)
    consumer.jetstream = bus.js
    await bus.publish(probe.goal())
    assert await worked_off(consumer, pull, rounds=6) == 6
    assert await letters(bus) == []
    assert await rows.fetchval("SELECT alone FROM inbox_failure") == 0


async def test_nothing_more_is_fetched_while_too_many_wait_for_a_retry(
    bus: Bus, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "MAX_WAITING", 2)
    consumer = consumer_of(database, retry_base=0.5)
    first, second = await fetched(bus, "raise", "raise")
    await consumer.handle([first])
    assert not consumer.paused()
    await consumer.handle([second])
    assert consumer.paused()
    await eventually(lambda: _paused(consumer), False, seconds=2)


async def test_what_is_cut_off_comes_again_at_once(bus: Bus, database: Database) -> None:
    pull, consumer = await durable(bus), consumer_of(database)
    await bus.publish(probe.goal("hang"))
    handling = asyncio.create_task(consumer.handle(await pull.fetch(1)))
    await asyncio.sleep(0.3)
    handling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await handling
    (again,) = await pull.fetch(1, timeout=5)
    assert again.metadata.num_delivered == 2


async def test_after_a_handler_that_took_too_long_no_old_connection_is_used_again(bus: Bus, database: Database) -> None:
    consumer = consumer_of(database, time_limit=0.3)
    before = await _backend(database)
    assert await _backend(database) == before
    await consumer.handle(await fetched(bus, "hang"))
    assert await _backend(database) != before


async def _paused(consumer: consuming.Consumer) -> bool:
    return consumer.paused()


async def _backend(database: Database) -> int:
    async with database.transaction() as tx:
        return int(await tx.connection.scalar(text("SELECT pg_backend_pid()")) or 0)
