"""The child process of a worker: it does the sums, and says how far it is in shared memory."""

import os
import signal
import threading
import time
from typing import Any

from matching.domain.runs import Problem, Solution, solve


class _Watched:
    progress: Any = None


def watch(progress: Any) -> None:
    """Prepare the child: `progress` is where it writes percentages."""
    _Watched.progress = progress
    # Ctrl-C reaches the whole group of processes; the parent decides what becomes of the run.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()


def work_out(problem: Problem) -> Solution:
    """Solve a problem."""
    return solve(problem, _say)


def _say(percent: int) -> None:
    if _Watched.progress is not None:
        _Watched.progress.value = percent


def _follow(parent: int) -> None:
    """Die with the parent, also when it is killed: nobody would read the result."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
