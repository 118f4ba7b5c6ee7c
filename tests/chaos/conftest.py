"""One platform for the fault runs, as `make up` leaves it behind, and one victim for the single faults."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.chaos.victims import Ledger
from tests.chassis.probe import probe_database
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.machine import Machine, started
from tests.journeys.story import Story


@pytest.fixture(scope="session")
def machine(session_folder: Path) -> Iterator[Machine]:
    """A running platform that is there to be mistreated."""
    with started(session_folder / "chaos") as machine:
        yield machine


@pytest.fixture
async def story(machine: Machine) -> AsyncIterator[Story]:
    """Somebody who goes on using it."""
    async with Story.on(machine.platform) as story:
        yield story


@pytest.fixture
async def victim_url(postgres: Databases) -> AsyncIterator[str]:
    """A database for the victim."""
    async with probe_database(postgres) as url:
        yield url


@pytest.fixture
async def ledger(bus: Bus, victim_url: str) -> AsyncIterator[Ledger]:
    """Keeps what was accepted."""
    rows = await asyncpg.connect(victim_url)
    yield Ledger(bus, rows)
    await rows.close()
