"""The database as every process has it, also those that are no service."""

import asyncio

import pytest
from sqlalchemy import text

from chassis.migrate import upgrade
from chassis.transaction import Database
from tests.fixtures.databases import Databases


async def test_whoever_does_nothing_in_a_transaction_loses_its_locks_in_time(probe_url: str) -> None:
    for database, expected in (
        (Database(probe_url, "/mentorship/probe"), "30s"),
        (Database(probe_url, "/mentorship/probe", seconds=1.5), "1500ms"),
    ):
        async with database.transaction() as tx:
            found = await tx.connection.scalar(text("SHOW idle_in_transaction_session_timeout"))
        assert found == expected
        await database.close()


async def test_a_url_says_how_to_connect_in_the_words_of_postgresql(probe_url: str) -> None:
    database = Database(f"{probe_url}?sslmode=disable&statement_timeout=1234ms", "/mentorship/probe")
    async with database.transaction() as tx:
        assert await tx.connection.scalar(text("SHOW statement_timeout")) == "1234ms"
    await database.close()
    strict = Database(f"{probe_url}?sslmode=require", "/mentorship/probe")
    with pytest.raises(ConnectionError, match="SSL"):
        async with strict.transaction():
            pass
    await strict.close()


async def test_a_transaction_that_outlives_the_close_leaves_no_connection_behind(probe_url: str) -> None:
    database = Database(probe_url, "/mentorship/probe")
    async with database.transaction() as tx:
        raw = await tx.connection.get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        await database.close()
        assert await tx.connection.scalar(text("SELECT 1")) == 1
    assert driver.is_closed()


async def test_migrations_take_the_same_url(postgres: Databases) -> None:
    async with postgres.empty() as url:
        await asyncio.to_thread(upgrade, "sessions", f"{url}?sslmode=disable")
