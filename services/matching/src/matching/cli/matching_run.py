"""Matches what the files hold, shows how far it is, and writes what was asked for."""

import json
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from chassis.records import Refusals, Refused
from matching.cli.outcome import Outcome
from matching.cli.report_page import page
from matching.cli.report_text import show
from matching.cli.task import Given, fail, task_of
from matching.domain.export import exported
from matching.domain.fairness import fairness
from matching.domain.problems import Problem
from matching.domain.refusal import BadValue
from matching.domain.rules import CRITERIA
from matching.domain.runs import solve
from matching.domain.solutions import Solution
from matching.domain.spreadsheet import csv_lines


def match_files(
    given: Given, *, out: Path | None, html: Path | None, run: Path | None, seconds: float | None, as_json: bool
) -> int:
    """Read, match, report; how many rows were refused."""
    began = monotonic()
    task = task_of(given)
    refused = _refusals(given.people, task.people.refused)
    outcome = _outcome(task.problem, seconds, task.people.refused, began)
    if out is not None:
        out.write_text(_pairs_csv(outcome.solution), encoding="utf-8", newline="")
    if html is not None:
        html.write_text(page(outcome, title=given.people.stem), encoding="utf-8")
    if run is not None:
        run.write_text(json.dumps(exported(task.problem, outcome.solution)), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(_as_json(outcome, refused), indent=2, ensure_ascii=False))
    else:
        console = Console(highlight=False)
        show(outcome, console)
        for what, path in (("pairs", out), ("report", html), ("run", run), ("refused rows", refused)):
            if path is not None:
                console.print(f"[dim]{what}:[/dim] {path}", soft_wrap=True)
    return len(task.people.refused)


def _outcome(problem: Problem, seconds: float | None, refused: tuple[Refused, ...], began: float) -> Outcome:
    limit = None if seconds is None else monotonic() + seconds
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not Console(stderr=True).is_terminal,
    )
    with bar:
        doing = bar.add_task(f"matching {len(problem.mentees):,} people", total=110)
        say: Callable[[int], None] = lambda percent: bar.update(doing, completed=percent)  # noqa: E731
        try:
            solution = solve(problem, say, lambda: limit is not None and monotonic() > limit)
        except BadValue as error:
            fail(f"{error.field}: {error.detail}")
        bar.update(doing, description="looking at fairness", completed=100)
        found = fairness(problem, solution, range(len(problem.mentees)))
        bar.update(doing, completed=110)
    return Outcome(problem, solution, found, refused, monotonic() - began)


def _refusals(people: Path, refused: tuple[Refused, ...]) -> Path | None:
    """The file beside the people's that says which rows were refused and why."""
    listed = Refusals(people)
    if not refused:
        return None
    listed.add(*refused)
    return listed.path


def _pairs_csv(solution: Solution) -> str:
    rows = ([pair.mentee, pair.mentor, pair.score, *map(pair.contributions.get, CRITERIA)] for pair in solution.pairs)
    return csv_lines([["mentee_id", "mentor_id", "score", *CRITERIA], *rows])


def _as_json(outcome: Outcome, refused: Path | None) -> dict[str, Any]:
    solution = outcome.solution
    return {
        **solution.report,
        "points": sum(pair.score for pair in solution.pairs),
        "total": solution.total,
        "seconds": round(outcome.seconds, 3),
        "fairness": outcome.fairness,
        "pairs": [
            {"mentee_id": p.mentee, "mentor_id": p.mentor, "score": p.score, "contributions": p.contributions}
            for p in solution.pairs
        ],
        "unmatched": solution.unmatched,
        "inputs_digest": solution.inputs_digest,
        "refused": [{"line": row.line, "reason": row.reason} for row in outcome.refused],
        "refused_rows": None if refused is None else str(refused),
    }
