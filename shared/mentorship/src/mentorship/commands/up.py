"""`mentorship up`: the whole platform on this machine."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import typer
from rich.status import Status

from mentorship.local.home import Home, Platform, State
from mentorship.local.ports import DEFAULTS
from mentorship.problem import Problem
from mentorship.terminal import Json, err, print_json, say

_LEAST_FREE = 500 << 20
_PATIENCE = 240.0
PEOPLE = 200

_SERVICES = {
    "matching": "employees, programmes, matches",
    "sessions": "relationships, goals, sessions",
    "notifications": "messages and reminders",
    "analytics": "figures of programmes",
}


def up(
    port: list[str] = typer.Option(
        [], "--port", metavar="NAME=NUMBER", help="A port that must be had; may be repeated."
    ),
    people: int = typer.Option(
        PEOPLE, "--people", min=0, help="Size of the demo company of a first start; 0 for none."
    ),
    foreground: bool = typer.Option(
        False, "--foreground", help="Stay attached instead of leaving a supervisor behind."
    ),
    json: bool = Json,
) -> None:
    """Start the whole platform on this machine and return when all of it is ready."""
    home = Home.find()
    asked = _ports(port)
    if home.supervised:
        _already(home, json)
        return
    _check_machine(home)
    home.create()
    if foreground:
        _stay(home, asked, people, json)
        return
    supervisor = _spawn(home, asked, people)
    try:
        state = _wait(home, supervisor, quiet=json)
    except KeyboardInterrupt:
        supervisor.terminate()
        raise
    _present(Platform(home, state), json)


def _ports(given: list[str]) -> dict[str, int]:
    asked = {}
    for one in given:
        name, _, number = one.partition("=")
        if name not in DEFAULTS or not number.isdigit():
            raise Problem(f"--port wants NAME=NUMBER with one of the names {', '.join(DEFAULTS)}.", exit_code=2)
        asked[name] = int(number)
    return asked


def _already(home: Home, json: bool) -> None:
    state = home.state()
    if state.phase == "ready":
        if not json:
            say("The platform runs already; `make down` stops it.")
        _present(Platform(home, state), json)
        return
    raise Problem(f"The platform is {state.phase} already: `mentorship status` shows how far it is.")


def _check_machine(home: Home) -> None:
    folder = next(parent for parent in (home.folder, *home.folder.parents) if parent.exists())
    if not os.access(folder, os.W_OK):
        raise Problem(f"{folder} cannot be written: take another data folder with MENTORSHIP_HOME.")
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE:
        raise Problem(f"The disk of {folder} is full: {free >> 20} MB are free, {_LEAST_FREE >> 20} MB are needed.")


def _spawn(home: Home, asked: dict[str, int], people: int) -> "subprocess.Popen[bytes]":
    home.state_file.unlink(missing_ok=True)
    ports = [part for name, number in asked.items() for part in ("--port", f"{name}={number}")]
    with (home.logs / "supervisor.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "mentorship.local.supervisor", "--people", str(people), *ports],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "MENTORSHIP_HOME": str(home.folder)},
            cwd=home.folder.parent,
            start_new_session=True,
        )


def _wait(home: Home, supervisor: "subprocess.Popen[bytes]", *, quiet: bool) -> State:
    """Show what the supervisor does until all is ready; a Problem where it ends before."""
    deadline = time.monotonic() + _PATIENCE
    with nullcontext() if quiet else Status("Starting", console=err) as shown:
        while time.monotonic() < deadline:
            state = home.state()
            if state.phase == "ready":
                return state
            if supervisor.poll() is not None:
                raise Problem(home.state().problem or _last_words(home))
            if shown is not None and state.doing:
                shown.update(state.doing[0].upper() + state.doing[1:])
            time.sleep(0.05)
    supervisor.terminate()
    raise Problem(f"The platform was not ready after {_PATIENCE:.0f} s: see {home.logs}.")


def _last_words(home: Home) -> str:
    lines = (home.logs / "supervisor.log").read_text(errors="replace").strip().splitlines()
    last = lines[-1].removeprefix("mentorship: ") if lines else "without a word"
    return f"The supervisor ended: {last}"


def _stay(home: Home, asked: dict[str, int], people: int, json: bool) -> None:
    from mentorship.local.supervisor import supervise

    def ready() -> None:
        _present(Platform(home, home.state()), json)

    with home.lock():
        asyncio.run(supervise(home, asked, people, ready))


def _present(platform: Platform, json: bool) -> None:
    if json:
        print_json(overview(platform))
        return
    for name in platform.state.moved:
        say(f"Port {DEFAULTS[name]} is taken, so {name} listens on {platform.state.ports[name]}.")
    say("\n[bold]The mentorship platform is up.[/bold]\n")
    for name, url, what in _rows(platform):
        say(f"  {name:<14} [cyan]{url:<29}[/cyan] [dim]{what}[/dim]")
    say(f"\nTry next:  [bold]{command_name()} demo[/bold]")


def overview(platform: Platform) -> dict[str, str]:
    """Every URL of the running platform by what answers there."""
    return {name: url for name, url, _ in _rows(platform)}


def _rows(platform: Platform) -> list[tuple[str, str, str]]:
    own, ports = platform.supervisor_url, platform.state.ports
    return [
        *((name, platform.service_url(name), what) for name, what in _SERVICES.items()),
        ("worker", f"http://127.0.0.1:{ports['matching-worker']}/metrics", "works off runs of matching"),
        ("mail", f"{own}/mail", "what the local sink received"),
        ("traces", f"{own}/traces", "the last 20,000 spans"),
        ("issuer", own, "signs this machine's tokens"),
        ("nats", platform.nats_url, f"figures: http://127.0.0.1:{ports['nats-monitor']}"),
        ("postgresql", f"postgresql://127.0.0.1:{ports['postgres']}", "a database per service"),
        ("smtp", platform.smtp_url, "delivers nothing"),
    ]


def command_name() -> str:
    """What to type to run this command again from here."""
    here = Path(sys.argv[0])
    found = shutil.which("mentorship")
    if found and here.exists() and Path(found).samefile(here):
        return "mentorship"
    return os.path.relpath(here) if here.name == "mentorship" else "mentorship"
