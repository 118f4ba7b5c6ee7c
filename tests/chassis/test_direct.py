"""Statements straight to the driver: rows in pages."""

from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis import direct
from chassis.transaction import Database, Tx

NUMBERS = "SELECT number FROM generate_series(1, $1::integer) AS number ORDER BY number"


def driver_of(tx: Tx) -> Any:
    return cast("Any", tx.connection.sync_connection).connection.driver_connection


async def pages(tx: Tx, rows: int, size: int = 3) -> list[list[int]]:
    found = direct.pages(tx.connection, NUMBERS, rows, size=size)
    return [[record["number"] for record in page] async for page in found]


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 6, 7])
async def test_the_pages_hold_every_row_once_in_their_order(database: Database, rows: int) -> None:
    async with database.transaction() as tx:
        found = await pages(tx, rows)
    assert [number for page in found for number in page] == list(range(1, rows + 1))
    assert [len(page) for page in found] == [3] * (rows // 3) + [rows % 3] * bool(rows % 3)


async def test_rows_of_equal_keys_are_neither_lost_nor_doubled_between_pages(database: Database) -> None:
    async with database.transaction() as tx:
        found = direct.pages(
            tx.connection, "SELECT 1 AS key, number FROM generate_series(1, 10) AS number ORDER BY key", size=4
        )
        assert sorted([record["number"] async for page in found for record in page]) == list(range(1, 11))


async def test_the_pages_are_of_one_instant_whatever_others_and_we_write_meanwhile(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text("INSERT INTO tick (key, value) SELECT 'old', generate_series(1, 5)"))
    async with database.transaction() as tx:
        seen = 0
        async for page in direct.pages(tx.connection, "SELECT value FROM tick", size=2):
            seen += len(page)
            await tx.connection.execute(text("INSERT INTO tick (key, value) VALUES ('ours', 1)"))
            async with database.transaction() as other:
                await other.connection.execute(text("INSERT INTO tick (key, value) VALUES ('theirs', 1)"))
    assert seen == 5
    async with database.transaction() as tx:
        assert await tx.connection.scalar(text("SELECT count(*) FROM tick")) == 5 + 2 * 3


async def test_no_more_than_a_page_is_asked_for_at_a_time(database: Database) -> None:
    async with database.transaction() as tx:
        # The fifth row cannot be made, and nobody has come that far.
        found = direct.pages(tx.connection, "SELECT 1 / (5 - number) FROM generate_series(1, 9) AS number", size=2)
        assert len(await anext(found)) == 2
        assert len(await anext(found)) == 2
        with pytest.raises(DBAPIError):
            await anext(found)


async def test_a_statement_that_fails_leaves_its_connection_as_good_as_new(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            await anext(direct.pages(tx.connection, "SELECT 1 / $1::integer", 0, size=2))

    with pytest.raises(DBAPIError):
        await fail()
    async with database.transaction() as tx:
        assert await pages(tx, 1) == [[1]]


async def test_what_only_reads_begins_no_transaction(database: Database) -> None:
    async with database.transaction() as tx:
        await direct.read(tx.connection, "SELECT 1")
        assert not driver_of(tx).is_in_transaction()
        await tx.connection.execute(text("INSERT INTO tick (value) VALUES (7)"))
        ((seen,),) = await direct.read(tx.connection, "SELECT count(*) FROM tick WHERE value = $1", 7)
        assert (seen, driver_of(tx).is_in_transaction()) == (1, True)


async def test_a_read_that_fails_is_told_as_any_other_and_leaves_the_connection_in_use(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.transaction() as tx:
            await direct.read(tx.connection, "SELECT 1 / $1::integer", 0)
    async with database.transaction() as tx:
        assert [tuple(row) for row in await direct.read(tx.connection, "SELECT 1")] == [(1,)]
