"""What HR and other internal services publish about employees. The only events with names and addresses."""

from datetime import date
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from contracts.event import EmployeeId, Event

_ZONES = frozenset(available_timezones())


def _known_zone(value: str) -> str:
    if value not in _ZONES:
        raise ValueError("is not an IANA time zone, such as Europe/Berlin")
    return value


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("holds control characters, line breaks or lone surrogates")
    return value


TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""An IANA time zone name, such as `Europe/Berlin`."""

Line = Annotated[str, Field(max_length=200), AfterValidator(_printable)]
"""One printable line of text."""

Codes = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)], ...], Field(max_length=200)]
"""A list of at most 200 short words: skills, languages, interests."""

EmailAddress = Annotated[str, Field(max_length=254, pattern=r"^[^@\s<>\",;:\\()\[\]]+@[^@\s<>\",;:\\()\[\]]+\.[^@\s<>\",;:\\()\[\]]+$"), AfterValidator(_printable)]

Version = Annotated[int, Field(ge=0, lt=2**63)]
"""Comparable over all sources that write about one employee: time of last change, epoch milliseconds."""


class EmployeeRecord(Event):
    """The whole record of an employee, true from the start of `effective_on` in the employee's time zone."""

    employee_id: EmployeeId
    version: Version
    display_name: Annotated[Line, Field(min_length=1)]
    email: EmailAddress
    manager_id: EmployeeId | None = None
    department: Line = ""
    job_title: Line = ""
    level: Annotated[int, Field(ge=0, le=100)] = 0
    location: Line = ""
    timezone: TimeZone = "UTC"
    languages: Codes = ()
    skills: Codes = ()
    interests: Codes = ()
    hired_on: date | None = None
    effective_on: date | None = None


class EmployeeHired(EmployeeRecord, subject="hr.employee.hired.v1", about="employee_id"):
    """Somebody joins the company, or joins it again."""


class EmployeeChanged(EmployeeRecord, subject="hr.employee.changed.v1", about="employee_id"):
    """Something in an employee's record is different; the whole record follows."""


class EmployeeLeft(Event, subject="hr.employee.left.v1", about="employee_id"):
    """Somebody's last day is `left_on`; it may lie ahead."""

    employee_id: EmployeeId
    version: Version
    left_on: date
    reason: Literal["voluntary", "involuntary", "unknown"] = "unknown"


class EmployeeErased(Event, subject="hr.employee.erased.v1", about="employee_id"):
    """Forget this person everywhere. Final: later events for this id are dropped and counted."""

    employee_id: EmployeeId
    version: Version
