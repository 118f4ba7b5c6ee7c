"""The database as every process has it, also those that are no service."""

from sqlalchemy import text

from chassis.transaction import Database


async def test_whoever_does_nothing_in_a_transaction_loses_its_locks_in_time(probe_url: str) -> None:
    for database, expected in (
        (Database(probe_url, "/mentorship/probe"), "30s"),
        (Database(probe_url, "/mentorship/probe", seconds=1.5), "1500ms"),
    ):
        async with database.transaction() as tx:
            found = await tx.connection.scalar(text("SHOW idle_in_transaction_session_timeout"))
        assert found == expected
        await database.close()
