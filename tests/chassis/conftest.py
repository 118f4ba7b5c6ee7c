"""The tests' own services over real databases: the probe hears events, the notebook answers requests."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from mentorship.local.issuer import Issuer
from tests.chassis.notebook import Notebook, opened
from tests.chassis.probe import probe_database
from tests.fixtures.databases import Databases


@pytest.fixture
async def probe_url(postgres: Databases) -> AsyncIterator[str]:
    """A database for the probe."""
    async with probe_database(postgres) as url:
        yield url


@pytest.fixture
async def rows(probe_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Looks into the probe's database."""
    connection = await asyncpg.connect(probe_url)
    yield connection
    await connection.close()


@pytest.fixture
async def notebook(postgres: Databases, issuer: Issuer) -> AsyncIterator[Notebook]:
    """A service with notes, without a rate limit."""
    async with postgres.empty() as url, opened(url, issuer.url, requests_per_second=0) as notebook:
        yield notebook


@pytest.fixture
async def client(notebook: Notebook) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks to the notebook, without a token of its own."""
    async with notebook.client() as client:
        yield client
