"""Programmes: their rules, their clock, and their way from a draft to the end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from contracts.event import Event
from contracts.matching import Format, ProgrammeClosed, ProgrammeOpened, Role
from matching.domain.enrolment import EnrolmentPolicy
from matching.domain.participants import Participant, Wants, leave_unmatched, withdraw
from matching.domain.refusal import Refused
from matching.domain.rules import Rules

__all__ = [
    "Participant",
    "Programme",
    "ProgrammeStatus",
    "RulesChange",
    "Wants",
    "change_enrolment",
    "change_rules",
    "close_programme",
    "leave_unmatched",
    "open_programme",
    "rules_changes",
    "withdraw",
]

ProgrammeStatus = Literal["draft", "open", "closed"]


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme with its rules and its clock."""

    id: UUID
    name: str
    format: Format
    owner_id: str
    rules: Rules = field(default_factory=Rules)
    respond_within_seconds: float = 7 * 86_400
    remind_before_seconds: float = 86_400
    """How long before the deadline those who have not answered are reminded; 0 is never."""
    reminder_minutes: tuple[float, ...] = (1440, 60)
    """How long before a session its people are reminded."""
    starts_on: datetime | None = None
    ends_on: datetime | None = None
    status: ProgrammeStatus = "draft"
    version: int = 1
    template: str | None = None
    """The template it was made from."""
    rules_version: int = 1
    """The number of the rules: each change makes the next one."""
    enrolment: EnrolmentPolicy = field(default_factory=EnrolmentPolicy)

    def capacity_of(self, participant: Participant, role: Role, rules: Rules | None = None) -> int:
        """How many partners somebody may have in that role now: a mentor no more than a circle has people.

        `rules` are a draft of others than those in force.
        """
        capacity = participant.capacity_as(role)
        if (self.format, role) == ("group", "mentor"):
            return min(capacity, (rules or self.rules).circle_max)
        return capacity

    def must_be_open(self) -> None:
        """Refuses what only an open programme can do."""
        must_be_open(self.status)

    def must_not_be_closed(self) -> None:
        """Refuses changes of what is over."""
        if self.status == "closed":
            raise Refused("programme_closed", "The programme is closed; nothing of it changes any more.")

    def must_make_sense(self) -> None:
        """Refuses rules that a programme of this format cannot have."""
        self.rules.must_suit(self.format)
        self.enrolment.must_suit(self.format)


def places_in_threes(programme: Programme) -> int:
    """Partners that a peer may have beside the one: in a three everybody has two."""
    return 1 if programme.format == "peer" and programme.rules.threes else 0


def open_programme(programme: Programme) -> tuple[Programme, Event | None]:
    """From now on people can enrol and runs can be made; opening an open one changes nothing."""
    if programme.status == "closed":
        raise Refused("programme_closed", "A closed programme cannot be opened again.")
    if programme.status == "open":
        return programme, None
    programme = replace(programme, status="open", version=programme.version + 1)
    return programme, ProgrammeOpened(**_state(programme))


def close_programme(programme: Programme) -> tuple[Programme, Event | None]:
    """No more runs or offers; what is active goes on. Closing a closed one changes nothing."""
    if programme.status == "closed":
        return programme, None
    if programme.status == "draft":
        raise Refused("programme_not_open", "A draft was never open; it cannot be closed.")
    programme = replace(programme, status="closed", version=programme.version + 1)
    return programme, ProgrammeClosed(**_state(programme))


def change_rules(programme: Programme, rules: Rules) -> tuple[Programme, Event | None]:
    """Other rules from now on, under the next number; the same rules again change nothing."""
    programme.must_not_be_closed()
    if rules == programme.rules:
        return programme, None
    number, version = programme.rules_version + 1, programme.version + 1
    programme = replace(programme, rules=rules, rules_version=number, version=version)
    programme.must_make_sense()
    # The others know a programme's rules by their digest, and of a draft they know nothing.
    return programme, ProgrammeOpened(**_state(programme)) if programme.status == "open" else None


@dataclass(frozen=True, slots=True)
class RulesChange:
    """One field in which two sets of rules differ, such as `rules.weights.skills`."""

    field: str
    before: Any
    after: Any


def rules_changes(before: Rules, after: Rules) -> tuple[RulesChange, ...]:
    """Every field in which two sets of rules differ, in the order of the model."""
    one, other = dict(_leaves(before.model_dump(mode="json"))), dict(_leaves(after.model_dump(mode="json")))
    return tuple(RulesChange(field, one[field], other[field]) for field in one if one[field] != other[field])


def change_enrolment(programme: Programme, enrolment: EnrolmentPolicy) -> Programme:
    """Another way into the programme from now on; whoever takes part stays."""
    programme.must_not_be_closed()
    if enrolment == programme.enrolment:
        return programme
    programme = replace(programme, enrolment=enrolment, version=programme.version + 1)
    programme.must_make_sense()
    return programme


def _leaves(values: Mapping[str, Any], path: str = "rules") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}.{name}")
        else:
            yield f"{path}.{name}", value


def _state(programme: Programme) -> dict[str, object]:
    return {
        "programme_id": programme.id,
        "format": programme.format,
        "starts_on": programme.starts_on,
        "ends_on": programme.ends_on,
        "owner_id": programme.owner_id,
        "rules_digest": programme.rules.digest,
        "reminder_minutes": programme.reminder_minutes,
    }


def must_be_open(status: str) -> None:
    """Refuses what only an open programme can do."""
    if status != "open":
        raise Refused("programme_not_open", f"The programme is {status}; this needs an open one.")
