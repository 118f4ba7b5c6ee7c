"""The kinds of value that events are made of: ids, codes, digests, instants, days, counts. None can hold free text."""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

_FIRST = date(1900, 1, 1)
_LAST = date(2200, 12, 31)
# Not zones of IANA but names that some systems keep in the same folder.
_ZONES = frozenset(available_timezones()) - {"localtime", "Factory", "posixrules"}


def _no_number(value: Any) -> Any:
    # pydantic reads 20260101 as seconds since 1970: a date nobody meant
    if isinstance(value, int | float) or (isinstance(value, str) and value.replace(".", "", 1).isdigit()):
        raise ValueError("is a number, not an ISO 8601 date such as 2026-01-31")
    return value


def no_bool(value: Any) -> Any:
    """Refuse true and false where a number belongs: Python counts them as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("is true or false, not a number")  # noqa: TRY004 - pydantic reports a ValueError
    return value


def _thinkable(value: date) -> date:
    if not _FIRST <= value <= _LAST:
        raise ValueError(f"is not between {_FIRST} and {_LAST}")
    return value


def _in_utc(value: datetime) -> datetime:
    # the year decides before the conversion: 0001-01-01T00:00+05:00 has no UTC form
    _thinkable(value.date())
    return value.astimezone(UTC)


def _known_zone(value: str) -> str:
    if value not in _ZONES:
        raise ValueError("is not an IANA time zone, such as Europe/Berlin")
    return value


UtcDatetime = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_in_utc)]
"""An instant; whatever offset it arrives with, it is held and written in UTC."""

Day = Annotated[date, BeforeValidator(_no_number), AfterValidator(_thinkable)]
"""A calendar day, between 1900 and 2200."""

EmployeeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
"""The company's own id of an employee: letters, digits and `._:-`, never a mail address."""

TimeZone = Annotated[
    str, Field(max_length=64, json_schema_extra={"format": "iana-time-zone"}), AfterValidator(_known_zone)
]
"""An IANA time zone name, such as `Europe/Berlin`."""

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""A short machine word, such as a skill or theme code."""

Digest = Annotated[str, Field(pattern=r"^[A-Za-z0-9:+/=_-]{0,128}$")]
"""A digest of something in hexadecimal or base64; empty where there is nothing to digest."""

Count = Annotated[int, Field(ge=0, lt=2**31), BeforeValidator(no_bool)]
"""How many; never negative."""

Percent = Annotated[int, Field(ge=0, le=100), BeforeValidator(no_bool)]
"""How far along: 0 to 100."""

Rating = Annotated[int, Field(ge=1, le=5), BeforeValidator(no_bool)]
"""An answer on a scale: 1 (poor) to 5 (excellent)."""

Seconds = Annotated[float, Field(ge=0, lt=2**31, allow_inf_nan=False), BeforeValidator(no_bool)]
"""A duration in seconds."""

Minutes = Annotated[float, Field(ge=0, le=43200, allow_inf_nan=False), BeforeValidator(no_bool)]
"""A duration in minutes, up to 30 days; a fraction is allowed, 0.1 is six seconds."""

Reminders = Annotated[tuple[Minutes, ...], Field(max_length=10)]
"""How long before a meeting its members are reminded."""
