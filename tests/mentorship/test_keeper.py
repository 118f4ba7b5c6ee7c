"""A process under supervision: it comes back, with growing pauses, and one that never gets ready is told of."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mentorship.local.child import Child
from mentorship.local.keeper import Keeper, Pulse
from mentorship.problem import Problem


def a_child(folder: Path, code: str) -> Child:
    return Child("it", [sys.executable, "-u", "-c", code], log=folder / "it.log")


async def ready() -> bool:
    return True


async def until(question: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    keeper = Keeper(a_child(tmp_path, "import time; time.sleep(60)"), ready, lambda: None)
    await keeper.start()
    keeping = asyncio.create_task(keeper.keep())
    first = keeper.seen.pid
    keeper.child.signal(9)
    await until(lambda: keeper.seen.restarts == 1 and keeper.seen.state == "running")
    assert keeper.seen.pid != first
    assert keeper.seen.alive
    assert keeper.seen.exit_code == -9
    keeping.cancel()
    await keeper.stop(1)
    assert not keeper.seen.alive


async def test_a_process_that_hangs_is_killed_and_started_again(tmp_path: Path) -> None:
    heart = tmp_path / "heart"
    code = f"import pathlib, time\nwhile True: pathlib.Path({str(heart)!r}).touch(); time.sleep(0.02)"

    async def beats() -> bool:
        return heart.exists() and time.time() - heart.stat().st_mtime < 1

    keeper = Keeper(a_child(tmp_path, code), beats, lambda: None, pulse=Pulse(beats, every=0.1, misses=3))
    await keeper.start()
    keeping = asyncio.create_task(keeper.keep())
    first = keeper.seen.pid
    await asyncio.sleep(1)
    assert (keeper.seen.pid, keeper.seen.restarts) == (first, 0), "what lives is left alone"
    keeper.child.signal(signal.SIGSTOP)
    await until(lambda: keeper.seen.restarts == 1 and keeper.seen.state == "running")
    assert keeper.seen.pid != first
    assert keeper.seen.exit_code == -9
    keeping.cancel()
    await keeper.stop(1)


async def test_a_few_missed_beats_are_no_sign(tmp_path: Path) -> None:
    answers = [False, False, True] * 4

    async def beats() -> bool:
        return answers.pop() if answers else True

    code = "import time; time.sleep(60)"
    keeper = Keeper(a_child(tmp_path, code), ready, lambda: None, pulse=Pulse(beats, every=0.01, misses=3))
    await keeper.start()
    keeping = asyncio.create_task(keeper.keep())
    await until(lambda: not answers)
    assert keeper.seen.restarts == 0
    keeping.cancel()
    await keeper.stop(1)


async def test_a_process_that_dies_again_and_again_is_not_started_in_a_hurry(tmp_path: Path) -> None:
    started = tmp_path / "started"
    keeper = Keeper(a_child(tmp_path, f"open({str(started)!r}, 'a').write('x')"), ready, lambda: None)
    keeping = asyncio.create_task(keeper.keep())
    await asyncio.sleep(2.5)
    keeping.cancel()
    assert 2 <= len(started.read_text()) <= 6


async def test_a_process_that_never_gets_ready_ends_the_start_with_its_last_line(tmp_path: Path) -> None:
    keeper = Keeper(a_child(tmp_path, "print('no key'); raise SystemExit(3)"), ready, lambda: None)

    async def never() -> bool:
        return False

    keeper._ready = never
    with pytest.raises(Problem, match=r"it ended with exit code 3 before it was ready\. Its last line: no key"):
        await keeper.start()


async def test_a_process_that_hangs_before_it_is_ready_is_given_up(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    keeper = Keeper(a_child(tmp_path, "import time; time.sleep(60)"), never, lambda: None, patience=0.5)
    with pytest.raises(Problem, match="did not become ready"):
        await keeper.start()
    assert not keeper.child.running
