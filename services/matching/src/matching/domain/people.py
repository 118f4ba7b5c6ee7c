"""The people of a run as scoring and rules see them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from matching.domain.refusal import BadValue

MOST_WISHES, MOST_BLOCKS = 10, 10_000
OUTSIDE = (0, 0)
"""The line of somebody who is not in the organisation tree, and in nobody's line."""
NOBODY: frozenset[str] = frozenset()
"""The one that all share who name nobody: an empty set takes as much memory as one of four."""
MEETINGS = ("in_person", "remote", "either")
"""Ways of meeting that somebody may prefer."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One person in a run: what HR says of them and what they ask and offer in the programme."""

    employee_id: str
    level: int = 0
    offset_minutes: int = 0
    """UTC offset of the person's time zone on the day of the run."""
    languages: frozenset[str] = frozenset()
    interests: frozenset[str] = frozenset()
    skills_wanted: frozenset[str] = frozenset()
    skills_offered: frozenset[str] = frozenset()
    goals: frozenset[str] = frozenset()
    wishes: tuple[str, ...] = ()
    """Employee ids, dearest first; at most 10."""
    blocks: frozenset[str] = frozenset()
    """Employee ids; at most 10,000."""
    capacity: int = 1
    """How many more partners this person may be given."""
    line: tuple[int, int] = OUTSIDE
    """(enter, leave) in the walk of the organisation tree; see `directory.reporting_intervals`."""
    department: str = ""
    site: str = ""
    country: str = ""
    tenure_days: int | None = None
    """Days since they were hired; unknown without a day."""
    trained: bool = False
    """Whether they have done the training that a programme may ask of mentors."""
    style: str = ""
    """The style of mentoring they prefer, in one word of the organisation's own."""
    meeting: str = ""
    """The way of meeting they prefer, one of MEETINGS; empty: not said."""
    earlier: frozenset[str] = frozenset()
    """Employee ids of partners they had elsewhere: in other programmes, before there were any."""
    seated: int = 0
    """Mentees whom this mentor has already: a circle that has begun needs no minimum of others."""

    def must_make_sense(self) -> None:
        """Refuses what cannot be meant, by its field."""
        for name, listed, most in (("wishes", self.wishes, MOST_WISHES), ("blocks", self.blocks, MOST_BLOCKS)):
            if len(listed) > most:
                raise BadValue(name, f"{self.employee_id} names {len(listed)}; at most {most} are allowed.")
            if self.employee_id in listed:
                raise BadValue(name, f"{self.employee_id} names themselves.")
        if len(set(self.wishes)) < len(self.wishes):
            raise BadValue("wishes", f"{self.employee_id} names somebody twice.")
        for name, count in (("capacity", self.capacity), ("seated", self.seated)):
            if count < 0:
                raise BadValue(name, f"{self.employee_id} has {count}; it is never below 0.")
        if self.meeting not in {"", *MEETINGS}:
            raise BadValue("meeting", f"{self.employee_id}: must be one of {', '.join(MEETINGS)}.")


def profile_of(
    record: Mapping[str, Any], wants: Mapping[str, Any], capacity: int, line: tuple[int, int], on: datetime
) -> Profile:
    """A profile from the employee's record and the participant's own words.

    Where the participant names no skills or interests of their own, those of the record count.
    """
    day = on.astimezone(UTC).date()
    site, country = place_of(record.get("location", ""))
    return Profile(
        employee_id=record["employee_id"],
        level=record.get("level", 0),
        offset_minutes=offset_minutes(record.get("timezone", "UTC"), day.isoformat()),
        languages=words(record.get("languages", ())),
        interests=words(wants.get("interests", ())) or words(record.get("interests", ())),
        skills_wanted=words(wants["skills_wanted"]),
        skills_offered=words(wants["skills_offered"]) or words(record.get("skills", ())),
        goals=words(wants["goals"]),
        wishes=tuple(wants["wishes"]),
        blocks=frozenset(wants["blocks"]) or NOBODY,
        capacity=capacity,
        line=line,
        department=word(record.get("department", "")),
        site=site,
        country=country,
        tenure_days=tenure_days(record.get("hired_on"), day),
        trained=bool(wants.get("trained", False)),
        style=word(wants.get("style") or ""),
        meeting=wants.get("meeting") or "",
        earlier=frozenset(wants.get("earlier", ())) or NOBODY,
    )


def words(given: Iterable[str]) -> frozenset[str]:
    """Words without regard to case and blanks; empty ones are none."""
    return _words(tuple(given))


@lru_cache(maxsize=65_536)
def _words(given: tuple[str, ...]) -> frozenset[str]:
    return frozenset(filter(None, map(word, given)))


@lru_cache(maxsize=65_536)
def word(given: str) -> str:
    """A word without regard to case, and to blanks but for one between its parts."""
    return " ".join(given.casefold().split())


@lru_cache(maxsize=16_384)
def place_of(location: str) -> tuple[str, str]:
    """Site and country from HR's text of the form "City, Country" or "Building, City, Country".

    The site is the whole text, the country what stands after the last comma. Without a comma the country is not
    known: a text alone does not tell whether it is a city or a country.
    """
    parts = [part for part in map(word, location.split(",")) if part]
    return ", ".join(parts), parts[-1] if len(parts) > 1 else ""


def tenure_days(hired_on: str | date | None, day: date) -> int | None:
    """Days from the day of hire to `day`, not below 0; unknown without one."""
    if hired_on is None:
        return None
    hired = hired_on if isinstance(hired_on, date) else date.fromisoformat(hired_on)
    return max(0, (day - hired).days)


@lru_cache(maxsize=4096)
def offset_minutes(zone: str, day: str) -> int:
    """UTC offset of `zone` at noon of `day` (ISO), in minutes."""
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone))
    offset = noon.utcoffset()
    return 0 if offset is None else int(offset.total_seconds() // 60)
