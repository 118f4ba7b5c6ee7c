"""The whole platform on this machine, by the command that a newcomer types, on ports and data of its own."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from mentorship.local.home import created_at
from mentorship.local.inspection import inspect
from tests.fixtures.machine import Machine, started

pytestmark = pytest.mark.timeout(420)


@pytest.fixture(scope="module")
def one_machine(session_folder: Path) -> Iterator[Machine]:
    with started(session_folder / "up", people=50) as machine:
        yield machine


@pytest.fixture
def machine(one_machine: Machine) -> Machine:
    """The machine with the platform on it, also where a test before this one left it down."""
    if not one_machine.home.supervised:
        assert one_machine.up(50).returncode == 0
    return one_machine


def until(question: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def well(machine: Machine) -> bool:
    """What `status` finds, without the seconds that each start of the command takes."""
    return asyncio.run(inspect(machine.platform)).problems == []


def test_status_tells_programs_where_everything_is(machine: Machine) -> None:
    until(lambda: well(machine))
    status = machine.json("status")
    assert status["services"]["matching"]["url"] == f"http://127.0.0.1:{machine.ports['matching']}"
    assert status["nats"]["url"] == f"nats://127.0.0.1:{machine.ports['nats']}"
    assert Path(status["nats"]["users"]["hr"]["credentials"]).is_file()
    assert httpx.get(status["mail"]["url"]).status_code == 200
    assert {one["name"] for one in status["processes"]} == {
        *("supervisor", "nats", "postgres", "matching", "matching-worker", "sessions", "notifications", "analytics"),
    }
    assert all(one["revision"] == one["newest"] for one in status["databases"].values())
    assert status["drift"] == status["problems"] == []
    assert status["erasures"] == {"people": 0, "messages": 0, "oldest_seconds": 0.0}


def test_the_worker_shows_its_metrics(machine: Machine) -> None:
    shown = httpx.get(f"http://127.0.0.1:{machine.ports['matching-worker']}/metrics").text
    assert "mentorship_worker_beat_age_seconds" in shown


def test_the_demo_company_reaches_the_directory(machine: Machine) -> None:
    def heard() -> bool:
        found = asyncio.run(inspect(machine.platform))
        return bool(found.consumers) and not any(one["pending"] + one["unacknowledged"] for one in found.consumers)

    until(heard)
    assert asyncio.run(inspect(machine.platform)).dead_letters == {}


def test_all_of_it_rests_in_little_memory(machine: Machine) -> None:
    processes = asyncio.run(inspect(machine.platform)).processes
    assert sum(one["megabytes"] for one in processes) <= 1200


def test_a_second_up_says_that_it_runs_already(machine: Machine) -> None:
    before = machine.home.state().pid
    again = machine.run("up")
    assert again.returncode == 0
    assert "runs already" in again.stdout
    assert machine.home.state().pid == before


def test_a_token_of_the_command_opens_a_service(machine: Machine) -> None:
    url = machine.platform.service_url("matching")
    token = machine.run("token", "--employee", "E1", "--role", "employee").stdout.strip()
    assert httpx.get(f"{url}/v1/me/matches").status_code == 401
    assert httpx.get(f"{url}/v1/me/matches", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_request_is_seen_as_a_trace(machine: Machine) -> None:
    url, token = machine.platform.service_url("matching"), machine.platform.issuer.token("E1", ["employee"])
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    httpx.get(
        f"{url}/v1/me/matches",
        headers={"Authorization": f"Bearer {token}", "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"},
    )
    shown = machine.run("trace", trace_id)
    assert shown.returncode == 0, shown.stderr
    assert trace_id in shown.stdout
    assert "/v1/me/matches" in shown.stdout


@pytest.mark.parametrize("process", ["nats", "postgres", "sessions", "matching-worker"])
def test_what_is_killed_comes_back(machine: Machine, process: str) -> None:
    before = machine.pid_of(process)
    os.kill(before, signal.SIGKILL)
    until(lambda: machine.pid_of(process) != before and machine.home.state().processes[process].state == "running")
    until(lambda: well(machine))


def test_what_hangs_comes_back(machine: Machine) -> None:
    hung = {process: machine.pid_of(process) for process in ("sessions", "matching-worker")}
    for pid in hung.values():
        os.kill(pid, signal.SIGSTOP)
    for process, pid in hung.items():
        until(lambda process=process, pid=pid: machine.pid_of(process) != pid, 120)  # type: ignore[misc]
        until(lambda process=process: machine.home.state().processes[process].state == "running")  # type: ignore[misc]
    until(lambda: well(machine))


def test_up_recovers_what_a_killed_supervisor_left(machine: Machine) -> None:
    state = machine.home.state()
    left = [process.pid for process in state.processes.values() if process.pid]
    os.kill(state.pid, signal.SIGKILL)
    until(lambda: created_at(state.pid) is None)
    assert machine.run("status").returncode == 2
    assert any(psutil.pid_exists(pid) for pid in left)
    again = machine.up(50)
    assert again.returncode == 0, again.stderr
    assert not any(
        created_at(pid) == process.created for pid, process in zip(left, state.processes.values(), strict=True)
    )
    until(lambda: well(machine))


def test_down_ends_every_process_and_up_finds_the_data_again(machine: Machine) -> None:
    passwords = machine.home.secrets.password("matching")
    pids = [machine.home.state().pid, *(process.pid or 0 for process in machine.home.state().processes.values())]
    down = machine.run("down")
    assert (down.returncode, down.stdout.strip()) == (0, "The platform is stopped.")
    assert [pid for pid in pids if created_at(pid) is not None] == []
    assert machine.run("status").returncode == 2
    assert machine.run("down").stdout.strip() == "The platform does not run."
    assert machine.up(50).returncode == 0
    assert machine.home.secrets.password("matching") == passwords
