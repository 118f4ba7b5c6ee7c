"""The child process of a worker: it does the sums, and says how far it is in shared memory."""

import json
import os
import signal
import threading
import time
import zlib
from dataclasses import dataclass
from typing import Any

from matching.domain.export import exported
from matching.domain.fairness import fairness
from matching.domain.problems import Problem
from matching.domain.rows import rows_of
from matching.domain.runs import Solution, solve


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be solved, and in which order its mentees enrolled: 0 for the first."""

    problem: Problem
    enrolment: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found, and the report on it."""

    solution: Solution
    report: dict[str, Any]
    document: bytes
    """The run as one JSON document that proves it, deflated."""


class _Watched:
    progress: Any = None


def watch(progress: Any) -> None:
    """Prepare the child: `progress` is where it writes percentages."""
    _Watched.progress = progress
    # Ctrl-C reaches the whole group of processes; the parent decides what becomes of the run.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()


def work_out(task: Task) -> Outcome:
    """Solve a problem and see how fair that is."""
    solution = solve(task.problem, _say)
    found = fairness(task.problem, solution, task.enrolment, rows_of(task.problem))
    document = zlib.compress(json.dumps(exported(task.problem, solution), separators=(",", ":")).encode(), level=1)
    return Outcome(solution, {**solution.report, "fairness": found}, document)


def _say(percent: int) -> None:
    if _Watched.progress is not None:
        _Watched.progress.value = percent


def _follow(parent: int) -> None:
    """Die with the parent, also when it is killed: nobody would read the result."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
