"""The migrations make exactly the tables that the code believes in."""

import asyncio

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from chassis.migrate import config_of, upgrade
from notifications.adapters.db import metadata
from tests.fixtures.databases import Databases


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def _constraints() -> str:
    return (
        "SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version' ORDER BY 1"
    )


async def test_the_migrated_database_equals_the_model(postgres: Databases) -> None:
    async with postgres.empty() as migrated, postgres.empty() as modelled:
        await asyncio.to_thread(upgrade, "notifications", migrated)
        by_migration, by_model = (
            create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://")) for url in (migrated, modelled)
        )
        async with by_migration.connect() as one, by_model.begin() as other:
            await other.run_sync(metadata.create_all)
            assert await one.run_sync(_differences) == []
            # autogenerate does not see checks
            theirs = (await other.execute(text(_constraints()))).scalars().all()
            assert (await one.execute(text(_constraints()))).scalars().all() == theirs
        await by_migration.dispose()
        await by_model.dispose()


async def test_the_migrations_can_be_undone_and_made_again(postgres: Databases) -> None:
    async with postgres.empty() as url:
        await asyncio.to_thread(upgrade, "notifications", url)
        await asyncio.to_thread(command.downgrade, config_of("notifications", url), "base")
        await asyncio.to_thread(upgrade, "notifications", url)
