"""A migrated database of analytics."""

from collections.abc import AsyncIterator

import pytest

from chassis.transaction import Database
from tests.fixtures.databases import Databases


@pytest.fixture
async def database(postgres: Databases) -> AsyncIterator[Database]:
    """Analytics' own database, as the role of the service."""
    async with postgres.database("analytics") as url:
        database = Database(url, "/mentorship/analytics", pool=4)
        yield database
        await database.close()
