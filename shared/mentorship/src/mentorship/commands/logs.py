"""`mentorship logs`: what the processes of this machine wrote."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import typer
from rich.text import Text

from mentorship.local.home import Home
from mentorship.problem import Problem
from mentorship.terminal import out

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")
_PLAIN = ("event", "timestamp", "level", "service", "logger")


def logs(
    process: str = typer.Argument("", help="One process: matching, nats, supervisor, ... ; all of them if not given."),
    lines: int = typer.Option(20, "--lines", "-n", min=0, help="Lines of each process to begin with."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on as they write, until Ctrl-C."),
    raw: bool = typer.Option(False, "--json", help="The lines as they were written."),
) -> None:
    """Show what the processes wrote."""
    files = _files(Home.find(), process)
    show = _Shown([name for name, _ in files], raw=raw)
    with ExitStack() as opened:
        read = [(name, opened.enter_context(path.open(errors="replace"))) for name, path in files]
        for name, file in read:
            for line in _last(file, lines):
                show(name, line)
        while follow:
            written = [(name, line) for name, file in read for line in file]
            for name, line in written:
                show(name, line)
            if not written:
                _from_start_if_emptied([file for _, file in read])
                time.sleep(0.2)


def _files(home: Home, process: str) -> list[tuple[str, Path]]:
    found = sorted((path.stem, path) for path in home.logs.glob("*.log"))
    if not found:
        raise Problem("Nothing has run here yet: start the platform with `make up`.")
    if not process:
        return found
    wanted = [(name, path) for name, path in found if name == process]
    if not wanted:
        raise Problem(f"There is no process {process}: there are {', '.join(name for name, _ in found)}.")
    return wanted


def _last(file: TextIO, lines: int) -> list[str]:
    return file.readlines()[-lines:] if lines else file.readlines()[:0]


def _from_start_if_emptied(files: list[TextIO]) -> None:
    for file in files:
        if file.tell() > Path(file.name).stat().st_size:
            file.seek(0)


class _Shown:
    """Prints lines, each with the name of its process in a colour of its own."""

    def __init__(self, names: list[str], *, raw: bool) -> None:
        self._raw = raw
        self._width = max(map(len, names))
        self._colours = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(sorted(names))}

    def __call__(self, name: str, line: str) -> None:
        if self._raw:
            typer.echo(line.rstrip("\n"))
            return
        text = Text(f"{name:<{self._width}} ", style=self._colours[name])
        text.append_text(_readable(line.rstrip("\n")))
        out.print(text, soft_wrap=True)


def _readable(line: str) -> Text:
    """A structured line as time, level, event and the rest; any other line as it is."""
    try:
        record = json.loads(line)
        moment, event = record["timestamp"], record["event"]
    except (ValueError, KeyError, TypeError):
        return Text(line)
    level = str(record.get("level", "info"))
    style = {"error": "bold red", "critical": "bold red", "warning": "yellow"}.get(level, "")
    text = Text(f"{moment[11:23]} ", style="dim")
    text.append(f"{event}", style=style or "bold")
    for key, value in _rest(record):
        text.append(f" {key}=", style="dim")
        text.append(str(value), style=style)
    return text


def _rest(record: dict[str, object]) -> Iterator[tuple[str, object]]:
    return ((key, value) for key, value in record.items() if key not in _PLAIN)
