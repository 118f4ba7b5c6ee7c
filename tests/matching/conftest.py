"""Matching in this process, with a programme to try things in."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import settings
from sqlalchemy import text

from contracts.event import Event
from matching.main import service
from matching.worker.process import Worker
from tests.builders import hired
from tests.conftest import Bearer
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner, Running

# The time that an example takes is no property of the code on a machine that does other things meanwhile.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

MANAGER = "E-manager"


@dataclass
class House:
    """The service, and short words for what tests do with it."""

    here: Running
    bus: Bus
    bearer: Bearer
    url: str

    async def call(self, method: str, path: str, who: str = MANAGER, *roles: str, **options: Any) -> httpx.Response:
        """A request as somebody; managers are programme managers, all others employees, unless roles are given."""
        given = roles or (("programme-manager", "employee") if who == MANAGER else ("employee",))
        headers = self.bearer(who, *given) | options.pop("headers", {})
        return await self.here.client.request(method, f"/v1{path}", headers=headers, **options)

    async def ok(self, method: str, path: str, who: str = MANAGER, *roles: str, **options: Any) -> Any:
        """The same, for a request that has to succeed."""
        response = await self.call(method, path, who, *roles, **options)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def hear(self, *events: Event) -> None:
        """Publish events of HR and wait until they are handled."""
        for event in events:
            await self.bus.publish(event)
        await self.bus.settled()

    async def rows(self, query: str, **given: Any) -> list[Any]:
        """Rows of the service's own database."""
        async with self.here.service.database.transaction() as tx:
            return list(await tx.connection.execute(text(query), given))

    async def erased(self) -> None:
        """Return when no message of an erased person is left to be deleted."""
        await self.bus.settled()
        await eventually(lambda: self.rows("SELECT 1 FROM hr_erasure"), [])

    async def said(self, subject: str, *, at_least: int = 0) -> list[dict[str, Any]]:
        """What matching has said under a subject, once the outbox is empty."""
        for _ in range(500):
            waiting = await self.rows("SELECT 1 FROM outbox WHERE published_at IS NULL")
            found = [] if waiting else await self.bus.data(f"mentorship.matching.{subject}.v1")
            if not waiting and len(found) >= at_least:
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"{subject} has not been said {at_least} times")

    async def programme(self, **body: Any) -> str:
        """An open programme."""
        made = await self.ok("POST", "/programmes", json={"name": "Spring"} | body)
        await self.ok("POST", f"/programmes/{made['programme_id']}/open")
        return str(made["programme_id"])

    async def enrol(self, programme_id: str, names: Iterable[str], *roles: str, **wants: Any) -> None:
        """People who take part in a role."""
        for name in names:
            path = f"/programmes/{programme_id}/participants/{name}"
            await self.ok("PUT", path, json={"roles": roles} | wants)

    async def work(self) -> None:
        """Work off the runs that wait, with the engine in this process."""
        worker = Worker(self.here.service.database, lease_seconds=5, in_child=False)
        while await worker.work_once():
            pass

    async def run(self, programme_id: str) -> dict[str, Any]:
        """A run, worked off."""
        asked = await self.ok("POST", f"/programmes/{programme_id}/runs")
        await self.work()
        done: dict[str, Any] = await self.ok("GET", f"/runs/{asked['run_id']}")
        return done

    async def let_pass(self, until: str) -> None:
        """Let so much time pass for the offers that wait: until their "reminder", or their "deadline"."""
        async with self.here.service.database.transaction() as tx:
            if until == "deadline":
                late = text("UPDATE match SET respond_by = now() - interval '1 second' WHERE status = 'proposed'")
                await tx.connection.execute(late)
            kinds = {"reminder": ["remind-of-offers", "remind-of-offer"], "deadline": ["expire-offers", "expire-offer"]}
            due = text("UPDATE due SET due_at = now() WHERE kind = ANY(:kinds)")
            await tx.connection.execute(due, {"kinds": kinds[until]})

    async def offers(self, programme_id: str) -> list[str]:
        """A run, worked off and published: the ids of its matches."""
        run = await self.run(programme_id)
        await self.ok("POST", f"/runs/{run['run_id']}/publish")
        return [str(row.id) for row in await self.rows("SELECT id FROM match WHERE run_id = :id", id=run["run_id"])]


@asynccontextmanager
async def opened(
    postgres: Databases, running: Runner, bus: Bus, bearer: Bearer, *, before: str = "SELECT 1", **settings: Any
) -> AsyncIterator[House]:
    """Matching with settings of its own until the end of the block; `before` it starts its database is told that."""
    given = {"erase_seconds": 0.05, "requests_per_second": 0, "boards_in_child": False} | settings
    async with postgres.database("matching") as url:
        connection = await asyncpg.connect(url)
        await connection.execute(before)
        await connection.close()
        async with running(service, url, **given) as here:
            yield House(here, bus, bearer, url)


@pytest.fixture
async def house(postgres: Databases, running: Runner, bus: Bus, bearer: Bearer) -> AsyncIterator[House]:
    """Matching, with nobody in it."""
    async with opened(postgres, running, bus, bearer) as house:
        yield house


@pytest.fixture
async def staffed(house: House) -> House:
    """Matching, with E1 to E6 employed in Berlin."""
    await house.hear(*(hired(f"E{number}") for number in range(1, 7)))
    return house
