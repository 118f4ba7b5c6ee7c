"""Who is erased is gone from every projection and stays gone, whatever else is said of them, before or after."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from analytics import handlers
from analytics.adapters import db
from analytics.subscribers import SUBSCRIPTIONS
from chassis.subscription import Subscription
from chassis.transaction import Database
from contracts import matching
from tests import builders
from tests.analytics.history import PROGRAMME, Heard, History, a_whole_history, deliver, empty, rows_of


def _naming(rows: dict[str, list[tuple[Any, ...]]], person: str) -> list[str]:
    return [table for table, found in rows.items() if any(person in row for row in found)]


def _everything_about(person: str) -> list[Heard]:
    history = History()
    history.open(owner_id=person)
    history.hire(person, "OTHER")
    history.enrol(person, role="mentor")
    relationship = history.activate(history.offer(person, "OTHER"))
    history.rate(history.meet(relationship), person, 5)
    history.aim(relationship, person, 100)
    history.message(person)
    return history.heard


async def test_no_row_of_any_projection_names_the_person_but_the_one_that_keeps_them_away(database: Database) -> None:
    await deliver(database, _everything_about("GONE"))
    assert len(_naming(await rows_of(database), "GONE")) >= 10
    history = History(seed=9)
    history.say(builders.erased("GONE"))
    await deliver(database, history.heard)
    assert _naming(await rows_of(database), "GONE") == ["erased"]
    assert "match_member" in _naming(await rows_of(database), "OTHER")


async def test_what_is_said_after_the_erasure_brings_nobody_back(database: Database) -> None:
    history = History(seed=9)
    history.say(builders.erased("GONE"))
    await deliver(database, history.heard)
    await deliver(database, _everything_about("GONE"))
    assert _naming(await rows_of(database), "GONE") == ["erased"]


async def test_a_rebuild_with_the_person_gone_gives_identical_figures(database: Database) -> None:
    heard = a_whole_history().heard
    await deliver(database, heard)
    async with database.transaction() as tx:
        before = await db.programme_counts(tx, PROGRAMME)
    erased = {received.event.thing_id for received in heard if "erased" in received.subject}
    assert erased
    await empty(database)
    # of HR's stream only `erased` itself is left about them
    left = [
        received
        for received in heard
        if not (received.subject.startswith("hr.") and received.event.thing_id in erased)
        or "erased" in received.subject
    ]
    await deliver(database, left)
    async with database.transaction() as tx:
        assert await db.programme_counts(tx, PROGRAMME) == before


@pytest.mark.parametrize(
    "row",
    [row for row in SUBSCRIPTIONS if row.handler is not handlers.record_runs],  # which name nobody
    ids=lambda row: row.name,
)
async def test_what_is_being_written_while_the_person_is_erased_is_erased_too(
    database: Database, row: Subscription
) -> None:
    erasure = History(seed=9)
    erasure.say(builders.erased("GONE"))
    async with database.transaction() as slow:
        await row.handler(slow, [one for one in _everything_about("GONE") if isinstance(one.event, row.events)])
        erasing = asyncio.create_task(deliver(database, erasure.heard))
        await _until_it_waits(database)
        assert not erasing.done()
    await erasing
    assert _naming(await rows_of(database), "GONE") == ["erased"]


async def _until_it_waits(database: Database) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    async with asyncio.timeout(20):
        while True:
            async with database.transaction() as tx:
                if await tx.connection.scalar(waiting):
                    return
            await asyncio.sleep(0.02)


async def test_leavers_and_the_erased_are_departed(database: Database) -> None:
    history = History()
    history.hire("HERE", "LEFT", "GONE")
    history.say(matching.EmployeeDeparted(employee_id="LEFT"))
    history.say(builders.erased("GONE"))
    await deliver(database, history.heard)
    async with database.transaction() as tx:
        assert [await db.departed(tx, person) for person in ("HERE", "LEFT", "GONE", "NEVER")] == [
            *(False, True, True, False)
        ]
