"""Writes people to a file that `mentorship import` reads: CSV, or JSON Lines by its ending."""

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from contracts.hr import EmployeeHired

COLUMNS = tuple(name for name in EmployeeHired.model_fields if name not in {"version", "effective_on"})
LIST_SEPARATOR = ";"


def write(people: Iterable[EmployeeHired], path: Path, written: Callable[[int], None] = lambda _: None) -> None:
    """Write each person as they come, calling `written` with 1 after each; never more than one in memory."""
    with path.open("w", encoding="utf-8", newline="") as file:
        put = _json_lines(file) if path.suffix in {".jsonl", ".ndjson"} else _csv(file)
        for person in people:
            put(person)
            written(1)


def _json_lines(file: TextIO) -> Callable[[EmployeeHired], None]:
    def put(person: EmployeeHired) -> None:
        file.write(json.dumps(person.model_dump(mode="json", include=set(COLUMNS)), ensure_ascii=False) + "\n")

    return put


def _csv(file: TextIO) -> Callable[[EmployeeHired], None]:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)

    def put(person: EmployeeHired) -> None:
        row = person.model_dump(mode="json", include=set(COLUMNS))
        cells = (row[column] for column in COLUMNS)
        writer.writerow(LIST_SEPARATOR.join(cell) if isinstance(cell, list) else cell for cell in cells)

    return put
