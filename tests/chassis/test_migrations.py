"""Each service's migrations make exactly the tables that its code believes in, and can be undone."""

import asyncio
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Index, MetaData, Text, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from chassis import migrate
from chassis.migrate import config_of, upgrade
from chassis.revisions import head_of, v1
from chassis.tables import metadata_with_chassis
from tests.fixtures.databases import Databases

SERVICES = ("matching", "sessions", "notifications", "analytics")

FIRST = "d68d373e7c836573faa57220546f627850b52a5c96cff73fa3342839cc163146"

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
def test_revisions_are_numbered_in_their_order(service: str) -> None:
    """Readiness tells an earlier revision from a later one by this."""
    scripts = list(ScriptDirectory.from_config(config_of(service)).walk_revisions())
    names = [script.revision for script in scripts]
    assert names == [f"{number:04}" for number in range(len(names), 0, -1)]
    assert [Path(script.path).name[:4] for script in scripts] == names
    assert head_of(service) == names[0]


def test_what_the_first_migration_made_is_history() -> None:
    """Databases have been made with these statements: write a new revision instead of changing them."""
    assert sha256(v1.CREATE.encode()).hexdigest() == FIRST


async def test_a_migration_waits_for_a_table_no_longer_than_others_can_wait_behind_it(
    postgres: Databases, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with postgres.empty() as url:
        monkeypatch.setenv(migrate.URL_VARIABLE, url)
        monkeypatch.setattr(migrate, "LOCK_SECONDS", 0.2)
        await asyncio.to_thread(command.upgrade, config_of("notifications", url), "0002")
        async with _engine(url).begin() as reading:
            await reading.execute(text("SELECT count(*) FROM message"))
            assert await asyncio.wait_for(asyncio.to_thread(migrate.main, ["notifications"]), 20) == 1
        assert "in use" in capsys.readouterr().err
        assert await asyncio.to_thread(migrate.main, ["notifications"]) == 0


async def test_a_changed_model_without_a_migration_is_found(postgres: Databases) -> None:
    changed = metadata_with_chassis(MetaData())
    changed.tables["outbox"].append_column(Column("tenant", Text))
    Index("ix_inbox_digest", changed.tables["inbox"].c.digest)

    def differences(connection: Connection) -> set[str]:
        v1.create(Operations(MigrationContext.configure(connection)))
        found = compare_metadata(MigrationContext.configure(connection), changed)
        return {str(difference[0]) for difference in found}

    async with postgres.empty() as url, _engine(url).begin() as connection:
        assert await connection.run_sync(differences) == {"add_column", "add_index"}


@pytest.mark.parametrize("service", SERVICES)
async def test_the_migrations_can_be_undone_and_made_again(postgres: Databases, service: str) -> None:
    async with postgres.empty() as url:
        await asyncio.to_thread(upgrade, service, url)
        await asyncio.to_thread(command.downgrade, config_of(service, url), "base")
        async with _engine(url).connect() as connection:
            left = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
        assert left <= {"alembic_version"}
        await asyncio.to_thread(upgrade, service, url)
