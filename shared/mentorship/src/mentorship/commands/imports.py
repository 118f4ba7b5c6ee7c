"""`mentorship import`: employees from a file to HR events."""

from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Literal

import typer

from chassis.records import Refusals
from mentorship import broker, terminal
from mentorship.importing import Outcome
from mentorship.progress import progress


def import_file(
    file: Path = typer.Argument(..., exists=True, dir_okay=False, readable=True, help="CSV, or JSON Lines (.jsonl)."),
    publisher: str = typer.Option("hr", "--publisher", help="Sign in to NATS as this publisher."),
    source: str | None = typer.Option(None, "--source", help="CloudEvents source; else the publisher's own."),
    event: Literal["hired", "changed"] = typer.Option("hired", "--event", help="What each row is published as."),
    version: int | None = typer.Option(
        None, "--version", min=0, help="Of rows without one: epoch milliseconds; else when the file was last changed."
    ),
    nats: str | None = broker.NatsUrl,
    credentials: Path | None = broker.Credentials,
    as_json: bool = terminal.Json,
) -> None:
    """Publish employees from a file as HR events.

    The first line names the columns: employee_id, display_name, email, and any of manager_id, department, job_title,
    level, location, timezone, languages, skills, interests, hired_on, effective_on, version.
    Several words in a cell stand apart by ; or |.

    Bad rows are listed in FILE.refused.csv while the good ones go through; then the exit code is 1.
    Repeat the command whenever it was interrupted: what was published is not published twice.
    """
    from contracts.hr import EmployeeChanged, EmployeeHired
    from mentorship.importing import read_rows, send
    from mentorship.publishers import source_of

    facts = file.stat()
    stamp = int(facts.st_mtime * 1000) if version is None else version
    access, refusals, began = broker.access(publisher, nats, credentials), Refusals(file), monotonic()

    async def work() -> Outcome:
        with progress("importing", facts.st_size) as advance:
            rows = read_rows(file, EmployeeHired if event == "hired" else EmployeeChanged, stamp, advance)
            async with broker.connected(access) as connection:
                return await send(connection, rows, source or source_of(publisher), refusals.add)

    outcome = broker.run(work)
    _tell(outcome, refusals.path, monotonic() - began, as_json)
    if outcome.refused:
        raise typer.Exit(1)


def _tell(outcome: Outcome, refused: Path, seconds: float, as_json: bool) -> None:
    listed = str(refused) if outcome.refused else None
    if as_json:
        terminal.print_json(asdict(outcome) | {"seconds": round(seconds, 2), "refused_rows": listed})
        return
    terminal.say(f"{outcome.published:,} published in {seconds:.1f} s.")
    if outcome.repeated:
        terminal.say(f"{outcome.repeated:,} were there already.")
    if listed:
        terminal.out.print(f"{outcome.refused:,} refused, see {listed}", soft_wrap=True, markup=False)
