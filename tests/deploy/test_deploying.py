"""What docs/deploying.md tells an operator to do is enough, and no more than is needed."""

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest

from chassis.migrate import upgrade
from tests.fixtures.databases import Databases

PAGE = Path(__file__).parents[2] / "docs/deploying.md"


async def test_a_database_is_made_by_an_administrator_who_is_no_superuser(postgres: Databases) -> None:
    # Other names than the service's own, which other tests use on the same server.
    made, opened = (
        block.replace("matching", "deployed").replace("'generated'", "'throw-away'")
        for block in re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    )
    root = await asyncpg.connect(postgres.admin_url)
    await root.execute("CREATE ROLE administrator LOGIN CREATEDB CREATEROLE PASSWORD 'throw-away'")
    try:
        for statement in filter(None, map(str.strip, made.split(";"))):
            await _execute(postgres.url("postgres", "administrator"), statement)
        owner_url, url = postgres.url("deployed", "deployed_owner"), postgres.url("deployed", "deployed")
        await _execute(owner_url, opened)
        await asyncio.to_thread(upgrade, "matching", owner_url)
        await _execute(url, "INSERT INTO due (kind, key, due_at, payload) VALUES ('a', 'b', now(), '{}')")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _execute(url, "CREATE TABLE mine ()")
    finally:
        await root.execute("DROP DATABASE IF EXISTS deployed WITH (FORCE)")
        await root.execute("DROP ROLE IF EXISTS deployed, deployed_owner, administrator")
        await root.close()


async def _execute(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
