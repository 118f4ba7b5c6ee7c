"""The migrations make what the code expects, and can be taken back."""

import asyncio

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from analytics.adapters.db import metadata
from chassis.migrate import config_of, upgrade
from tests.fixtures.databases import Databases


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, metadata))


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def test_the_model_equals_the_migrations(postgres: Databases) -> None:
    async with postgres.empty() as url:
        await asyncio.to_thread(upgrade, "analytics", url)
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
        async with engine.connect() as connection:
            assert await connection.run_sync(_differences) == []
        await engine.dispose()


async def test_a_downgrade_leaves_nothing_behind(postgres: Databases) -> None:
    async with postgres.empty() as url:
        await asyncio.to_thread(upgrade, "analytics", url)
        await asyncio.to_thread(command.downgrade, config_of("analytics", url), "base")
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
        async with engine.connect() as connection:
            assert await connection.run_sync(_tables) <= {"alembic_version"}
        await engine.dispose()
