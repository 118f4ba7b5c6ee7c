"""The tests' own services over real databases: the probe hears events, the notebook answers requests."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from mentorship.local.issuer import Issuer
from tests.chassis.notebook import Notebook, opened
from tests.fixtures.databases import Databases
from tests.fixtures.probing import database, nats_of_probe, probe_url, rows
from tests.fixtures.tracing import spans

__all__ = ["database", "nats_of_probe", "probe_url", "rows", "spans"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def notebook_url(postgres: Databases) -> AsyncIterator[str]:
    """One database for all tests of the notebook; making one for each takes longer than most of them."""
    async with postgres.empty() as url:
        yield url


@pytest.fixture
async def notebook(notebook_url: str, issuer: Issuer) -> AsyncIterator[Notebook]:
    """A service with no notes yet, without a rate limit."""
    async with opened(notebook_url, issuer.url, requests_per_second=0) as notebook:
        await notebook.execute("TRUNCATE note, leaver, idempotency_key")
        yield notebook


@pytest.fixture
async def client(notebook: Notebook) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks to the notebook, without a token of its own."""
    async with notebook.client() as client:
        yield client
