"""PostgreSQL away while events go on arriving: an outage is not poison."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import asyncpg
import pytest

from mentorship.local.postgres import PostgresServer
from mentorship.topology import jetstream
from tests.chaos import victim
from tests.chaos.victims import DURABLE, Ledger, asking, report
from tests.chassis.probe import probe_database
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner

BATCH = 10
SECONDS = 900.0 if os.environ.get("CHAOS") == "full" else 60.0


@pytest.fixture
async def server(scratch: Path) -> AsyncIterator[PostgresServer]:
    """A PostgreSQL of this test's own."""
    server = PostgresServer(scratch / "postgres", settings={"fsync": "off"})
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop, 5)


@pytest.fixture
async def away_url(server: PostgresServer) -> AsyncIterator[str]:
    """The victim's database on it."""
    with suppress(asyncpg.InterfaceError):  # the fixture's own connection dies in the outage
        async with probe_database(Databases(server.admin_url)) as url:
            yield url


@pytest.mark.timeout(1800)
async def test_a_database_that_is_away_costs_no_event_and_no_delivery(
    bus: Bus, running: Runner, server: PostgresServer, away_url: str
) -> None:
    async with running(victim.service, away_url, name="probe", batch_size=BATCH) as here:
        await eventually(lambda: asking(bus), True)
        ledger = Ledger(bus, await asyncpg.connect(away_url))
        load = asyncio.create_task(ledger.publish(int(SECONDS * 3), every=0.3))
        writes = asyncio.create_task(ledger.write(here.client, int(SECONDS), every=1.0))
        await asyncio.sleep(2)
        await asyncio.to_thread(server.stop, 10)
        unsettled = await _away(bus)
        await asyncio.to_thread(server.start)
        back = monotonic()
        ledger.rows = await asyncpg.connect(away_url)
        before = await ledger.handled()
        await eventually(lambda: _goes_on(ledger, before), True, seconds=30)
        resumed = monotonic() - back
        await asyncio.gather(load, writes)
        await ledger.drained(60 + SECONDS)  # what came meanwhile is more the longer it lasted
        again = await _deliveries(bus) - len(ledger.heard)
        report("database away", seconds=SECONDS, resumed_after=resumed, most_unsettled=unsettled, delivered_again=again)
        await ledger.check()
        assert not await ledger.rows.fetchval("SELECT count(*) FROM inbox_failure"), (
            "an outage was counted as a failure"
        )
        # One batch was in hand and two in the buffer: each of those may have come twice more.
        assert unsettled <= 3 * BATCH
        assert again <= 6 * BATCH
        await ledger.rows.close()


async def _away(bus: Bus) -> int:
    """Wait out the outage; gives the most that was delivered and not settled meanwhile: nobody fetches."""
    most, ends = 0, monotonic() + SECONDS
    while monotonic() < ends:
        info = await jetstream.consumer_info(bus.nc, "SESSIONS", DURABLE)
        assert info
        most = max(most, info["num_ack_pending"])
        await asyncio.sleep(1)
    return most


async def _goes_on(ledger: Ledger, before: int) -> bool:
    return await ledger.handled() > before


async def _deliveries(bus: Bus) -> int:
    info = await jetstream.consumer_info(bus.nc, "SESSIONS", DURABLE)
    assert info
    return int(info["delivered"]["consumer_seq"])
