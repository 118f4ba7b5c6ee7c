"""`mentorship company`: a made-up company in a file."""

from pathlib import Path

import typer

from mentorship import terminal
from mentorship.problem import Problem
from mentorship.progress import progress


def company(
    out: Path = typer.Option(..., "--out", help="Where to write: .csv, or .jsonl for JSON Lines."),
    size: int = typer.Option(1000, "--size", min=50, max=100_000, help="How many people."),
    seed: int = typer.Option(1, "--seed", help="The same seed gives the same people."),
) -> None:
    """Write a made-up company to a file: an organisation with sites, levels, skills and languages."""
    from mentorship.company import people, write

    try:
        with progress("writing people", size) as advance:
            write(people(size, seed), out, advance)
    except OSError as error:
        raise Problem(f"{out} cannot be written: {error.strerror}.") from None
    terminal.err.print(f"{size:,} people are in {out}. Publish them with: mentorship import {out}", soft_wrap=True)
