"""`mentorship events`: which events there are, who says them and who hears them."""

from dataclasses import asdict
from pathlib import Path

import typer

from mentorship.eventdocs import as_markdown, catalogue, subscriber_tables
from mentorship.problem import Problem
from mentorship.terminal import Json, print_json, print_table, say

DOCUMENT = Path("docs/events.md")


def events(
    json: bool = Json,
    write: bool = typer.Option(False, "--write", help=f"Write {DOCUMENT} (from the project's folder)."),
    check: bool = typer.Option(False, "--check", help=f"Exit 1 if {DOCUMENT} is stale."),
) -> None:
    """List every event with its publisher and its subscribers."""
    entries = catalogue(subscriber_tables())
    if check or write:
        text = as_markdown(entries)
        current = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
        if check and current != text:
            raise Problem(f"{DOCUMENT} is stale: run `mentorship events --write`.")
        if write:
            DOCUMENT.parent.mkdir(exist_ok=True)
            DOCUMENT.write_text(text, encoding="utf-8")
        say(f"{DOCUMENT} is up to date.")
        return
    if json:
        print_json([asdict(entry) for entry in entries])
        return
    rows = [(entry.subject, "\n".join(entry.subscribers) or None) for entry in entries]
    print_table("Events", ("event", "heard by"), rows)
    say("hr.* is published by HR and other declared publishers, mentorship.SERVICE.* by that service.")
