"""Reads employees from CSV or JSON Lines, row by row; a bad row is described and the next one read."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from pydantic import ValidationError

from chassis.cloudevents import describe_invalid
from contracts.hr import EmployeeRecord
from mentorship.problem import Problem

_REQUIRED = ("employee_id", "display_name", "email")
_LISTS = ("languages", "skills", "interests")
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """A good row, as the event it becomes."""

    line: int
    event: EmployeeRecord


@dataclass(frozen=True, slots=True)
class Refused:
    """A bad row: the line it begins on, counted from 1, and what is wrong, without the values themselves."""

    line: int
    reason: str


def read_rows(
    path: Path, event_class: type[EmployeeRecord], version: int, read: Callable[[int], None] = lambda _: None
) -> Iterator[Row | Refused]:
    """Every row of the file; `version` is stamped on those that bring none of their own.

    `read` is told after each row how many more bytes of the file are behind us.
    """
    seen: dict[str, int] = {}
    try:
        # Bytes that are no UTF-8 become lone surrogates, which the record then refuses for their own row only.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            counted = _Counted(file, read)
            records = _json_lines(counted) if path.suffix in {".jsonl", ".ndjson"} else _csv(counted, path)
            for line, record in records:
                if isinstance(record, str):
                    yield Refused(line, record)
                    continue
                checked = _checked(line, {"version": version} | record, event_class)
                if isinstance(checked, Row):
                    first = seen.setdefault(checked.event.employee_id, line)
                    if first != line:
                        checked = Refused(line, f"employee_id: stands in line {first} already")
                yield checked
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from None


class _Counted:
    """Lines of a file; tells how many bytes each took."""

    def __init__(self, file: TextIO, read: Callable[[int], None]) -> None:
        self._file = file
        self._read = read

    def __iter__(self) -> Iterator[str]:
        # A line is read in pieces of bounded length, so that a file without line ends cannot fill the memory.
        while piece := self._file.readline(_LONGEST_LINE):
            self._read(len(piece.encode("utf-8", "surrogateescape")))
            yield piece


def _checked(line: int, record: Mapping[str, Any], event_class: type[EmployeeRecord]) -> Row | Refused:
    try:
        return Row(line, event_class.model_validate(record))
    except ValidationError as error:
        faults = describe_invalid(error)
        return Refused(
            line, "; ".join(f"{fault['pointer'].strip('/') or 'row'}: {fault['detail']}" for fault in faults)
        )


def _json_lines(lines: Iterator[str] | _Counted) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            yield number, "row: is not JSON"
            continue
        yield number, record if isinstance(record, dict) else "row: is not a JSON object"


def _csv(lines: Iterator[str] | _Counted, path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    source = iter(lines)
    header = next(source, "")
    delimiter = max(",;\t", key=header.count)
    columns = next(csv.reader([header], delimiter=delimiter), [])
    columns = [column.strip().lower() for column in columns]
    if missing := [name for name in _REQUIRED if name not in columns]:
        raise Problem(f"{path} has no column {', '.join(missing)}: its first line must name the columns.")
    reader = csv.reader(source, delimiter=delimiter)
    while True:
        line = reader.line_num + 2  # the header is line 1, and a quoted cell may span several lines
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"row: {error}"
            continue
        if not cells:
            continue
        if len(cells) != len(columns):
            yield line, f"row: has {len(cells)} cells, the first line names {len(columns)}"
            continue
        yield line, _record(columns, cells, "|" if delimiter == ";" else ";|")


def _record(columns: list[str], cells: list[str], separators: str) -> dict[str, Any]:
    """What a CSV row says; an empty cell says nothing."""
    record: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=True):
        if not cell.strip():
            continue
        if column in _LISTS:
            split = cell.replace(separators[0], separators[-1]).split(separators[-1])
            record[column] = [word.strip() for word in split if word.strip()]
        else:
            record[column] = cell.strip()
            if column in {"level", "version"}:
                with suppress(ValueError):
                    record[column] = int(cell)
    return record
