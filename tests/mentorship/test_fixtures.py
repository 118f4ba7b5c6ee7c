"""What the shared fixtures promise to every other test."""

import asyncpg

from tests.builders import hired
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases


async def test_the_bus_has_the_streams_of_the_topology_and_nothing_in_them(bus: Bus) -> None:
    state = await bus.js.streams_info()
    assert {stream.config.name for stream in state} >= {"HR", "MATCHING", "SESSIONS", "NOTIFICATIONS", "DLQ"}
    assert all(stream.state.messages == 0 for stream in state)


async def test_an_event_published_in_a_test_can_be_read_back(bus: Bus) -> None:
    await bus.publish(hired("E1"))
    await bus.publish(hired("E2"))
    assert [data["employee_id"] for data in await bus.data("hr.employee.>")] == ["E1", "E2"]


async def test_an_empty_database_is_empty(postgres: Databases) -> None:
    async with postgres.empty() as url:
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        await connection.close()
