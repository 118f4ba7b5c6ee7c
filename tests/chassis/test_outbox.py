"""Rows of the outbox hold what they were given, by whichever way they are written."""

from datetime import UTC, datetime

import asyncpg
import pytest

from chassis import outbox
from chassis.transaction import Database


@pytest.mark.parametrize("odd", ["plain", "O'Brien", "'; DROP TABLE outbox; --", "back\\slash", "é😀", "%s :name $1"])
@pytest.mark.parametrize("count", [1, 3, 60])
async def test_whatever_stands_in_a_row_comes_back_as_it_went(
    database: Database, rows: asyncpg.Connection, odd: str, count: int
) -> None:
    now = datetime.now(UTC)
    written = [
        outbox.Row("/source", str(n), "probe.made", f"thing/{odd}", n, now, None, odd, odd.encode())
        for n in range(count)
    ]
    async with database.transaction() as tx:
        await outbox.insert(tx.connection, written, new=True)
    found = await rows.fetch("SELECT thing, version, cause, payload FROM outbox ORDER BY id")
    assert [tuple(row) for row in found] == [(f"thing/{odd}", n, odd, odd.encode()) for n in range(count)]
