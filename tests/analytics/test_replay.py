"""A projection dropped and rebuilt from the stream while the service runs: identical numbers (R19)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

import analytics.main
from analytics.subscribers import SUBSCRIPTIONS
from mentorship.rebuilding import Content, begin_anew, caught_up, contents, empty, stop
from mentorship.topology.generate import consumers_of
from tests.analytics.history import PROGRAMME, History, a_whole_history
from tests.analytics.test_api import publish
from tests.conftest import Bearer
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner, Running

DURABLES = consumers_of("analytics", SUBSCRIPTIONS)


@dataclass(frozen=True)
class Place:
    """Analytics as it runs, and the database beneath it."""

    running: Running
    connection: asyncpg.Connection


@pytest.fixture
async def place(postgres: Databases, running: Runner) -> AsyncIterator[Place]:
    async with postgres.database("analytics") as url, running(analytics.main.service, url) as here:
        connection = await asyncpg.connect(url)
        yield Place(here, connection)
        await connection.close()


async def _rebuilt(place: Place, bus: Bus) -> dict[str, Content]:
    await stop(bus.nc, DURABLES)
    await empty(place.connection, DURABLES)
    assert sum(content.rows for content in (await contents(place.connection, DURABLES)).values()) == 0
    total = await begin_anew(bus.nc, DURABLES)
    await caught_up(bus.nc, DURABLES, total, lambda _: None)
    return await contents(place.connection, DURABLES)


async def test_every_projection_and_figure_is_the_same_after_a_rebuild(place: Place, bus: Bus, bearer: Bearer) -> None:
    history: History = a_whole_history(pairs=10)
    await publish(bus, history)
    await bus.settled(seconds=40)
    path, admin = f"/v1/programmes/{PROGRAMME}/health", bearer("A", "platform-admin")
    figures = (await place.running.client.get(path, headers=admin)).json()
    before = await contents(place.connection, DURABLES)
    assert all(content.rows for content in before.values())
    assert await _rebuilt(place, bus) == before
    assert (await place.running.client.get(path, headers=admin)).json() == figures
    assert figures["participants"]["enrolled"]["value"] == 18
