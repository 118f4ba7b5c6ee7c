"""One platform for all journeys: each takes people and programmes of its own."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fixtures.machine import Machine, started
from tests.journeys.story import Story


@pytest.fixture(scope="session")
def machine(session_folder: Path) -> Iterator[Machine]:
    """A running platform: without anybody in it, or the one in $MENTORSHIP_TEST_HOME, as of `make containers`."""
    if running := os.environ.get("MENTORSHIP_TEST_HOME"):
        yield Machine(Path(running))
        return
    with started(session_folder / "journeys") as machine:
        yield machine


@pytest.fixture
async def story(machine: Machine) -> AsyncIterator[Story]:
    """Somebody who lives through it."""
    async with Story.on(machine.platform) as story:
        yield story
