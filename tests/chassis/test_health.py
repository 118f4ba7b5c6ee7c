"""Probes that tell the truth."""

import asyncio

import httpx

from chassis.health import STUCK_SECONDS, Health
from mentorship.local.issuer import Issuer
from tests.chassis import probe
from tests.chassis.notebook import Notebook, opened
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner, Running


class Clock:
    """Time that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_starting_lasts_until_nats_and_what_is_used_of_it_are_there(
    bus: Bus, running: Runner, probe_url: str
) -> None:
    async with running(probe.service, probe_url, name="probe", nats_url="nats://127.0.0.1:1") as here:
        await asyncio.sleep(0.3)
        assert (await here.client.get("/startupz")).json()["code"] == "starting"
        assert (await here.client.get("/livez")).status_code == 200
    async with running(probe.service, probe_url, name="probe") as here:
        await eventually(lambda: _status(here, "/startupz"), 200)


async def _status(here: Running, path: str) -> int:
    return (await here.client.get(path)).status_code


async def test_a_service_is_started_when_it_says_so(client: httpx.AsyncClient, notebook: Notebook) -> None:
    before = await client.get("/startupz")
    assert (before.status_code, before.json()["code"]) == (503, "starting")
    notebook.health.started()
    assert (await client.get("/startupz")).status_code == 200


async def test_ready_means_the_database_is_at_the_expected_revision(
    client: httpx.AsyncClient, notebook: Notebook
) -> None:
    assert (await client.get("/readyz")).status_code == 200


async def test_an_earlier_revision_is_not_ready(client: httpx.AsyncClient, notebook: Notebook) -> None:
    await notebook.execute("UPDATE alembic_version SET version_num = '0000'")
    behind = await client.get("/readyz")
    assert (behind.status_code, behind.json()["code"]) == (503, "database_at_an_earlier_revision")


async def test_a_later_revision_is_ready_so_that_an_upgrade_and_its_undoing_keep_serving(
    client: httpx.AsyncClient, notebook: Notebook
) -> None:
    await notebook.execute("UPDATE alembic_version SET version_num = '9999'")
    assert (await client.get("/readyz")).status_code == 200


async def test_a_database_that_was_never_migrated_is_not_ready(client: httpx.AsyncClient, notebook: Notebook) -> None:
    await notebook.execute("DROP TABLE alembic_version")
    assert (await client.get("/readyz")).json()["code"] == "database_without_revision"


async def test_a_database_that_is_away_is_not_ready_and_the_service_is_alive(
    client: httpx.AsyncClient, notebook: Notebook
) -> None:
    notebook.database.url = "postgresql://nobody@127.0.0.1:1/none"
    away = await client.get("/readyz")
    assert (away.status_code, away.json()["code"]) == (503, "database_away")
    assert (await client.get("/livez")).status_code == 200


async def test_a_busy_pool_is_ready(postgres: Databases, issuer: Issuer) -> None:
    async with (
        postgres.empty() as url,
        opened(url, issuer.url, pool=1) as notebook,
        notebook.client() as client,
        notebook.database.engine.connect(),
    ):
        assert (await client.get("/readyz")).status_code == 200


async def test_one_that_is_stopping_is_not_ready(client: httpx.AsyncClient, notebook: Notebook) -> None:
    notebook.health.stopping()
    assert (await client.get("/readyz")).json()["code"] == "stopping"
    assert (await client.get("/livez")).status_code == 200


async def test_a_loop_that_stands_still_while_connected_is_not_alive(notebook: Notebook) -> None:
    clock = Clock()
    health = Health(clock)
    health.connected(True)
    health.turned("matching-directory")
    clock.now += STUCK_SECONDS - 1
    assert health.stuck() == []
    clock.now += 2
    assert health.stuck() == ["matching-directory"]
    health.turned("matching-directory")
    assert health.stuck() == []


async def test_a_loop_has_nothing_to_turn_for_while_the_broker_is_away() -> None:
    clock = Clock()
    health = Health(clock)
    health.connected(True)
    health.turned("matching-directory")
    health.connected(False)
    clock.now += 1000
    assert health.stuck() == []
    health.connected(True)
    assert health.stuck() == []
    clock.now += STUCK_SECONDS + 1
    assert health.stuck() == ["matching-directory"]


async def test_a_stuck_loop_is_told_by_the_liveness_probe(client: httpx.AsyncClient, notebook: Notebook) -> None:
    notebook.health.connected(True)
    notebook.health.turned("matching-directory")
    notebook.health._connected_at = notebook.health._turned["matching-directory"] = -1000.0
    stuck = await client.get("/livez")
    assert (stuck.status_code, stuck.json()["detail"]) == (503, "stuck: matching-directory")
    notebook.health.ended("matching-directory")
    assert (await client.get("/livez")).status_code == 200
