"""Timers: once each, on time, whatever fails and however many replicas work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.backlog import Backlog
from chassis.timers import Timers
from chassis.transaction import Database, Tx
from tests.chassis import probe
from tests.eventually import eventually


@asynccontextmanager
async def ticking(database: Database, replicas: int = 1) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    loops = [Timers(database, {"tick": probe.tick}, retry_base=0.01) for _ in range(replicas)]
    tasks = [asyncio.create_task(loop.run(stopping)) for loop in loops]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


async def test_what_is_due_happens_once_with_three_replicas(database: Database, rows: asyncpg.Connection) -> None:
    async with database.transaction() as tx:
        for number in range(60):
            await tx.schedule("tick", f"key-{number}", tx.now, {"value": number})
    async with ticking(database, replicas=3):
        await eventually(lambda: rows.fetchval("SELECT count(*) FROM due"), 0)
    assert await rows.fetchval("SELECT count(*) FROM tick") == 60
    assert await rows.fetchval("SELECT count(DISTINCT key) FROM tick") == 60


async def test_nothing_happens_before_its_time_and_a_new_date_replaces_the_old(
    database: Database, rows: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        await tx.schedule("tick", "later", tx.now + timedelta(hours=1), {"value": 1})
        await tx.schedule("tick", "moved", tx.now + timedelta(hours=1), {"value": 1})
        await tx.schedule("tick", "gone", tx.now, {"value": 1})
        await tx.cancel("tick", "gone")
        await tx.schedule("tick", "moved", tx.now, {"value": 2})
    async with ticking(database):
        await eventually(lambda: rows.fetchval("SELECT value FROM tick WHERE key = 'moved'"), 2)
    assert await rows.fetchval("SELECT count(*) FROM tick") == 1
    assert await rows.fetchval("SELECT count(*) FROM due") == 1


async def test_a_timer_that_fails_shows_although_its_time_is_put_off(database: Database) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError

    async with database.transaction() as tx:
        await tx.schedule("tick", "one", tx.now)
        await tx.schedule("tick", "far", tx.now + timedelta(days=9))
    await Timers(database, {"tick": fail}, retry_base=100).work_once()
    backlog = Backlog(database, (), lambda: None)
    await backlog.look()
    assert (backlog.figures.timers_late, backlog.figures.timers_failing) == (0, 1)


async def test_the_span_of_a_timer_that_fails_holds_no_word_of_why(
    database: Database, spans: InMemorySpanExporter
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret words")

    async with database.transaction() as tx:
        await tx.schedule("fail", "one", tx.now)
    assert await Timers(database, {"fail": fail}, retry_base=0.01).work_once()
    (span,) = spans.get_finished_spans()
    assert (span.name, span.status.description, span.events) == ("due fail", "RuntimeError", ())


async def test_a_timer_that_fails_is_tried_again(database: Database, rows: asyncpg.Connection) -> None:
    probe.FLAKY["shaky"] = 3
    async with database.transaction() as tx:
        await tx.schedule("tick", "shaky", tx.now, {"value": 1})
    async with ticking(database):
        await eventually(lambda: rows.fetchval("SELECT count(*) FROM tick"), 1)
    assert await rows.fetchval("SELECT count(*) FROM due") == 0


async def test_pruning_keeps_what_is_needed(database: Database, rows: asyncpg.Connection) -> None:
    async with database.transaction() as tx:
        for number in range(3):
            tx.publish(probe.goal(f"c{number}"), version=number + 1)
    await rows.execute("UPDATE outbox SET published_at = now() - interval '30 days' WHERE version = 1")
    await rows.execute("UPDATE outbox SET published_at = now() WHERE version = 2")
    await rows.execute(
        "INSERT INTO inbox_failure (consumer, event_id, failed_at) VALUES ('a', gen_random_uuid(), now()),"
        " ('b', gen_random_uuid(), now() - interval '200 days')"
    )
    await Timers(database, {}).prune()
    assert [row["consumer"] for row in await rows.fetch("SELECT consumer FROM inbox_failure")] == ["a"]
    assert [row["version"] for row in await rows.fetch("SELECT version FROM outbox ORDER BY id")] == [2, 3]


async def test_each_failure_is_counted_and_put_off_longer(database: Database, rows: asyncpg.Connection) -> None:
    probe.FLAKY["shaky"] = 3
    timers = Timers(database, {"tick": probe.tick}, retry_base=100)
    waits = []
    async with database.transaction() as tx:
        await tx.schedule("tick", "shaky", tx.now, {"value": 1})
    for attempts in (1, 2, 3):
        assert await timers.work_once()
        found = await rows.fetchrow("SELECT attempts, extract(epoch FROM due_at - now())::float AS wait FROM due")
        assert found
        assert found["attempts"] == attempts
        waits.append(found["wait"])
        assert not await timers.work_once()
        await rows.execute("UPDATE due SET due_at = now()")
    for wait, longest in zip(waits, (100, 200, 300), strict=True):
        assert longest / 2 - 5 < wait <= longest
    assert await timers.work_once()
    assert await rows.fetchval("SELECT count(*) FROM due") == 0


async def test_a_date_that_was_changed_meanwhile_is_not_put_off(database: Database, rows: asyncpg.Connection) -> None:
    timers = Timers(database, {"tick": probe.tick})
    async with database.transaction() as tx:
        await tx.schedule("tick", "moved", tx.now, {"value": 1})
        (before,) = await tx.connection.execute(text("SELECT * FROM due"))
        await tx.schedule("tick", "moved", tx.now + timedelta(hours=1), {"value": 2})
    await timers._postpone(before, RuntimeError())
    assert await rows.fetchval("SELECT due_at > now() + interval '59 minutes' FROM due")


async def test_a_kind_that_nobody_here_knows_is_left_to_others(database: Database, rows: asyncpg.Connection) -> None:
    async with database.transaction() as tx:
        await tx.schedule("tock", "theirs", tx.now - timedelta(hours=1))
        await tx.schedule("tick", "ours", tx.now, {"value": 1})
    timers = Timers(database, {"tick": probe.tick})
    assert [await timers.work_once() for _ in range(2)] == [True, False]
    assert await rows.fetchval("SELECT attempts FROM due WHERE kind = 'tock'") == 0


async def test_what_is_due_longest_comes_first(database: Database, rows: asyncpg.Connection) -> None:
    async with database.transaction() as tx:
        for hours in (1, 3, 2):
            await tx.schedule("tick", f"{hours}", tx.now - timedelta(hours=hours), {"value": hours})
    timers = Timers(database, {"tick": probe.tick})
    done = []
    while await timers.work_once():
        done = [row["value"] for row in await rows.fetch("SELECT value FROM tick ORDER BY ctid")]
    assert done == [3, 2, 1]


async def test_replicas_work_at_the_same_time_on_different_things(database: Database) -> None:
    both = asyncio.Barrier(2)

    async def meet(_: Tx, __: str, ___: dict[str, Any]) -> None:
        await asyncio.wait_for(both.wait(), 5)

    async with database.transaction() as tx:
        for key in ("one", "other"):
            await tx.schedule("tick", key, tx.now)
    await asyncio.gather(*(Timers(database, {"tick": meet}).work_once() for _ in range(2)))
    async with database.transaction() as tx:
        assert await tx.connection.scalar(text("SELECT count(*) FROM due")) == 0


async def test_an_outage_ends_no_loop_and_is_told_once(database: Database, rows: asyncpg.Connection) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none", "/mentorship/probe")
    there = away.engine
    async with database.transaction() as tx:
        await tx.schedule("tick", "late", tx.now, {"value": 1})
    with capture_logs() as lines:
        async with ticking(away):
            await asyncio.sleep(1.5)
            away.engine = database.engine
            await eventually(lambda: rows.fetchval("SELECT count(*) FROM tick"), 1)
    away.engine = there
    await away.close()
    assert [line["event"] for line in lines] == ["timers_wait", "timers_go_on"]


async def test_pruning_drops_answers_after_two_days_and_claims_after_400(
    database: Database, rows: asyncpg.Connection
) -> None:
    await rows.execute(
        "INSERT INTO inbox (consumer, event_id, digest, handled_at) SELECT days::text, gen_random_uuid(), '',"
        " now() - make_interval(days => days) FROM unnest(ARRAY[0, 399, 401]) AS days"
    )
    await rows.execute(
        "INSERT INTO idempotency_key (key, caller, fingerprint, created_at) SELECT gen_random_uuid(), hours::text, '',"
        " now() - make_interval(hours => hours) FROM unnest(ARRAY[0, 47, 49]) AS hours"
    )
    await rows.execute(
        "INSERT INTO outbox (source, event_id, subject, thing, version, occurred_at, payload, created_at)"
        " VALUES ('/a', '1', 'a', 'a/1', 1, now(), '', now() - interval '90 days')"
    )
    await Timers(database, {}).prune()
    assert [row["consumer"] for row in await rows.fetch("SELECT consumer FROM inbox ORDER BY handled_at")] == [
        "399",
        "0",
    ]
    kept = await rows.fetch("SELECT caller FROM idempotency_key ORDER BY created_at")
    assert [row["caller"] for row in kept] == ["47", "0"]
    assert await rows.fetchval("SELECT count(*) FROM outbox") == 1
