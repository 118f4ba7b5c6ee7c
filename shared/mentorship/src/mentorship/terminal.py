"""How commands speak: tables and sentences for people, JSON for programs."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)

Json = typer.Option(False, "--json", help="Print JSON instead of a table.")
"""The `--json` option, the same in every command that prints a table."""


def say(sentence: str) -> None:
    """Print one line for the person; it may hold rich markup."""
    out.print(sentence)


def harmless(text: str) -> str:
    """The same text with what a terminal would obey (control characters, direction marks) written out as escapes."""
    return "".join(one if one.isprintable() or one in "\n\t" else repr(one)[1:-1] for one in text)


def print_json(value: Any) -> None:
    """Print `value` as JSON on stdout, with nothing around it; times and ids become strings."""
    text = json.dumps(value, indent=2, default=str, ensure_ascii=False)
    typer.echo("".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under a title; a cell that is None shows as a dash, and only a `Text` has a style.

    Where the terminal is too narrow the other columns are folded, never the first: it says what a row is about.
    """
    table = Table(header_style="dim", box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == columns[0])
    for row in rows:
        table.add_row(*map(_shown, row))
    out.print(f"[bold]{title}[/bold]")  # a title of the table's own would wrap at the table's width
    out.print(table)
    out.print()


def _shown(cell: Any) -> Text:
    """What others wrote, too, as a cell that obeys none of it."""
    return cell if isinstance(cell, Text) else Text("-" if cell is None else harmless(str(cell)))
