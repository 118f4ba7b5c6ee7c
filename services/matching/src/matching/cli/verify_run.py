"""`mentorship verify-run`: proves an exported run again, with formulae of its own."""

from pathlib import Path

import typer


def verify_run(
    file: Path = typer.Argument(
        ..., exists=True, dir_okay=False, readable=True, help="An exported run; may be gzipped."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of a table."),
) -> None:
    """Compute every score, rule, capacity and bound of an exported run anew, and say what holds.

    The engine that made the run takes no part in this. The exit code is 0 if everything holds, 1 if something does
    not, 2 if the file is no exported run.
    """
    import json

    from rich.console import Console
    from rich.markup import escape

    from matching.cli.run_file import read_run
    from matching.cli.task import fail
    from matching.domain.verify import Unreadable, verify

    try:
        verdict = verify(read_run(file))
    except Unreadable as error:
        fail(f"{file}: {error}")
    if as_json:
        findings = [{"check": one.check, "holds": one.holds, "says": one.says} for one in verdict.findings]
        typer.echo(json.dumps({"holds": verdict.holds, "gap": verdict.gap, "findings": findings}, indent=2))
    else:
        console = Console(highlight=False)
        for one in verdict.findings:
            mark = "[green]holds[/green]" if one.holds else "[red]does not hold[/red]"
            console.print(f"{mark}  {escape(one.check)}: {escape(one.says)}", soft_wrap=True)
        console.print(f"\n[bold]{_summary(verdict.holds, verdict.gap)}[/bold]")
    if not verdict.holds:
        raise typer.Exit(1)


def _summary(holds: bool, gap: int | None) -> str:
    if not holds:
        return "Not everything that this run says of itself is true."
    if gap is None:
        return "Everything holds; no bound is claimed."
    return "Everything holds, and no other pairs are better." if gap == 0 else f"Everything holds; the gap is {gap:,}."
