"""The stage that the tests of this folder share, once: to set it takes longer than to ask it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from mentorship.local.issuer import Issuer
from tests.fixtures.databases import Databases
from tests.fixtures.tracing import spans
from tests.security.scene import Scene
from tests.security.stage import opened

__all__ = ["scene", "spans"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scene(postgres: Databases, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Everything on the stage."""
    folder = tmp_path_factory.mktemp("stage")
    async with opened(postgres, issuer, folder) as stage:
        yield await Scene(stage).play()
