"""One platform for the fault runs, under the same supervisor that `make up` leaves behind."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

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
