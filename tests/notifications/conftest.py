"""The notifications service over a real database and a real SMTP server; events are delivered by hand."""

from collections.abc import AsyncIterator

import pytest

from mentorship.local.issuer import Issuer
from notifications.main import service
from notifications.settings import NotificationsSettings
from tests.fixtures.databases import Databases
from tests.notifications.here import FROM, Here
from tests.notifications.sink import Sink, listening


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """A real SMTP server."""
    async with listening() as sink:
        yield sink


@pytest.fixture
async def database_url(postgres: Databases) -> AsyncIterator[str]:
    """A fresh database of notifications."""
    async with postgres.database("notifications") as url:
        yield url


@pytest.fixture
async def here(database_url: str, issuer: Issuer, sink: Sink) -> AsyncIterator[Here]:
    """The service, answering requests but connected to no bus; mail goes out when the test says so."""
    settings = NotificationsSettings(
        database_url=database_url,
        issuer=issuer.url,
        jwks_url=f"{issuer.url}/.well-known/jwks.json",
        smtp_url=sink.url,
        mail_from=FROM,
        public_url="https://mentorship.example",
        unsubscribe_key="k" * 32,
        requests_per_second=0,
    )
    here = Here(service(settings), issuer, sink.url)
    yield here
    await here.close()
