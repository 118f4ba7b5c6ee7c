import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import httpx
import psutil
import pytest
from sqlalchemy import text

from matching.domain.verify import verify
from matching.handlers import work
from matching.worker import engine
from matching.worker.process import Worker, opened
from mentorship.local.ports import free_port
from tests.eventually import eventually
from tests.matching.conftest import House

SECOND = timedelta(seconds=1)


async def _queued(house: House) -> tuple[str, str]:
    programme = await house.programme()
    await house.enrol(programme, ["E1", "E2"], "mentee")
    await house.enrol(programme, ["E4", "E5"], "mentor")
    asked = await house.ok("POST", f"/programmes/{programme}/runs")
    return programme, asked["run_id"]


async def _status(house: House, run_id: str) -> str:
    return str((await house.ok("GET", f"/runs/{run_id}"))["status"])


async def _has_engine(pid: int) -> bool:
    return bool(psutil.Process(pid).children(recursive=True))


@contextmanager
def a_worker(house: House, **settings: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A worker's process."""
    given = {"MENTORSHIP_DATABASE_URL": house.url, **{f"MENTORSHIP_{k.upper()}": str(v) for k, v in settings.items()}}
    command = [sys.executable, "-m", "matching.worker"]
    process = subprocess.Popen(command, env=os.environ | given, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_a_worker_process_works_off_a_run_and_stops_when_told(staffed: House) -> None:
    _, run_id = await _queued(staffed)
    with a_worker(staffed) as process:
        await eventually(lambda: _status(staffed, run_id), "completed", seconds=60)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 0


async def test_a_worker_shows_that_it_lives_on_a_port_of_its_own(house: House) -> None:
    port = free_port()

    async def shown() -> set[str]:
        try:
            async with httpx.AsyncClient() as client:
                lines = (await client.get(f"http://127.0.0.1:{port}/metrics")).text.splitlines()
        except httpx.TransportError:
            return set()
        names = {line.split()[0].removeprefix("mentorship_worker_") for line in lines}
        return names & {"beat_age_seconds", "busy_seconds"}

    with a_worker(house, metrics_port=port, host="127.0.0.1"):
        await eventually(shown, {"beat_age_seconds", "busy_seconds"}, seconds=60)


async def test_the_run_of_a_killed_worker_is_taken_over(staffed: House) -> None:
    _, run_id = await _queued(staffed)
    database = staffed.here.service.database
    async with database.transaction() as tx:
        dead = await work.take_run(tx, "dead", SECOND)
    assert dead is not None
    worker = Worker(database, lease_seconds=5, in_child=False)
    assert not await worker.work_once()  # its lease still runs
    async with database.transaction() as tx:
        await tx.connection.execute(text("UPDATE run SET lease_until = now() - interval '1 second'"))
    assert await worker.work_once()
    run = await staffed.ok("GET", f"/runs/{run_id}")
    assert (run["status"], run["attempts"], run["pair_count"]) == ("completed", 2, 2)
    # The dead one was only asleep: what it brings now is not taken.
    async with database.transaction() as tx:
        problem = await work.problem_of(tx, dead)
        assert await work.hold_run(tx, dead, 50, SECOND) is None
    assert problem.mentees
    assert len(await staffed.said("run.completed", at_least=1)) == 1


async def test_a_database_that_is_away_for_a_while_costs_no_attempt(
    staffed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run_id = await _queued(staffed)
    away = AsyncMock(side_effect=OSError)
    monkeypatch.setattr(work, "hold_run", away)
    async with opened(staffed.url, lease_seconds=0.5) as worker:
        await worker.work_once()
    run = await staffed.ok("GET", f"/runs/{run_id}")
    assert away.await_count > 0
    assert (run["status"], run["attempts"]) == ("completed", 1)


async def test_two_workers_never_take_the_same_run(staffed: House) -> None:
    await _queued(staffed)
    database = staffed.here.service.database

    async def take(name: str) -> object:
        async with database.transaction() as tx:
            return await work.take_run(tx, name, SECOND)

    taken = await asyncio.gather(*(take(f"W{number}") for number in range(8)))
    assert len([run for run in taken if run is not None]) == 1


async def test_a_run_that_costs_its_workers_their_lives_is_given_up(staffed: House) -> None:
    programme, run_id = await _queued(staffed)
    database = staffed.here.service.database
    for _ in range(4):
        async with database.transaction() as tx:
            await work.take_run(tx, "dead", -SECOND)
    run = await staffed.ok("GET", f"/runs/{run_id}")
    assert (run["status"], run["reason"]) == ("failed", "abandoned")
    (failed,) = await staffed.said("run.failed", at_least=1)
    assert failed["reason"] == "abandoned"
    assert (await staffed.call("POST", f"/programmes/{programme}/runs")).status_code == 202


async def test_a_worker_that_is_told_to_stop_gives_its_run_back(staffed: House) -> None:
    _, run_id = await _queued(staffed)
    async with opened(staffed.url) as worker:
        worker.stopping.set()
        await worker.work_once()
    run = await staffed.ok("GET", f"/runs/{run_id}")
    assert run["status"] in {"queued", "completed"}
    await staffed.work()
    assert await _status(staffed, run_id) == "completed"


_CROWD_OF_EMPLOYEES = (
    "INSERT INTO employee (employee_id, status, version, source, zone, zone_version, document)"
    " SELECT 'C' || n, 'active', 1, '/hr', 'UTC', 1, jsonb_build_object('employee_id', 'C' || n, 'level', n % 9)"
    " FROM generate_series(1, 1600) AS n"
)
_CROWD_OF_PARTICIPANTS = (
    "INSERT INTO participant (id, programme_id, employee_id, version, status, roles, capacity, goals)"
    " SELECT gen_random_uuid(), CAST(:programme AS uuid), 'C' || n, 1, 'enrolled',"
    " ARRAY[CASE WHEN n % 4 = 0 THEN 'mentor' ELSE 'mentee' END], 2, ARRAY['g' || n % 7]"
    " FROM generate_series(1, 1600) AS n"
)


async def test_a_worker_that_is_killed_in_the_middle_leaves_its_run_to_the_next_one(house: House) -> None:
    programme = await house.programme()
    async with house.here.service.database.transaction() as tx:
        await tx.connection.execute(text(_CROWD_OF_EMPLOYEES))
        await tx.connection.execute(text(_CROWD_OF_PARTICIPANTS), {"programme": programme})
    asked = await house.ok("POST", f"/programmes/{programme}/runs")
    with a_worker(house, lease_seconds=1.5) as first:
        await eventually(lambda: _status(house, asked["run_id"]), "running", seconds=60)
        await eventually(lambda: _has_engine(first.pid), expected=True)
        # What does the sums is held up, so that it cannot finish what its worker no longer lives to see.
        sums = psutil.Process(first.pid).children(recursive=True)
        for process in sums:
            process.suspend()
        first.kill()
        first.wait()
    with a_worker(house, lease_seconds=1.5):
        await eventually(lambda: _status(house, asked["run_id"]), "completed", seconds=60)
    run = await house.ok("GET", f"/runs/{asked['run_id']}")
    assert (run["attempts"], run["pair_count"]) == (2, 800)
    for process in sums:
        process.resume()
    assert len(await house.said("run.completed", at_least=1)) == 1
    _, left = psutil.wait_procs(sums, timeout=10)
    # Where nobody reaps them, the dead stay listed.
    assert not [one for one in left if one.status() != psutil.STATUS_ZOMBIE], "the engine outlived its worker"


async def test_a_run_whose_time_is_up_ends_with_what_there_is_and_says_how_good_that_is(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme = await house.programme()
    async with house.here.service.database.transaction() as tx:
        await tx.connection.execute(text(_CROWD_OF_EMPLOYEES))
        await tx.connection.execute(text(_CROWD_OF_PARTICIPANTS), {"programme": programme})
        # Mentees who all want the same few mentors: the first candidates are not enough for everybody.
        await tx.connection.execute(text("UPDATE participant SET capacity = 1, goals = ARRAY['g1']"))
        alike = "UPDATE participant SET goals = ARRAY['g2'] WHERE 'mentor' = ANY(roles) AND random() < 0.8"
        await tx.connection.execute(text(alike))
    given: list[int | None] = []

    def at_once(seconds: int | None) -> Callable[[], bool]:
        given.append(seconds)
        return lambda: True

    monkeypatch.setattr(engine, "until", at_once)
    asked = await house.ok("POST", f"/programmes/{programme}/runs", json={"seconds": 7})
    await house.work()
    run = await house.ok("GET", f"/runs/{asked['run_id']}")
    assert (given, run["status"], run["reason"], run["report"]["certified"]) == ([7], "completed", None, False)
    assert 0 < run["gap"] <= 10_000 * 1200 - run["total_score"]
    assert run["pair_count"] > 0
    document = await house.ok("GET", f"/runs/{asked['run_id']}/certificate")
    verdict = verify(document)
    assert verdict.holds, verdict.findings
    assert verdict.gap == run["report"]["gap"] > 0


@pytest.mark.parametrize("seconds", [0, 3601, 1.5, True])
async def test_a_time_limit_that_makes_no_sense_is_refused(house: House, seconds: float) -> None:
    programme = await house.programme()
    refused = await house.call("POST", f"/programmes/{programme}/runs", json={"seconds": seconds})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "seconds")


async def test_a_run_in_which_loads_cost_more_than_pairs_score_ends_all_the_same(staffed: House) -> None:
    programme = await staffed.programme(rules={"load_charge": 10_000})
    await staffed.enrol(programme, ["E1", "E2", "E3", "E5", "E6"], "mentee")
    await staffed.enrol(programme, ["E4"], "mentor", capacity=5)
    run = await staffed.run(programme)
    assert (run["status"], run["pair_count"], run["gap"]) == ("completed", 5, 0)
    assert run["total_score"] < 0


async def test_without_a_limit_time_is_never_up() -> None:
    assert not engine.until(None)()
    assert not engine.until(60)()
    assert engine.until(0)()


async def test_a_run_goes_without_the_must_match_pairs_for_which_there_is_no_place(staffed: House) -> None:
    programme, run_id = await _queued(staffed)
    async with staffed.here.service.database.transaction() as tx:
        await tx.connection.execute(
            text(
                "INSERT INTO programme_pair (programme_id, mentee_id, mentor_id, kind, set_at)"
                " VALUES (:id, 'E1', 'E4', 'must_match', now()), (:id, 'E1', 'E5', 'must_match', now())"
            ),
            {"id": programme},
        )
    async with opened(staffed.url) as worker:
        await worker.work_once()
    run = await staffed.ok("GET", f"/runs/{run_id}")
    assert (run["status"], run["reason"]) == ("completed", None)
    assert run["report"]["pins_left_out"] == {"no_place": 1}
    assert {(pair["mentee_id"], pair["mentor_id"]) for pair in run["pairs"]} == {("E1", "E4"), ("E2", "E5")}
