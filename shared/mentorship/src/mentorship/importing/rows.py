"""Reads employees from CSV or JSON Lines, row by row; a bad row is described and the next one read."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chassis.cloudevents import describe_invalid
from chassis.records import NoTable, Record, Refused, read_records, words_of
from contracts.hr import EmployeeRecord
from mentorship.problem import Problem

_REQUIRED = ("employee_id", "display_name", "email")
_LISTS = ("languages", "skills", "interests")
_NUMBERS = ("level", "version")


@dataclass(frozen=True, slots=True)
class Row:
    """A good row, as the event it becomes."""

    line: int
    event: EmployeeRecord


def read_rows(
    path: Path, event_class: type[EmployeeRecord], version: int, read: Callable[[int], None] = lambda _: None
) -> Iterator[Row | Refused]:
    """Every row of the file; `version` is stamped on those that bring none of their own.

    `read` is told after each row how many more bytes of the file are behind us. Reasons never repeat what stands in it.
    """
    seen: dict[str, int] = {}
    try:
        for record in read_records(path, _REQUIRED, behind=read):
            row = record if isinstance(record, Refused) else _checked(record, event_class, version)
            if isinstance(row, Row):
                first = seen.setdefault(row.event.employee_id, row.line)
                if first != row.line:
                    row = Refused(row.line, f"employee_id: stands on line {first} already")
            yield row
    except NoTable as error:
        raise Problem(f"{path} {error}.") from None
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from None


def _checked(record: Record, event_class: type[EmployeeRecord], version: int) -> Row | Refused:
    fields = {"version": version} | {name: _typed(name, value) for name, value in record.fields.items()}
    try:
        return Row(record.line, event_class.model_validate(fields))
    except ValidationError as error:
        faults = describe_invalid(error)
        reasons = (f"{fault['pointer'].strip('/') or 'row'}: {fault['detail']}" for fault in faults)
        return Refused(record.line, "; ".join(reasons))


def _typed(field: str, value: Any) -> Any:
    """What a cell says as its field's type; what is none is left for the record to refuse."""
    if isinstance(value, str):
        if field in _LISTS:
            return words_of(value)
        if field in _NUMBERS:
            with suppress(ValueError):
                return int(value)
    return value
