"""Programmes and the people who take part in them."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.event import Event
from contracts.matching import (
    Format,
    ParticipantEnrolled,
    ParticipantUnmatched,
    ParticipantWithdrawn,
    ProgrammeClosed,
    ProgrammeOpened,
    Role,
)
from matching.domain.refusal import BadValue, Refused
from matching.domain.rules import Rules
from matching.domain.runs import Reason

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

    def must_be_open(self) -> None:
        """Refuses what only an open programme can do."""
        if self.status != "open":
            raise Refused("programme_not_open", f"The programme is {self.status}; this needs an open one.")


def open_programme(programme: Programme) -> tuple[Programme, Event | None]:
    """From now on people can enrol and runs can be made; opening an open one changes nothing."""
    if programme.status == "closed":
        raise Refused("programme_closed", "A closed programme cannot be opened again.")
    if programme.status == "open":
        return programme, None
    programme = replace(programme, status="open", version=programme.version + 1)
    return programme, ProgrammeOpened(**_programme_state(programme))


def close_programme(programme: Programme) -> tuple[Programme, Event | None]:
    """No more runs or offers; what is active goes on. Closing a closed one changes nothing."""
    if programme.status == "closed":
        return programme, None
    if programme.status == "draft":
        raise Refused("programme_not_open", "A draft was never open; it cannot be closed.")
    programme = replace(programme, status="closed", version=programme.version + 1)
    return programme, ProgrammeClosed(**_programme_state(programme))


@dataclass(frozen=True, slots=True)
class Wants:
    """What a participant brings and asks: the part that they write themselves."""

    roles: tuple[Role, ...]
    capacity: int = 1
    """Mentees at once as a mentor; a mentee has one mentor, a peer one partner at a time."""
    skills_wanted: tuple[str, ...] = ()
    skills_offered: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    wishes: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Participant:
    """One person's place in one programme."""

    id: UUID
    programme_id: UUID
    employee_id: str
    wants: Wants
    status: Literal["enrolled", "withdrawn"] = "enrolled"
    version: int = 0

    def capacity_as(self, role: Role) -> int:
        """How many partners this person may have in that role at once."""
        if self.status == "withdrawn" or role not in self.wants.roles:
            return 0
        return self.wants.capacity if role == "mentor" else 1


def enrol(
    programme: Programme,
    before: Participant | None,
    participant_id: UUID,
    employee_id: str,
    wants: Wants,
    taken: dict[Role, int],
) -> tuple[Participant, Event | None]:
    """Take part, or take part in another way; `taken` counts the places in use by role."""
    programme.must_be_open()
    _must_make_sense(programme, employee_id, wants)
    if before is not None and before.status == "enrolled" and before.wants == wants:
        return before, None
    after = Participant(
        id=before.id if before else participant_id,
        programme_id=programme.id,
        employee_id=employee_id,
        wants=wants,
        version=(before.version if before else 0) + 1,
    )
    for role, places in taken.items():
        if places > after.capacity_as(role):
            raise Refused("capacity_in_use", f"capacity: {places} as {role} in use; end those matches first.")
    return after, ParticipantEnrolled(**_participant_state(after))


def withdraw(participant: Participant) -> tuple[Participant, Event | None]:
    """No longer take part; withdrawing twice says nothing more."""
    if participant.status == "withdrawn":
        return participant, None
    participant = replace(participant, status="withdrawn", version=participant.version + 1)
    return participant, ParticipantWithdrawn(**_participant_state(participant))


def leave_unmatched(participant: Participant, run_id: UUID, reason: Reason) -> tuple[Participant, Event]:
    """A published run has nobody for them."""
    participant = replace(participant, version=participant.version + 1)
    return participant, ParticipantUnmatched(**_participant_state(participant), run_id=run_id, reason=reason)


def _must_make_sense(programme: Programme, employee_id: str, wants: Wants) -> None:
    fitting = {"peer"} if programme.format == "peer" else {"mentor", "mentee"}
    if not set(wants.roles) <= fitting:
        raise BadValue("roles", f"A {programme.format} programme has the roles {', '.join(sorted(fitting))}.")
    for name, listed in (("wishes", wants.wishes), ("blocks", wants.blocks)):
        if employee_id in listed:
            raise BadValue(name, "Must not name the person themselves.")
    both = sorted(set(wants.wishes) & set(wants.blocks))
    if both:
        raise BadValue("blocks", f"{both[0]} is on the wish list too.")


def _programme_state(programme: Programme) -> dict[str, object]:
    return {
        "programme_id": programme.id,
        "format": programme.format,
        "starts_on": programme.starts_on,
        "ends_on": programme.ends_on,
        "owner_id": programme.owner_id,
        "rules_digest": programme.rules.digest,
        "reminder_minutes": programme.reminder_minutes,
    }


def _participant_state(participant: Participant) -> dict[str, object]:
    return {
        "participant_id": participant.id,
        "programme_id": participant.programme_id,
        "employee_id": participant.employee_id,
        "roles": participant.wants.roles,
        "capacity": participant.wants.capacity,
    }
