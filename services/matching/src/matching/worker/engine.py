"""The child process of a worker: it loads a run, does the sums and stores what it found.

A hundred thousand people are not handed from one process to another: only the run itself goes in and comes out. How far
it is stands in shared memory.
"""

import asyncio
import gc
import json
import os
import signal
import threading
import time
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from opentelemetry import context, trace

from chassis.tracing import parse_traceparent
from chassis.transaction import Database
from matching.adapters.db.runs import Run
from matching.domain.engine.assignment import Stop
from matching.domain.export import exported
from matching.domain.fairness import fairness
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.rules import Rules
from matching.domain.runs import solve, solve_encoded
from matching.domain.skills import Taxonomy
from matching.domain.undecided import with_full_circles
from matching.handlers import work
from matching.handlers.pool import Pool

STAGES = ("loading", "solving", "storing")


@dataclass(frozen=True, slots=True)
class Order:
    """A run to be worked off, and where its people are."""

    url: str
    run: Run
    lease: timedelta
    traceparent: str | None = None
    """Trace context that the child goes on in."""
    taxonomy: Taxonomy | None = None
    """The organisation's own skills."""


class _Watched:
    progress: Any = None


def watch(progress: Any, parent: int) -> None:
    """Prepare the child of the process `parent`: in `progress` it writes a percentage and the number of its stage."""
    _Watched.progress = progress
    # Ctrl-C reaches the whole group of processes; the parent decides what becomes of the run.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A run is millions of small things without a circle among them: to look for some takes as long as all the sums.
    gc.disable()
    # The parent may be dead by now: it says itself who it is.
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def warm_up() -> bool:
    """Compile, or read from the cache, what every run needs, with a few people; whether that is done."""
    mentees = tuple(Profile(f"E{number}", goals=frozenset("a")) for number in range(3))
    mentors = tuple(Profile(f"M{number}", goals=frozenset("a"), skills_offered=frozenset("b")) for number in range(2))
    problem = Problem("one_on_one", Rules(), mentees, mentors)
    fairness(problem, solve(problem), range(len(mentees)))
    return True


def work_out(order: Order) -> Run | None:
    """Work a run off: as it is then, or nothing if another worker has taken it over."""
    origin = parse_traceparent(order.traceparent)
    if origin is not None:
        context.attach(trace.set_span_in_context(trace.NonRecordingSpan(origin)))
    try:
        return asyncio.run(_work_out(order))
    finally:
        gc.collect()


async def _work_out(order: Order) -> Run | None:
    database = Database(order.url, "/mentorship/matching", pool=1, seconds=300, state={"taxonomy": order.taxonomy})
    clock = _Clock()
    try:
        _enter("loading")
        async with database.transaction() as tx:
            pool = await work.load(tx, order.run)
        clock.note("loading")
        _enter("solving")
        found = _found(pool, clock, until(order.run.options.seconds))
        _enter("storing")
        async with database.transaction() as tx:
            return await work.complete_run(tx, order.run, found, order.lease)
    finally:
        await database.close()


class _Clock:
    """Seconds, and seconds of CPU, that each stage has taken."""

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, float]] = {}
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def note(self, stage: str) -> None:
        """A stage has ended."""
        wall, cpu = time.monotonic(), time.process_time()
        self.stages[stage] = {"seconds": round(wall - self._wall, 3), "cpu": round(cpu - self._cpu, 3)}
        self._wall, self._cpu = wall, cpu


def until(seconds: int | None) -> Stop:
    """Says from then on that time is up."""
    end = float("inf") if seconds is None else time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def _found(pool: Pool, clock: _Clock, stop: Stop) -> work.Found:
    problem, short = with_full_circles(pool.problem)
    solution, encoded = solve_encoded(problem, _say, stop)
    clock.note("solving")
    fair = fairness(problem, solution, pool.enrolment, encoded)
    clock.note("fairness")
    document = zlib.compress(json.dumps(exported(problem, solution), separators=(",", ":")).encode(), level=1)
    clock.note("export")
    proof = solution.certificate
    prices = {} if proof is None else {"prices": {"proof": proof.kind, "base": proof.base}}
    left_out = {"pins_left_out": pool.pins_left_out | ({"circle_min": short} if short else {})}
    report = {**solution.report, **left_out, **prices, "fairness": fair, "stages": clock.stages}
    return work.Found(solution, report, problem, document)


def _say(percent: int) -> None:
    if _Watched.progress is not None:
        _Watched.progress[0] = percent


def _enter(stage: str) -> None:
    if _Watched.progress is not None:
        _Watched.progress[1] = STAGES.index(stage)


def _follow(parent: int) -> None:
    """Die with the parent, also when it is killed: nobody would read the result."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
