"""`mentorship status`: what runs, what waits, and what is the matter."""

import asyncio
from dataclasses import asdict
from typing import Any

import typer
from rich.text import Text

from mentorship.local.home import Home, Platform
from mentorship.local.inspection import Findings, inspect
from mentorship.problem import Problem
from mentorship.terminal import Json, print_json, print_table, say

_NOT_RUNNING = 2
_NOT_WELL = 1


def status(json: bool = Json) -> None:
    """Show what runs and what waits. Exit code 0: all is well; 1: something needs a look; 2: it does not run."""
    home = Home.find()
    state = home.state()
    try:
        platform = home.platform()
    except Problem as problem:
        why = f" It failed to start: {state.problem}" if state.phase == "failed" else ""
        if json:
            print_json({"phase": "failed" if why else "stopped", "problems": [problem.sentence + why]})
            raise typer.Exit(_NOT_RUNNING) from None
        raise Problem(problem.sentence + why, exit_code=_NOT_RUNNING) from None
    found = asyncio.run(inspect(platform))
    if state.phase not in {"ready", "containers"}:
        found.problems.insert(0, f"The platform is {state.phase}: {state.doing}")
    if json:
        print_json(as_json(platform, found))
    else:
        _tables(found)
    raise typer.Exit(_NOT_WELL if found.problems else 0)


def as_json(platform: Platform, found: Findings) -> dict[str, Any]:
    """Everything that status knows, for programs."""
    users = {user: {"credentials": str(platform.credentials(user))} for user in platform.users()}
    return {
        "phase": platform.state.phase,
        **asdict(found),
        "nats": {"url": platform.nats_url, "users": users},
        "mail": {"url": f"{platform.supervisor_url}/mail", "smtp": platform.smtp_url},
        "issuer": {"url": platform.supervisor_url, "jwks": f"{platform.supervisor_url}/.well-known/jwks.json"},
        "traces": {"url": f"{platform.supervisor_url}/traces"},
        "postgres": {"port": platform.state.ports["postgres"]},
    }


def _tables(found: Findings) -> None:
    print_table(
        "Processes",
        ("process", "state", "pid", "restarts", "MB (PSS)"),
        [
            (one["name"], _coloured(one["state"]), one["pid"], one["restarts"], one["megabytes"])
            for one in found.processes
        ],
    )
    print_table(
        "Services",
        ("service", "URL", "ready", "revision", "outbox", "oldest"),
        [
            (name, one["url"], _yes(one["ready"]), _revision(found.databases[name]), *_waiting(found.outbox.get(name)))
            for name, one in found.services.items()
        ],
    )
    _backlog(found)
    if found.stale_hr:
        rows = [(one["source"], one["reason"], one["refused"], one["last_at"]) for one in found.stale_hr]
        print_table("HR events refused", ("source", "because", "times", "last"), rows)
    if (one := found.erasures).get("people"):
        since = f"{one['oldest_seconds']} s"
        say(f"{one['people']} erased people are still in {one['messages']} messages of the stream, for {since}")
    for name, number in found.dead_letters.items():
        say(f"{number} dead letter{'' if number == 1 else 's'} of {name}")
    for sentence in found.problems:
        say(f"[yellow]![/yellow] {sentence}")
    if not found.problems:
        say("[green]All is well.[/green]")


def _backlog(found: Findings) -> None:
    waiting = [one for one in found.consumers if one["pending"] or one["unacknowledged"]]
    if waiting:
        print_table(
            "Consumers that have something to do",
            ("stream", "consumer", "pending", "unacknowledged", "redelivered", "oldest"),
            [(*list(one.values())[:-1], f"{one['oldest_seconds']} s") for one in waiting],
        )
    else:
        say(f"All {len(found.consumers)} consumers have handled everything.")


def _coloured(state: str) -> Text:
    return Text(state, "" if state == "running" else "red")


def _yes(ready: bool) -> Text:
    return Text("yes") if ready else Text("no", "red")


def _revision(database: dict[str, Any]) -> Text:
    revision, newest = database["revision"], database["newest"]
    if revision == newest:
        return Text(str(revision))
    return Text(f"{revision or 'unknown'}", "red").append(f" (newest {newest})", "default")


def _waiting(outbox: dict[str, Any] | None) -> tuple[str | None, str | None]:
    if outbox is None:
        return None, None
    return str(outbox["waiting"]), f"{outbox['oldest_seconds']} s" if outbox["waiting"] else None
