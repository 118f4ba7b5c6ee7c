"""`mentorship verify-run`: proves an exported run again, with formulae of its own."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from matching.domain.verify import Verdict


def verify_run(
    file: Path = typer.Argument(
        ..., exists=True, dir_okay=False, readable=True, help="An exported run; may be gzipped."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of a table."),
) -> None:
    """Compute every score, rule, capacity and bound of an exported run anew, and say what holds.

    The engine that made the run takes no part in this. The exit code is 0 if everything holds and is proven, 1 if
    something is false, 2 if the file is no exported run, 3 if nothing is false but the file does not prove all that it
    claims: what that is stands in the lines that begin with "not proven".
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
        said = {"holds": verdict.holds, "gap": verdict.gap, "findings": findings, "unproven": verdict.unproven}
        typer.echo(json.dumps(said, indent=2))
    else:
        console = Console(highlight=False)
        for one in verdict.findings:
            mark = "[green]holds[/green]" if one.holds else "[red]does not hold[/red]"
            console.print(f"{mark}  {escape(one.check)}: {escape(one.says)}", soft_wrap=True)
        for words in verdict.unproven:
            console.print(f"[yellow]not proven[/yellow]  {escape(words)}", soft_wrap=True)
        console.print(f"\n[bold]{_summary(verdict)}[/bold]")
    if not verdict.holds:
        raise typer.Exit(1)
    if verdict.unproven:
        raise typer.Exit(3)


def _summary(verdict: "Verdict") -> str:
    if not verdict.holds:
        return "Not everything that this run says of itself is true."
    held = "Nothing here is false, but not everything is proven" if verdict.unproven else "Everything holds"
    if verdict.gap is None:
        return f"{held}."
    if verdict.gap:
        return f"{held}; the value is proven to lie at most {verdict.gap:,} below the best."
    return (
        f"{held}; no other pairs have a higher value."
        if verdict.unproven
        else f"{held}, and no other pairs are better."
    )
