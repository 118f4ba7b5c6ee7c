"""Decides what is known of an employee on a day, from HR's versioned and dated entries in any order.

The state on a day is the highest version whose day has come. What is kept is only what can still
matter: the entry in force, and those ahead of it that no newer and earlier entry has cancelled.
Both are joins over a partial order, so repetition and order of arrival do not change the outcome.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from contracts.hr import EmployeeLeft, EmployeeRecord

Status = Literal["expected", "active", "departed"]

_FIRST, _LAST = date(1, 1, 2), date(9999, 12, 30)
_EVERY_ZONE = timedelta(days=2)
"""No two places on earth are further apart than this in calendar time, with a margin."""


class Verdict(StrEnum):
    """What became of one HR event.

    Refused: `repeated` and `reordered` are what a source's own transport does; `stale` is older than what another
    source has said, so one of the two numbers its versions wrongly; `erased` is about somebody forgotten for good.
    """

    KEPT = "kept"
    REPEATED = "repeated"
    REORDERED = "reordered"
    STALE = "stale"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing HR said: a record, or that somebody leaves, and from which day on it holds."""

    version: int
    source: str
    leaves: bool
    acts_on: date | None
    zone: str | None
    document: str
    """What HR said, as JSON."""
    manager_id: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of one employee: the entry in force and those that wait for their day."""

    employee_id: str
    status: Status = "expected"
    current: Entry | None = None
    zone: str = "UTC"
    zone_version: int = -1
    pending: tuple[Entry, ...] = ()

    @property
    def version(self) -> int:
        """The version in force; -1 before any is."""
        return -1 if self.current is None else self.current.version


def entry_of(event: EmployeeRecord | EmployeeLeft, source: str) -> Entry:
    """The entry that an HR event makes."""
    leaves = isinstance(event, EmployeeLeft)
    return Entry(
        version=event.version,
        source=source,
        leaves=leaves,
        acts_on=event.left_on if isinstance(event, EmployeeLeft) else event.effective_on,
        zone=None if isinstance(event, EmployeeLeft) else event.timezone,
        document=event.model_dump_json(),
        manager_id=None if isinstance(event, EmployeeLeft) else event.manager_id,
    )


def learn(person: Person, entry: Entry, now: datetime) -> tuple[Person, Verdict]:
    """Takes one entry into account; the entry in force may change at once."""
    if entry.zone is not None and entry.version > person.zone_version:
        person = replace(person, zone=entry.zone, zone_version=entry.version)
    winner = _beaten_by(person, entry)
    if winner is not None:
        return advance(person, now), _refusal(entry, winner)
    waiting = [other for other in person.pending if not _cancels(entry, other)]
    pending = tuple(sorted([*waiting, entry], key=lambda waiting_entry: waiting_entry.version))
    return advance(replace(person, pending=pending), now), Verdict.KEPT


def advance(person: Person, now: datetime) -> Person:
    """Puts the highest version whose day has come in force, and drops what it leaves behind."""
    come = [entry for entry in person.pending if _has_come(entry, person, now)]
    if not come:
        return person
    newest = max(come, key=lambda entry: entry.version)
    pending = tuple(entry for entry in person.pending if entry.version > newest.version)
    return replace(person, current=newest, status="departed" if newest.leaves else "active", pending=pending)


def next_change(person: Person) -> datetime | None:
    """When the next waiting entry acts, in UTC."""
    return min((acts_at(entry, person) for entry in person.pending), default=None)


def acts_at(entry: Entry, person: Person) -> datetime:
    """The start of the entry's day in its own zone, or in the employee's for somebody who leaves."""
    return midnight(entry.acts_on or date.min, entry.zone or person.zone)


@lru_cache(maxsize=4096)
def midnight(day: date, zone: str) -> datetime:
    """00:00 of `day` in `zone`, in UTC; clamped to what a date can be, a day from the ends of the calendar."""
    day = min(max(day, _FIRST), _LAST)
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _has_come(entry: Entry, person: Person, now: datetime) -> bool:
    if entry.acts_on is None or entry.acts_on < (now - _EVERY_ZONE).date():
        return True
    return acts_at(entry, person) <= now


def _cancels(newer: Entry, older: Entry) -> bool:
    # Days are compared, not instants: a departure's zone may be learned later, its day never changes.
    return newer.version > older.version and (newer.acts_on or date.min) <= (older.acts_on or date.min)


def _beaten_by(person: Person, entry: Entry) -> Entry | None:
    if person.current is not None and entry.version <= person.current.version:
        return person.current
    return next((other for other in person.pending if other.version == entry.version or _cancels(other, entry)), None)


def _refusal(entry: Entry, winner: Entry) -> Verdict:
    if entry.version == winner.version:
        return Verdict.REPEATED
    return Verdict.REORDERED if entry.source == winner.source else Verdict.STALE


def reporting_intervals(managers: Mapping[str, str | None]) -> dict[str, tuple[int, int]]:
    """Each employee's (enter, leave) in a walk of the organisation tree: nested = in one reporting line.

    A manager who is in nobody's records is a root; a circle of managers is cut at its smallest id, so that
    everybody on it still counts as one line.
    """
    reports: dict[str, list[str]] = {}
    for employee, manager in managers.items():
        if manager is not None and manager != employee:
            reports.setdefault(manager, []).append(employee)
    intervals: dict[str, tuple[int, int]] = {}
    roots = [name for name in {*managers, *reports} if managers.get(name) in (None, name)]
    clock = _walk(sorted(roots), reports, intervals, 0)
    for name in sorted(managers):
        if name not in intervals:
            clock = _walk([_on_circle(name, managers)], reports, intervals, clock)
    return intervals


def _on_circle(name: str, managers: Mapping[str, str | None]) -> str:
    """The smallest id of the circle that somebody's chain of managers runs into."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        name = managers[name] or name
    circle = [name]
    while (above := managers[circle[-1]]) is not None and above != name:
        circle.append(above)
    return min(circle)


def _walk(
    roots: Iterable[str], reports: Mapping[str, list[str]], intervals: dict[str, tuple[int, int]], clock: int
) -> int:
    """Numbers everybody below `roots` without recursion: real chains may be deeper than the stack."""
    for root in roots:
        stack = [(root, iter(sorted(reports.get(root, ()))))]
        intervals[root] = (clock, clock)
        clock += 1
        while stack:
            name, below = stack[-1]
            following = next((report for report in below if report not in intervals), None)
            if following is None:
                intervals[name] = (intervals[name][0], clock)
                stack.pop()
            else:
                intervals[following] = (clock, clock)
                clock += 1
                stack.append((following, iter(sorted(reports.get(following, ())))))
    return clock
