"""What HR and other internal services publish about employees. The only events with names and addresses."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from contracts.event import Event
from contracts.words import Day, EmployeeId, TimeZone, no_bool

# Controls, surrogates, line and paragraph separators, and what turns the direction of the text around it. Unusual
# spaces and joiners stay: names in Japanese, Persian or Hindi are written with them.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def _printable(value: str) -> str:
    if not value.isprintable() and _UNPRINTABLE.search(value):
        raise ValueError("holds control characters, line breaks or lone surrogates")
    return value


Line = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True), AfterValidator(_printable)]
"""One printable line of text."""

Word = Annotated[
    str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), AfterValidator(_printable)
]
"""One printable, non-empty line of at most 100 characters."""

Codes = Annotated[tuple[Word, ...], Field(max_length=200)]
"""A list of at most 200 short words: skills, languages, interests."""

_ADDRESS = r'^[^@\s<>",;:\\()\[\]]+@[^@\s<>",;:\\()\[\]]+\.[^@\s<>",;:\\()\[\]]+$'


def _mailable(value: str) -> str:
    if not re.fullmatch(_ADDRESS, value):
        raise ValueError("is not a mail address, such as ada@example.com")
    return value


EmailAddress = Annotated[
    str,
    Field(max_length=254, json_schema_extra={"pattern": _ADDRESS}),
    AfterValidator(_printable),
    AfterValidator(_mailable),
]
"""An address that a mail can be sent to: no display name, no comment, no quoting."""

Version = Annotated[int, Field(ge=0, lt=2**63), BeforeValidator(no_bool)]
"""Comparable over all sources that write about one employee: time of last change, epoch milliseconds."""


class EmployeeEvent(Event):
    """Something about one employee; of two events about the same one the higher version counts."""

    employee_id: EmployeeId
    version: Version


class EmployeeRecord(EmployeeEvent):
    """The whole record of an employee, true from the start of `effective_on` in the employee's time zone."""

    display_name: Annotated[Line, Field(min_length=1)]
    email: EmailAddress
    manager_id: EmployeeId | None = None
    department: Line = ""
    job_title: Line = ""
    level: Annotated[int, Field(ge=0, le=100), BeforeValidator(no_bool)] = 0
    location: Line = ""
    timezone: TimeZone = "UTC"
    languages: Codes = ()
    skills: Codes = ()
    interests: Codes = ()
    hired_on: Day | None = None
    effective_on: Day | None = None


class EmployeeHired(EmployeeRecord, subject="hr.employee.hired.v1", about="employee_id"):
    """Somebody joins the company, or joins it again."""


class EmployeeChanged(EmployeeRecord, subject="hr.employee.changed.v1", about="employee_id"):
    """Something in an employee's record is different; the whole record follows."""


class EmployeeLeft(EmployeeEvent, subject="hr.employee.left.v1", about="employee_id"):
    """Somebody is gone from the start of `left_on` in their time zone; it may lie ahead."""

    left_on: Day
    reason: Literal["voluntary", "involuntary", "unknown"] = "unknown"


class EmployeeErased(EmployeeEvent, subject="hr.employee.erased.v1", about="employee_id"):
    """Forget this person everywhere. Final: later events for this id are dropped and counted."""
