"""Who may take part in a programme and who shall: places by role, the waiting list, enrolment by rule."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from contracts.hr import Line
from contracts.matching import Format, Role
from contracts.words import no_bool
from matching.domain.refusal import BadValue

Number = Annotated[int, BeforeValidator(no_bool), Field(ge=1, le=1_000_000)]
Level = Annotated[int, BeforeValidator(no_bool), Field(ge=0, le=100)]
Days = Annotated[int, BeforeValidator(no_bool), Field(ge=0, le=36_500)]
Capacity = Annotated[int, BeforeValidator(no_bool), Field(ge=1, le=50)]
Names = Annotated[tuple[Line, ...], Field(max_length=100)]
Roles = Annotated[tuple[Role, ...], Field(min_length=1, max_length=3)]

_STRICT = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Places(BaseModel):
    """How many may take part in each role at once; null is any number."""

    model_config = _STRICT

    mentor: Number | None = None
    mentee: Number | None = None
    peer: Number | None = None

    @property
    def limited(self) -> dict[Role, int]:
        """The roles that have a limit."""
        given: dict[Role, int | None] = {"mentor": self.mentor, "mentee": self.mentee, "peer": self.peer}
        return {role: places for role, places in given.items() if places is not None}


class EnrolmentRule(BaseModel):
    """Roles for everybody whose record of HR meets all of the conditions that are given."""

    model_config = _STRICT

    roles: Roles
    capacity: Capacity = 1
    """Mentees at once, for those who become mentors."""
    departments: Names = ()
    """One of these, without regard to case; empty: any."""
    locations: Names = ()
    """One of these sites, without regard to case; empty: any."""
    level_min: Level | None = None
    level_max: Level | None = None
    hired_within_days: Days | None = None
    """Hired so many days ago at most; who has no hire date was not."""

    @field_validator("level_max")
    @classmethod
    def _levels_are_a_range(cls, value: int | None, info: ValidationInfo) -> int | None:
        low = info.data.get("level_min")
        if value is not None and low is not None and low > value:
            raise ValueError("must not be below level_min")
        return value

    def holds_for(self, record: Mapping[str, Any], today: date) -> bool:
        """Whether a record of HR meets the conditions."""
        level = record.get("level", 0)
        return (
            _named(record.get("department", ""), self.departments)
            and _named(record.get("location", ""), self.locations)
            and (self.level_min is None or level >= self.level_min)
            and (self.level_max is None or level <= self.level_max)
            and (self.hired_within_days is None or _hired_within(record, self.hired_within_days, today))
        )


class EnrolmentPolicy(BaseModel):
    """How people come into a programme."""

    model_config = _STRICT

    places: Places = Places()
    """Beyond these people wait, and are taken in the order in which they came."""
    known_skills_only: bool = False
    """Whether skills that the taxonomy does not know are refused; otherwise they count as the words they are."""
    automatic: Annotated[tuple[EnrolmentRule, ...], Field(max_length=20)] = ()
    """Employees whom a rule names take part until they opt out; several rules give all of their roles."""

    def must_suit(self, programme_format: Format) -> None:
        """Refuses roles that a programme of this format does not have."""
        fitting = roles_in(programme_format)
        for role in self.places.limited:
            if role not in fitting:
                raise BadValue(f"enrolment.places.{role}", f"A {programme_format} programme has no such role.")
        for number, rule in enumerate(self.automatic):
            if not set(rule.roles) <= fitting:
                allowed = ", ".join(sorted(fitting))
                raise BadValue(
                    f"enrolment.automatic.{number}.roles", f"A {programme_format} programme has the roles {allowed}."
                )

    def gives(self, record: Mapping[str, Any], today: date) -> tuple[tuple[Role, ...], int] | None:
        """The roles and the capacity that the rules give to the person of a record, if any."""
        held = [rule for rule in self.automatic if rule.holds_for(record, today)]
        if not held:
            return None
        return tuple(sorted({role for rule in held for role in rule.roles})), max(rule.capacity for rule in held)


def roles_in(programme_format: Format) -> frozenset[Role]:
    """The roles of a programme of this format."""
    return frozenset({"peer"}) if programme_format == "peer" else frozenset({"mentor", "mentee"})


@dataclass(frozen=True, slots=True)
class Room:
    """The places of a programme, how many of them are taken, and how many people wait, by role."""

    places: Places = field(default_factory=Places)
    taken: Mapping[Role, int] = field(default_factory=dict)
    waiting: Mapping[Role, int] = field(default_factory=dict)

    def has(self, roles: Iterable[Role]) -> bool:
        """Whether somebody new finds a place in each of these roles that nobody who waits has a claim to."""
        limited = self.places.limited
        return all(
            limited[role] - self.taken.get(role, 0) - self.waiting.get(role, 0) > 0 for role in roles if role in limited
        )

    def after(self, roles: Iterable[Role], *, waits: bool) -> "Room":
        """The same, when one more person has a place in these roles, or waits for one."""
        more = Counter(roles)
        if waits:
            return Room(self.places, self.taken, Counter(self.waiting) + more)
        return Room(self.places, Counter(self.taken) + more, self.waiting)

    def without(self, roles: Iterable[Role]) -> "Room":
        """The same, without the claim of one person who waits."""
        return Room(self.places, self.taken, Counter(self.waiting) - Counter(roles))


class Waiting(Protocol):
    """Somebody who waits."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """What they want to be."""
        ...


W = TypeVar("W", bound=Waiting)


def next_in_line(room: Room, line: Sequence[W]) -> list[W]:
    """Whom there is a place for now, of those who wait, first come first served in each role.

    Who wants two roles and finds only one of them free goes on waiting, and keeps the claim to that one.
    """
    free = {role: places - room.taken.get(role, 0) for role, places in room.places.limited.items()}
    chosen: list[W] = []
    for one in line:
        limited = [role for role in one.roles if role in free]
        if all(free[role] > 0 for role in limited):
            chosen.append(one)
        for role in limited:
            free[role] -= 1
    return chosen


def unrecognised(words: Iterable[str], known: Callable[[str], bool]) -> tuple[str, ...]:
    """Skills that the taxonomy does not know: they count as the words they are, and meet only the same words."""
    return tuple(dict.fromkeys(word for word in words if not known(word)))


def _named(name: str, among: Sequence[str]) -> bool:
    return not among or name.strip().casefold() in {one.casefold() for one in among}


def _hired_within(record: Mapping[str, Any], days: int, today: date) -> bool:
    hired_on = record.get("hired_on")
    return hired_on is not None and (today - date.fromisoformat(hired_on)).days <= days
