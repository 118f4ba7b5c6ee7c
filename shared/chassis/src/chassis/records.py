"""Reads records from CSV or JSON Lines, row by row; a bad row is described and the next one read."""

import csv
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import filterfalse
from pathlib import Path
from typing import Any, TextIO

_JSON_LINES = frozenset({".jsonl", ".ndjson"})
_LONGEST_LINE = 1 << 20


class NoTable(Exception):
    """The file as a whole cannot be read as records; says what is the matter with it."""


@dataclass(frozen=True, slots=True)
class Record:
    """What one row says: the line it begins on, counted from 1, and its fields; an empty cell says nothing."""

    line: int
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be meant: the line it begins on, counted from 1, and what is wrong."""

    line: int
    reason: str


def read_records(
    path: Path,
    required: Collection[str],
    known: Collection[str] | None = None,
    behind: Callable[[int], None] = lambda _: None,
) -> Iterator[Record | Refused]:
    """Every row of the file, a CSV unless its name says JSON Lines; a CSV's first line names the columns.

    A CSV has the `required` columns; nothing but the `known` is there if these are given. `behind` is told after each
    line how many more bytes of the file have been read.
    """
    # Bytes that are no UTF-8 become lone surrogates, for which their own row alone is refused.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        lines = _counted(file, behind)
        yield from _json_lines(lines, known) if path.suffix in _JSON_LINES else _csv(lines, required, known)


def words_of(cell: str) -> list[str]:
    """The words of a cell that holds several, separated by ; or |."""
    return [word.strip() for word in cell.replace("|", ";").split(";") if word.strip()]


class Refusals:
    """The file beside the one that is read that says which rows were refused and why; made when the first one is."""

    def __init__(self, beside: Path) -> None:
        self.path = beside.with_name(f"{beside.name}.refused.csv")
        self.path.unlink(missing_ok=True)

    def add(self, *refused: Refused) -> None:
        """Note some rows."""
        with self.path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if file.tell() == 0:
                writer.writerow(("line", "reason"))
            writer.writerows((row.line, row.reason) for row in refused)


def _counted(file: TextIO, behind: Callable[[int], None]) -> Iterator[str]:
    # A line is read in pieces of bounded length, so that a file without line ends cannot fill the memory.
    while piece := file.readline(_LONGEST_LINE):
        behind(len(piece.encode("utf-8", "surrogateescape")))
        yield piece


def _json_lines(lines: Iterable[str], known: Collection[str] | None) -> Iterator[Record | Refused]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _parsed(number, line, known)


def _parsed(number: int, line: str, known: Collection[str] | None) -> Record | Refused:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return Refused(number, "row: is not JSON")
    if not isinstance(fields, dict):
        return Refused(number, "row: is not a JSON object")
    if not _is_utf8(json.dumps(fields, ensure_ascii=False) if "\\u" in line else line):
        return Refused(number, "row: is not UTF-8")
    if unknown := _unknown(fields, known):
        return Refused(number, f"row: {unknown}")
    return Record(number, fields)


def _csv(lines: Iterator[str], required: Collection[str], known: Collection[str] | None) -> Iterator[Record | Refused]:
    header = next(lines, "")
    delimiter = max(",;\t", key=header.count)
    columns = _columns(next(csv.reader([header], delimiter=delimiter), []), required, known)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        line = reader.line_num + 2  # the header is line 1, and a quoted cell may span several lines
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            yield Refused(line, f"row: {error}")
            continue
        if any(cells):
            yield _record(line, columns, cells)


def _columns(header: list[str], required: Collection[str], known: Collection[str] | None) -> list[str]:
    columns = [column.strip().casefold() for column in header]
    named = list(filter(None, columns))
    if missing := list(filterfalse(named.__contains__, required)):
        raise NoTable(f"has no column {' and no column '.join(missing)}: its first line must name the columns")
    if twice := sorted({column for column in named if named.count(column) > 1}):
        raise NoTable(f"has two columns {twice[0]!r}")
    if unknown := _unknown(named, known):
        raise NoTable(unknown)
    return columns


def _unknown(fields: Iterable[str], known: Collection[str] | None) -> str | None:
    if known is None or not (unknown := sorted(filterfalse(known.__contains__, fields))):
        return None
    return f"has {unknown[0][:40]!r}, which means nothing here; there are {', '.join(sorted(known))}"


def _record(line: int, columns: list[str], cells: list[str]) -> Record | Refused:
    if len(cells) != len(columns):
        return Refused(line, f"row: has {len(cells)} cells, the first line names {len(columns)}")
    if not _is_utf8("".join(cells)):
        return Refused(line, "row: is not UTF-8")
    return Record(line, {column: cell for column, cell in zip(columns, cells, strict=True) if cell})


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
