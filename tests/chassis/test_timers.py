"""Timers: once each, on time, whatever fails and however many replicas work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from chassis.timers import Timers
from chassis.transaction import Database
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
