"""`mentorship down` and `mentorship reset`."""

import contextlib
import os
import shutil
import signal
import time

import typer

from mentorship.local.account import forget
from mentorship.local.home import Home, State, created_at
from mentorship.local.orphans import end_orphans
from mentorship.problem import Problem
from mentorship.terminal import say

_PATIENCE = 60.0


def down() -> None:
    """Stop the platform of this machine; its data stays."""
    home = Home.find()
    say("The platform is stopped." if _stop(home) else "The platform does not run.")


def reset(yes: bool = typer.Option(False, "--yes", help="Do not ask.")) -> None:
    """Stop the platform of this machine and forget its data: databases, streams, mails, secrets."""
    home = Home.find()
    if not home.folder.exists():
        say("There is nothing to forget.")
        return
    if not yes and not typer.confirm(f"Forget everything in {home.folder}?"):
        raise Problem("Nothing was forgotten.")
    _stop(home)
    forget(home.nats_data)
    forget(home.postgres_data)
    shutil.rmtree(home.folder)
    say("The platform's data is forgotten; `make up` starts afresh.")


def _stop(home: Home) -> bool:
    """End the supervisor and whatever a killed one left; whether there was anything to end."""
    if not home.folder.is_dir():
        return False
    supervised = home.supervised
    if supervised:
        _end_supervisor(home)
    left = end_orphans(home.folder)
    return supervised or bool(left)


def _end_supervisor(home: Home) -> None:
    """Ask the supervisor to end and return when its process is gone, not merely its lock."""
    deadline = time.monotonic() + _PATIENCE
    while home.supervised or _lives(home.state()):
        state = home.state()
        if time.monotonic() > deadline:
            raise Problem(f"The supervisor (process {state.pid}) does not end: see {home.logs / 'supervisor.log'}.")
        if _lives(state):
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.pid, signal.SIGTERM)
        time.sleep(0.1)


def _lives(state: State) -> bool:
    return bool(state.pid) and created_at(state.pid) == state.created
