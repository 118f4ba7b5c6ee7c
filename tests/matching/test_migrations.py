from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from matching.adapters.db import metadata
from tests.fixtures.databases import Databases


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_the_migrations_make_exactly_the_tables_of_the_code(postgres: Databases) -> None:
    async with postgres.database("matching") as url:
        engine = create_async_engine(postgres.superuser_url(url).replace("postgresql://", "postgresql+asyncpg://", 1))
        async with engine.connect() as connection:
            found = await connection.run_sync(_differences)
        await engine.dispose()
    assert found == []
