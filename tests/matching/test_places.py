"""Places that are locked by name: what is given is what is there after the wait, not what was there before it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.ids import uuid7
from chassis.transaction import Database
from matching.adapters.db import places, programmes
from matching.domain.participants import Participant, Wants
from tests.fixtures.databases import Databases

_PROGRAMME = text(
    "INSERT INTO programme (id, version, name, format, status, owner_id, rules, respond_within_seconds,"
    " remind_before_seconds, reminder_minutes, created_at)"
    " VALUES (:id, 1, 'Spring', 'pairs', 'open', 'E-manager', '{}', 60, 10, '{}', now())"
)


@pytest.fixture
async def database(postgres: Databases) -> AsyncIterator[Database]:
    async with postgres.database("matching") as url:
        database = Database(url, "/mentorship/matching")
        yield database
        await database.close()


async def enrolled(database: Database, *names: str) -> list[Participant]:
    """These people in a programme of their own; the first name has the greatest id."""
    programme_id, ids = uuid4(), sorted((uuid7() for _ in names), reverse=True)
    mentor = Wants(("mentor",))
    people = [Participant(one, programme_id, name, mentor) for one, name in zip(ids, names, strict=True)]
    async with database.transaction() as tx:
        await tx.connection.execute(_PROGRAMME, {"id": programme_id})
        await programmes.save_participants(tx, people)
    return people


async def locked(database: Database, programme_id: UUID, *names: str) -> dict[str, Participant]:
    async with database.transaction() as tx:
        return await places.lock_named(tx, programme_id, names)


async def waiting(database: Database) -> None:
    """Return when somebody waits for a lock."""
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with database.transaction() as tx:
        while not await tx.connection.scalar(asked):
            await asyncio.sleep(0.02)
            await tx.connection.execute(text("SELECT pg_stat_clear_snapshot()"))


async def test_only_those_named_and_enrolled_are_given_with_what_they_want(database: Database) -> None:
    ann, bob, _ = await enrolled(database, "ann", "bob", "cid")
    (other,) = await enrolled(database, "ann")
    async with database.transaction() as tx:
        await programmes.save_participant(tx, replace(bob, status="withdrawn"))
    assert await locked(database, ann.programme_id, "ann", "bob", "nobody") == {"ann": ann}
    assert await locked(database, other.programme_id, "ann") == {"ann": other}
    assert await locked(database, ann.programme_id) == {}


async def test_whoever_withdraws_while_we_wait_for_the_lock_is_left_out(database: Database) -> None:
    ann, bob = await enrolled(database, "ann", "bob")
    async with database.transaction() as tx:
        await programmes.save_participant(tx, replace(ann, status="withdrawn", version=2))
        late = asyncio.create_task(locked(database, ann.programme_id, "ann", "bob"))
        await waiting(database)
    assert await late == {"bob": bob}


async def test_what_changes_while_we_wait_for_the_lock_is_given_as_it_is_then(database: Database) -> None:
    (ann,) = await enrolled(database, "ann")
    changed = replace(ann, version=2, wants=replace(ann.wants, capacity=0))
    async with database.transaction() as tx:
        await programmes.save_participant(tx, changed)
        late = asyncio.create_task(locked(database, ann.programme_id, "ann"))
        await waiting(database)
    assert await late == {"ann": changed}


async def test_those_who_lock_the_same_people_in_another_order_do_not_deadlock(database: Database) -> None:
    people = await enrolled(database, "ann", "bob", "cid")
    low, high = people[-1], people[0]

    async def one_by_one() -> None:
        async with database.transaction() as tx:
            await places.lock_named(tx, low.programme_id, [low.employee_id])
            others = asyncio.create_task(locked(database, low.programme_id, "ann", "bob", "cid"))
            await waiting(database)
            # They hold nothing that comes after what they wait for.
            await tx.connection.execute(text("SET LOCAL lock_timeout = '2s'"))
            await places.lock_named(tx, high.programme_id, [high.employee_id])
        assert set(await others) == {"ann", "bob", "cid"}

    await asyncio.wait_for(one_by_one(), 10)
