"""Ends what a supervisor that was killed has left running."""

import contextlib
import os
import signal
from pathlib import Path

import psutil

from mentorship.local.fleet import MARK


def end_orphans(folder: Path) -> list[int]:
    """End every process that a supervisor of this data folder started and give their ids."""
    orphans = _orphans(folder)
    for process in orphans:
        with contextlib.suppress(psutil.Error):
            # PostgreSQL takes SIGTERM as "when all sessions are over" and SIGINT as "now, in order".
            process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    _, stubborn = psutil.wait_procs(orphans, timeout=10)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
    return [process.pid for process in orphans]


def _orphans(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == str(folder):
                found.append(process)
    return found
