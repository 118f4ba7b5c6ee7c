"""The service in a process of its own, beside the one of the test's process."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from matching.subscribers import SUBSCRIPTIONS
from mentorship.local.ports import free_port
from tests.eventually import eventually
from tests.fixtures.services import Runner
from tests.matching.conftest import House


@asynccontextmanager
async def a_replica(house: House, running: Runner) -> AsyncIterator[tuple[subprocess.Popen[bytes], httpx.AsyncClient]]:
    """A second process of the service beside the one of this process."""
    port, credentials = free_port(), await house.bus.provision("matching", SUBSCRIPTIONS)
    given = running.environment(house.url, credentials)
    given |= {"MENTORSHIP_PORT": str(port), "MENTORSHIP_REQUESTS_PER_SECOND": "0"}
    process = _started(given)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            await eventually(lambda: _answers(client), expected=True, seconds=60)
            yield process, client
    finally:
        process.kill()
        process.wait()


def _started(given: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "matching"], env=os.environ | given, stdout=subprocess.DEVNULL)


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/startupz")).status_code == 200
    except httpx.TransportError:
        return False
