"""People who take part in a programme, wait to, have paused, are held out, or have left."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from contracts.event import Event
from contracts.matching import (
    Arm,
    Format,
    ParticipantEnrolled,
    ParticipantHeldOut,
    ParticipantUnmatched,
    ParticipantWaitlisted,
    ParticipantWithdrawn,
    Role,
)
from matching.domain.arms import Drawing, arm_of
from matching.domain.enrolment import EnrolmentPolicy, Room, roles_in
from matching.domain.refusal import BadValue, Refused
from matching.domain.solutions import Reason

ParticipantStatus = Literal["enrolled", "waitlisted", "withdrawn"]
Meeting = Literal["in_person", "remote", "either"]


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
    interests: tuple[str, ...] = ()
    style: str | None = None
    """How they like to be mentored, or to mentor, in one word of the organisation's own."""
    meeting: Meeting | None = None
    mentee_wishes: tuple[str, ...] = ()
    """Whom they would like as mentees, dearest first; empty: `wishes` counts there too."""

    def wishes_as(self, role: Role) -> tuple[str, ...]:
        """Whom they would like, dearest first, when they are in that role."""
        return self.mentee_wishes or self.wishes if role == "mentor" else self.wishes


@dataclass(frozen=True, slots=True)
class Participant:
    """One person's place in one programme."""

    id: UUID
    programme_id: UUID
    employee_id: str
    wants: Wants
    status: ParticipantStatus = "enrolled"
    version: int = 0
    paused: bool = False
    paused_until: datetime | None = None
    arm: Arm | None = None
    """None: nobody has drawn, or people of these roles are not drawn."""
    waiting_since: datetime | None = None
    by_rule: bool = False
    """Whether the programme has enrolled them, and not they themselves."""
    opted_out: bool = False
    """Left by decision: no rule enrols them again."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """What they are, or want to be."""
        return self.wants.roles

    @property
    def is_held_out(self) -> bool:
        """Whether chance keeps them out of runs and offers."""
        return self.arm == "control" and self.status == "enrolled"

    def places_as(self, role: Role) -> int:
        """How many partners this person may have in that role, if they do not pause."""
        if self.status != "enrolled" or self.is_held_out or role not in self.wants.roles:
            return 0
        return self.wants.capacity if role == "mentor" else 1

    def capacity_as(self, role: Role) -> int:
        """How many partners this person may have in that role now."""
        return 0 if self.paused else self.places_as(role)


@dataclass(frozen=True, slots=True)
class Admission:
    """What a programme has to say about people who come: its format, its room, its draw."""

    programme_id: UUID
    format: Format
    room: Room = field(default_factory=Room)
    drawing: Drawing | None = None

    def after(self, one: Participant) -> "Admission":
        """What it says to the next one, when one more person has come in."""
        if one.is_held_out:
            return self
        return replace(self, room=self.room.after(one.roles, waits=one.status == "waitlisted"))


def enrol(
    admission: Admission,
    before: Participant | None,
    fresh: Participant,
    taken: Mapping[Role, int],
    now: datetime,
) -> tuple[Participant, Event | None]:
    """Take part, wait for a place, or take part in another way; `taken` counts the matches of each role.

    `fresh` is the place as it would be if there had never been one.
    """
    _must_make_sense(admission.format, fresh.employee_id, fresh.wants)
    here = before is not None and before.status != "withdrawn"
    if before is not None and here and before.wants == fresh.wants:
        return before, None
    known = before or fresh
    after = replace(
        known if here else fresh,
        id=known.id,
        wants=fresh.wants,
        version=known.version + 1,
        arm=known.arm,
        status="enrolled",
    )
    after = _admitted(admission, known if here else None, _in_arm(admission, after), now)
    for role, places in taken.items():
        if places > after.places_as(role):
            raise Refused("capacity_in_use", f"capacity: {places} as {role} in use; end those matches first.")
    return after, said_of(after)


def enrol_by_rule(
    policy: EnrolmentPolicy,
    admission: Admission,
    before: Participant | None,
    record: Mapping[str, Any],
    new_id: UUID,
    now: datetime,
) -> tuple[Participant, Event] | None:
    """What the programme's rules make of somebody, if anything: who is in, or has opted out, is left alone."""
    if before is not None and (before.status != "withdrawn" or before.opted_out):
        return None
    given = policy.gives(record, now.date())
    if given is None:
        return None
    roles, capacity = given
    # What they once wrote themselves still holds, but for the roles.
    wants = replace(before.wants, roles=roles, capacity=capacity) if before else Wants(roles, capacity)
    fresh = Participant(new_id, admission.programme_id, record["employee_id"], wants, by_rule=True)
    after, event = enrol(admission, before, fresh, {}, now)
    return None if event is None else (after, event)


def admit(admission: Admission, waiting: Participant) -> tuple[Participant, Event]:
    """A place is free for somebody who waits."""
    after = replace(waiting, status="enrolled", waiting_since=None, version=waiting.version + 1)
    after = _in_arm(admission, after)
    return after, said_of(after)


def withdraw(participant: Participant, *, opted_out: bool = False) -> tuple[Participant, Event | None]:
    """No longer take part; withdrawing twice says nothing more. `opted_out`: by decision, not because they left."""
    if participant.status == "withdrawn":
        return participant, None
    after = replace(
        participant,
        status="withdrawn",
        version=participant.version + 1,
        waiting_since=None,
        paused=False,
        paused_until=None,
        opted_out=opted_out,
    )
    return after, said_of(after)


def pause(participant: Participant, until: datetime | None, now: datetime) -> tuple[Participant, Event | None]:
    """Take nobody new until an instant, or until they resume; what they have goes on."""
    if until is not None and until <= now:
        raise BadValue("until", "Must lie ahead.")
    if participant.status != "enrolled":
        raise Refused("not_enrolled", "Only who takes part can pause.")
    if participant.paused and participant.paused_until == until:
        return participant, None
    after = replace(participant, paused=True, paused_until=until, version=participant.version + 1)
    return after, said_of(after)


def resume(participant: Participant) -> tuple[Participant, Event | None]:
    """The pause is over; without one nothing happens."""
    if not participant.paused:
        return participant, None
    after = replace(participant, paused=False, paused_until=None, version=participant.version + 1)
    return after, said_of(after)


def assign_arm(participant: Participant, arm: Arm) -> tuple[Participant, Event | None]:
    """What the draw made of somebody; only for those who are held out does anything change, and they need no place."""
    if arm == "treatment":
        return replace(participant, arm=arm), None
    after = replace(participant, arm=arm, status="enrolled", waiting_since=None, version=participant.version + 1)
    return after, said_of(after)


def leave_unmatched(participant: Participant, run_id: UUID, reason: Reason) -> tuple[Participant, Event]:
    """A published run has nobody for them."""
    participant = replace(participant, version=participant.version + 1)
    return participant, ParticipantUnmatched(**_state(participant), run_id=run_id, reason=reason)


def said_of(participant: Participant) -> Event:
    """The event that tells how somebody takes part, or does not."""
    state = _state(participant)
    if participant.status == "withdrawn":
        return ParticipantWithdrawn(**state)
    if participant.status == "waitlisted":
        return ParticipantWaitlisted(**state)
    return ParticipantHeldOut(**state) if participant.is_held_out else ParticipantEnrolled(**state)


def _in_arm(admission: Admission, participant: Participant) -> Participant:
    """With an arm, if arms were drawn and they have none yet: once given it stays, whatever they do."""
    if admission.drawing is None or participant.arm is not None:
        return participant
    return replace(participant, arm=arm_of(admission.drawing, participant.employee_id, participant.roles))


def _admitted(admission: Admission, before: Participant | None, after: Participant, now: datetime) -> Participant:
    """Enrolled if there is a place, else waiting; who is held out takes none."""
    if after.is_held_out:
        return replace(after, waiting_since=None)
    if before is not None and before.status == "enrolled":
        more = set(after.roles) - set(before.roles)
        if not admission.room.has(more):
            raise Refused("role_full", f"roles: no place is free as {' or '.join(sorted(more))}.")
        return after
    room = admission.room.without(before.roles) if before else admission.room
    if room.has(after.roles):
        return replace(after, waiting_since=None)
    since = before.waiting_since if before else now
    return replace(after, status="waitlisted", waiting_since=since)


def _must_make_sense(programme_format: Format, employee_id: str, wants: Wants) -> None:
    fitting = roles_in(programme_format)
    if not set(wants.roles) <= fitting:
        raise BadValue("roles", f"A {programme_format} programme has the roles {', '.join(sorted(fitting))}.")
    wished = {"wishes": wants.wishes, "mentee_wishes": wants.mentee_wishes}
    for name, listed in (*wished.items(), ("blocks", wants.blocks)):
        if employee_id in listed:
            raise BadValue(name, "Must not name the person themselves.")
    for name, listed in wished.items():
        if len(set(listed)) < len(listed):
            raise BadValue(name, "Must not name anybody twice.")
        both = sorted(set(listed) & set(wants.blocks))
        if both:
            raise BadValue("blocks", f"{both[0]} is on the wish list too.")


def _state(participant: Participant) -> dict[str, object]:
    return {
        "participant_id": participant.id,
        "programme_id": participant.programme_id,
        "employee_id": participant.employee_id,
        "roles": participant.wants.roles,
        "capacity": 0 if participant.paused else participant.wants.capacity,
        "arm": participant.arm or "treatment",
    }
