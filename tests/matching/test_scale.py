"""From the request of a run to its published offers, with the service answering others meanwhile.

`MENTORSHIP_TEST_SCALE=100000x25000` asks for the full size; without it a small one shows that it works at all.
"""

import asyncio
import json
import os
import random
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import psutil
import pytest

from chassis.ids import uuid7
from tests.eventually import eventually
from tests.fixtures.services import Runner
from tests.matching.conftest import House
from tests.matching.replicas import a_replica
from tests.matching.test_worker import a_worker

MENTEES, MENTORS = map(int, os.environ.get("MENTORSHIP_TEST_SCALE", "1500x400").split("x"))
ASKED = 2_100
LIMIT_SECONDS = {(5_000, 1_500): 10.0, (100_000, 25_000): 90.0}.get((MENTEES, MENTORS), 60.0)
_CHANCE = random.Random(7)
_SKILLS = [f"skill {number}" for number in range(200)]
_WEIGHTS = [1 / (number + 1) for number in range(200)]
_ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York", "Asia/Tokyo", "America/Los_Angeles")


def _record(name: str, manager: str | None) -> dict[str, Any]:
    return {
        "employee_id": name,
        "manager_id": manager,
        "level": _CHANCE.randint(1, 8),
        "timezone": _CHANCE.choice(_ZONES),
        "department": f"department {_CHANCE.randint(1, 20)}",
        "location": f"City {_CHANCE.randint(1, 60)}, Country {_CHANCE.randint(1, 12)}",
        "languages": _CHANCE.sample(["en", "de", "fr", "es", "hi", "ja"], 2),
        "interests": [],
        "skills": [],
        "hired_on": "2020-01-01",
    }


def _picked(most: int) -> list[str]:
    return sorted(set(_CHANCE.choices(_SKILLS, _WEIGHTS, k=most)))


async def crowd(url: str, programme: str) -> None:
    """Many people, straight into the database: how they get there is measured elsewhere."""
    names = [f"E{number:06}" for number in range(MENTEES + MENTORS)]
    employees, participants = [], []
    for number, name in enumerate(names):
        manager = names[MENTEES + (number // 12) % MENTORS] if number % 12 and number < MENTEES else None
        employees.append((name, "active", 1, "/hr", "UTC", 1, manager, json.dumps(_record(name, manager))))
        mentor = number >= MENTEES
        wanted, offered = ([], _picked(8)) if mentor else (_picked(5), [])
        place = (uuid7(), UUID(programme), name, 1, "enrolled", ["mentor" if mentor else "mentee"])
        participants.append((*place, _CHANCE.randint(1, 5) if mentor else 1, wanted, offered, _picked(2)))
    connection = await asyncpg.connect(url)
    columns = ("employee_id", "status", "version", "source", "zone", "zone_version", "manager_id", "document")
    await connection.copy_records_to_table("employee", records=employees, columns=columns)
    columns = ("id", "programme_id", "employee_id", "version", "status", "roles", "capacity", "skills_wanted")
    await connection.copy_records_to_table(
        "participant", records=participants, columns=(*columns, "skills_offered", "goals")
    )
    await connection.close()


async def _knock(house: House, programme: str, waits: list[float], done: asyncio.Event) -> None:
    """Somebody else's requests, every so often."""
    while not done.is_set():
        began = time.perf_counter()
        await house.ok("GET", f"/programmes/{programme}", "E000001")
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(0.02)


@contextmanager
def _cpu(pid: int, stages: dict[str, float]) -> Iterator[None]:
    before = psutil.Process().cpu_times()
    yield
    after, worker = psutil.Process().cpu_times(), psutil.Process(pid).cpu_times()
    stages["service cpu"] = after.user + after.system - before.user - before.system
    stages["worker cpu"] = worker.user + worker.system + worker.children_user + worker.children_system


async def _watch(house: House, run_id: str, stages: dict[str, float]) -> dict[str, Any]:
    """The run when it is published; `stages` gets the seconds that each stage was seen to take."""
    began = time.monotonic()
    while True:
        (row,) = await house.rows("SELECT status, stage FROM run WHERE id = :id", id=run_id)
        word = row.stage or row.status
        if row.status in {"published", "failed"}:
            break
        before = time.monotonic()
        await asyncio.sleep(0.1)
        stages[word] = stages.get(word, 0.0) + time.monotonic() - before
    stages["in all"] = time.monotonic() - began
    run: dict[str, Any] = await house.ok("GET", f"/runs/{run_id}?limit=1")
    return run


@pytest.mark.timeout(900)
async def test_a_run_goes_from_its_request_to_published_offers_while_others_are_answered(house: House) -> None:
    programme = await house.programme()
    await crowd(house.url, programme)
    stages: dict[str, float] = {}
    waits: list[float] = []
    done = asyncio.Event()
    with a_worker(house, lease_seconds=15) as worker:
        await asyncio.sleep(float(os.environ.get("MENTORSHIP_TEST_SCALE_WARM", "5")))  # its engine warms up meanwhile
        knocking = asyncio.ensure_future(_knock(house, programme, waits, done))
        with _cpu(worker.pid, stages):
            asked = await house.ok("POST", f"/programmes/{programme}/runs", json={"publish": "automatic"})
            run = await _watch(house, asked["run_id"], stages)
        done.set()
        await knocking
    assert run["status"] == "published"
    assert run["offered"] == run["pair_count"] > 0.9 * min(MENTEES, 3 * MENTORS) * 0.9
    waits.sort()
    stages |= {"p50 ms": 1000 * waits[len(waits) // 2], "p99 ms": 1000 * waits[int(0.99 * len(waits))]}
    figures = {name: round(value, 2) for name, value in stages.items()}
    figures |= {"pairs": run["pair_count"], "gap": run["gap"], "run seconds": run["seconds"]}
    figures |= {f"{stage} cpu": took["cpu"] for stage, took in run["report"]["stages"].items()}
    if report := os.environ.get("MENTORSHIP_TEST_SCALE_REPORT"):
        written = {"at": datetime.now(UTC).isoformat(), "size": [MENTEES, MENTORS]} | figures
        await asyncio.to_thread(Path(report).write_text, json.dumps(written))
    assert stages["in all"] < LIMIT_SECONDS, figures


async def _ask(url: httpx.URL, path: str, bearers: list[dict[str, str]]) -> tuple[list[float], Counter[str]]:
    """Seconds of each person's request, one after the other, and how often each mentor was shown."""
    given = {"host": url.host, "port": url.port or 80, "path": path, "headers": bearers}
    asking = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.matching.asking", stdin=PIPE, stdout=PIPE, cwd=Path(__file__).parents[2]
    )
    answered, _ = await asking.communicate(json.dumps(given).encode())
    assert asking.returncode == 0
    found = json.loads(answered)
    return found["waits"], Counter(name for names in found["shown"] for name in names)


@pytest.mark.timeout(900)
async def test_recommendations_come_at_once_when_they_are_warm(house: House, running: Runner) -> None:
    programme = await house.programme()
    await crowd(house.url, programme)
    await house.ok("PUT", f"/programmes/{programme}/offer-policy", json={"self_match": True})
    path = f"/v1/programmes/{programme}/recommendations?limit=20"
    names = [f"E{number * 7 % MENTEES:06}" for number in range(ASKED)]
    bearers = [house.bearer(name, "employee") for name in names]
    async with a_replica(house, running) as (_, client):

        async def status() -> int:
            return (await client.get(path, headers=bearers[0])).status_code

        await eventually(status, 200, seconds=600)
        await _ask(client.base_url, path, bearers[:100])
        waits, shown = await _ask(client.base_url, path, bearers[100:])
    waits.sort()
    ((_, most),) = shown.most_common(1)
    figures = {f"p{share} ms": round(1000 * waits[len(waits) * share // 100], 2) for share in (50, 90, 99)}
    figures |= {"most ms": round(1000 * waits[-1], 2), "most shown": most}
    if report := os.environ.get("MENTORSHIP_TEST_SCALE_REPORT"):
        await asyncio.to_thread(Path(f"{report}.recommendations").write_text, json.dumps(figures))
    assert waits[len(waits) * 99 // 100] < 0.25, figures
    assert most < 0.2 * len(waits), figures
