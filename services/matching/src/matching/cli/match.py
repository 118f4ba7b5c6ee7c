"""`mentorship match`: who goes with whom, from one file and without a server."""

from datetime import datetime
from pathlib import Path
from typing import Literal

import typer


def match(
    people: Path = typer.Argument(..., exists=True, dir_okay=False, readable=True, help="CSV, or JSON Lines (.jsonl)."),
    rules: Path | None = typer.Option(
        None, "--rules", exists=True, dir_okay=False, help="The programme's rules as JSON; else the usual ones."
    ),
    programme_format: Literal["one_on_one", "group", "peer", "reverse"] = typer.Option(
        "one_on_one", "--format", help="Kind of programme."
    ),
    out: Path | None = typer.Option(None, "--out", help="Write the pairs there as CSV."),
    html: Path | None = typer.Option(None, "--html", help="Write a report with plots there, one file of its own."),
    run: Path | None = typer.Option(None, "--run", help="Write the whole run there, for `mentorship verify-run`."),
    pairs: Path | None = typer.Option(
        None,
        "--pairs",
        exists=True,
        dir_okay=False,
        help="CSV of mentee_id, mentor_id, kind: must_match, forbidden, earlier.",
    ),
    taxonomy: Path | None = typer.Option(
        None, "--taxonomy", exists=True, dir_okay=False, help="Skills of your own as CSV, or ESCO's skills_en.csv."
    ),
    day: datetime | None = typer.Option(None, "--day", formats=["%Y-%m-%d"], help="Match as of that day; else today."),
    seconds: float | None = typer.Option(None, "--seconds", min=0, help="Stop then, with what is found and its gap."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of a report."),
) -> None:
    """Match the people of one file: no server, no account, nothing leaves this machine.

    The first line names the columns: employee_id, role (mentee, mentor, peer), and any of manager_id, level,
    department, location, timezone, hired_on, languages, skills_wanted, skills_offered, goals, interests, style,
    meeting, wishes, blocks, earlier, capacity, trained, display_name, email. Several words in a cell stand apart
    by ; or |.

    Rows that cannot be meant are listed with their reasons in PEOPLE.refused.csv while the others are matched; then
    the exit code is 1. It is 2 if nothing could be matched at all.
    """
    from matching.cli.matching_run import match_files
    from matching.cli.task import Given

    given = Given(people, rules, programme_format, pairs, taxonomy, day)
    refused = match_files(given, out=out, html=html, run=run, seconds=seconds, as_json=as_json)
    if refused:
        raise typer.Exit(1)
