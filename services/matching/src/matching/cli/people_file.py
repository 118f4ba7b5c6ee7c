"""People from one file: CSV, or JSON Lines (.jsonl), each row read and checked for itself.

Columns (only the first two are needed; several words in a cell are separated by ; or |):

    employee_id      who it is
    role             mentee, mentor, peer, or several of them; empty: takes no part, but stands in the organisation
    manager_id       employee_id of the manager: nobody is matched within their own reporting line
    level            a whole number, higher is more senior
    department       any words
    location         "Berlin, DE": site and country
    timezone         an IANA name such as Europe/Berlin; UTC unless said
    hired_on         a day, such as 2024-05-01
    languages        such as en;de
    skills_wanted    what a mentee looks for
    skills_offered   what a mentor has (or: skills)
    goals, interests
    style            coaching, advising, sponsoring, ...
    meeting          in_person, remote or either
    wishes           employee_ids, dearest first, at most 10
    blocks           employee_ids
    earlier          employee_ids of earlier partners
    capacity         how many partners a mentor may have; 1 unless said
    trained          yes or no
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from chassis.records import Record, Refused, read_records, words_of
from matching.domain.directory import reporting_intervals
from matching.domain.people import Profile, profile_of
from matching.domain.refusal import BadValue

ROLES = ("mentee", "mentor", "peer")
LISTS = ("languages", "skills", "skills_wanted", "skills_offered", "goals", "interests", "wishes", "blocks", "earlier")
_YES, _NO = frozenset({"yes", "true", "1", "y"}), frozenset({"no", "false", "0", "n", ""})
_CAPACITY_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Listed:
    """One good row."""

    line: int
    roles: frozenset[str]
    manager_id: str | None
    profile: Profile


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in the file who can be meant, and the rows that cannot."""

    mentees: tuple[Profile, ...]
    mentors: tuple[Profile, ...]
    peers: tuple[Profile, ...]
    refused: tuple[Refused, ...]


def read_people(path: Path, now: datetime) -> People:
    """The people of a file in the order of its rows."""
    good: dict[str, Listed] = {}
    refused: list[Refused] = []
    for record in read_records(path, ("employee_id", "role"), _COLUMNS):
        row = record if isinstance(record, Refused) else _listed(record, now)
        if isinstance(row, Listed) and row.profile.employee_id in good:
            first = good[row.profile.employee_id].line
            row = Refused(row.line, f"employee_id: {row.profile.employee_id} stands on line {first} already")
        if isinstance(row, Refused):
            refused.append(row)
        else:
            good[row.profile.employee_id] = row
    return _in_their_roles(good.values(), refused)


def _in_their_roles(rows: Iterable[Listed], refused: list[Refused]) -> People:
    listed = list(rows)
    intervals = reporting_intervals({row.profile.employee_id: row.manager_id for row in listed})
    found: dict[str, list[Profile]] = {role: [] for role in ROLES}
    for row in listed:
        placed = _placed(row.profile, intervals)
        for role in row.roles:
            found[role].append(placed)
    mentees, mentors, peers = (tuple(found[role]) for role in ROLES)
    return People(mentees, mentors, peers, tuple(refused))


def _placed(profile: Profile, intervals: Mapping[str, tuple[int, int]]) -> Profile:
    enter, leave = intervals[profile.employee_id]
    # The walk begins at 1: (0, 0) stands for who is outside of it.
    return replace(profile, line=(enter + 1, leave + 1))


def _listed(row: Record, now: datetime) -> Listed | Refused:
    record = {field: value for field, value in row.fields.items() if value is not None}
    try:
        roles = _roles(record.get("role"))
        profile = _profile(record, now)
        profile.must_make_sense()
    except BadValue as error:
        return Refused(row.line, f"{error.field}: {error.detail}")
    manager = record.get("manager_id")
    return Listed(row.line, roles, str(manager) if manager else None, profile)


def _profile(record: Mapping[str, Any], now: datetime) -> Profile:
    name = record.get("employee_id")
    if not isinstance(name, str | int) or not str(name).strip():
        raise BadValue("employee_id", "is missing")
    lists = {field: _words(record, field) for field in LISTS}
    wants: dict[str, Any] = {**lists, "skills_offered": lists["skills_offered"] or lists["skills"]}
    wants |= {"trained": _yes_or_no(record.get("trained", "")), "style": _text(record, "style")}
    wants["meeting"] = _text(record, "meeting").casefold()
    known = {
        "employee_id": str(name).strip(),
        "level": _whole(record, "level", 0),
        "timezone": _timezone(record),
        "languages": lists["languages"],
        "department": _text(record, "department"),
        "location": _text(record, "location"),
        "hired_on": _day(record),
    }
    capacity = _whole(record, "capacity", 1)
    if not 0 <= capacity <= _CAPACITY_MOST:
        raise BadValue("capacity", f"{capacity} is not between 0 and {_CAPACITY_MOST:,}")
    return profile_of(known, wants, capacity, (0, 0), now)


def _roles(given: Any) -> frozenset[str]:
    words = given if isinstance(given, list) else words_of(str(given or ""))
    roles = frozenset(str(word).strip().casefold() for word in words)
    if unknown := sorted(roles - set(ROLES)):
        raise BadValue("role", f"{unknown[0]!r} is none of {', '.join(ROLES)}")
    return roles


def _words(record: Mapping[str, Any], field: str) -> tuple[str, ...]:
    given = record.get(field, [])
    words = words_of(given) if isinstance(given, str) else given
    if not isinstance(words, list) or not all(isinstance(word, str | int) for word in words):
        raise BadValue(field, "holds something that is no word")
    return tuple(filter(None, (str(word).strip() for word in words)))


def _text(record: Mapping[str, Any], field: str) -> str:
    return str(record.get(field) or "").strip()


def _whole(record: Mapping[str, Any], field: str, unless_said: int) -> int:
    given = record.get(field, unless_said)
    with suppress(ValueError):
        number = int(str(given).strip())
        if abs(number) < 2**31:
            return number
    raise BadValue(field, f"{str(given)[:20]!r} is no whole number")


def _yes_or_no(given: Any) -> bool:
    word = str(given).strip().casefold()
    if word not in _YES | _NO:
        raise BadValue("trained", f"{word[:20]!r} is neither yes nor no")
    return word in _YES


def _timezone(record: Mapping[str, Any]) -> str:
    name = _text(record, "timezone") or "UTC"
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise BadValue("timezone", f"{name[:40]!r} is no time zone such as Europe/Berlin") from None
    return name


def _day(record: Mapping[str, Any]) -> str | None:
    given = _text(record, "hired_on")
    if not given:
        return None
    try:
        return datetime.fromisoformat(given).replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        raise BadValue("hired_on", f"{given[:20]!r} is no day such as 2024-05-01") from None


_COLUMNS = frozenset(
    {
        "employee_id",
        "role",
        "display_name",
        "email",
        "manager_id",
        "level",
        "department",
        "location",
        "timezone",
        "hired_on",
        "style",
        "meeting",
        "capacity",
        "trained",
        *LISTS,
    }
)
