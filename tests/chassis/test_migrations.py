"""Each service's migrations make exactly the tables that its code believes in, and can be undone."""

import asyncio
from importlib import import_module

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from chassis.migrate import config_of, upgrade
from tests.fixtures.databases import Databases

SERVICES = ("matching", "sessions", "notifications", "analytics")

_CONSTRAINTS = text(
    "SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version' ORDER BY 1"
)


def _engine(url: str) -> AsyncEngine:
    return create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)


@pytest.mark.parametrize("service", SERVICES)
async def test_the_migrated_database_equals_the_model(postgres: Databases, service: str) -> None:
    metadata: MetaData = import_module(f"{service}.adapters.db").metadata

    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    async with postgres.empty() as migrated, postgres.empty() as modelled:
        await asyncio.to_thread(upgrade, service, migrated)
        async with _engine(migrated).connect() as one, _engine(modelled).begin() as other:
            await other.run_sync(metadata.create_all)
            assert await one.run_sync(differences) == []
            # autogenerate does not see checks
            theirs = (await other.execute(_CONSTRAINTS)).scalars().all()
            assert (await one.execute(_CONSTRAINTS)).scalars().all() == theirs


@pytest.mark.parametrize("service", SERVICES)
async def test_the_migrations_can_be_undone_and_made_again(postgres: Databases, service: str) -> None:
    async with postgres.empty() as url:
        await asyncio.to_thread(upgrade, service, url)
        await asyncio.to_thread(command.downgrade, config_of(service, url), "base")
        async with _engine(url).connect() as connection:
            left = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
        assert left <= {"alembic_version"}
        await asyncio.to_thread(upgrade, service, url)
