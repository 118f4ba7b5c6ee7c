"""What matching says: employees on their day, programmes, participants, runs and matches. Ids only."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.event import Event
from contracts.words import Code, Count, Digest, EmployeeId, Percent, Reminders, Seconds, UtcDatetime

Format = Literal["one_on_one", "group", "peer", "reverse"]
Role = Literal["mentor", "mentee", "peer"]
MatchStatus = Literal["proposed", "active", "declined", "expired", "ended"]
EndReason = Literal["completed", "not_a_fit", "member_departed", "member_withdrew", "programme_closed", "unsaid"]
Arm = Literal["treatment", "control"]
"""What a draw made of somebody: `control` is held out, so that the others can be compared with them."""
Score = Annotated[int, Field(ge=0, le=10000)]
"""How well a pair fits: 0 (not at all) to 10000 (perfectly)."""


class Member(BaseModel):
    """One person in a match and what they are in it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    employee_id: EmployeeId
    role: Role


Members = Annotated[tuple[Member, ...], Field(min_length=2, max_length=50)]
"""Everybody in a match: two, or a circle."""


class EmploymentState(Event):
    """Whether somebody works here, today."""

    employee_id: EmployeeId


class EmployeeActivated(EmploymentState, subject="mentorship.matching.employee.activated.v1", about="employee_id"):
    """An employee's record took effect, on its day."""


class EmployeeDeparted(EmploymentState, subject="mentorship.matching.employee.departed.v1", about="employee_id"):
    """An employee has left, on the day itself."""


class ProgrammeState(Event):
    """The public state of a programme."""

    programme_id: UUID
    format: Format
    starts_on: UtcDatetime | None = None
    ends_on: UtcDatetime | None = None
    owner_id: EmployeeId | None = None
    rules_digest: Digest
    reminder_minutes: Reminders = (1440, 60)


class ProgrammeOpened(ProgrammeState, subject="mentorship.matching.programme.opened.v1", about="programme_id"):
    """People can enrol, runs can be made; said again when the rules change."""


class ProgrammeClosed(ProgrammeState, subject="mentorship.matching.programme.closed.v1", about="programme_id"):
    """No further runs or matches; what is active goes on until it ends."""


class ParticipantState(Event):
    """The public state of one person's place in one programme."""

    participant_id: UUID
    programme_id: UUID
    employee_id: EmployeeId
    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=3)]
    capacity: Count
    arm: Arm = "treatment"


class ParticipantEnrolled(
    ParticipantState, subject="mentorship.matching.participant.enrolled.v1", about="participant_id"
):
    """Somebody takes part, or takes part in another way than before; `capacity` is 0 while they pause."""


class ParticipantWithdrawn(
    ParticipantState, subject="mentorship.matching.participant.withdrawn.v1", about="participant_id"
):
    """Somebody no longer takes part."""


class ParticipantWaitlisted(
    ParticipantState, subject="mentorship.matching.participant.waitlisted.v1", about="participant_id"
):
    """Somebody would take part, and has to wait for a place."""


class ParticipantHeldOut(
    ParticipantState, subject="mentorship.matching.participant.held-out.v1", about="participant_id"
):
    """Somebody takes part in no run: chance has put them in the arm that the others are compared with."""


class ParticipantUnmatched(
    ParticipantState, subject="mentorship.matching.participant.unmatched.v1", about="participant_id"
):
    """A run found nobody for this person, and why."""

    run_id: UUID
    reason: Literal["no_candidates", "all_full", "below_floor"]


class RunState(Event):
    """The public state of a matching run."""

    run_id: UUID
    programme_id: UUID
    status: Literal["queued", "running", "completed", "failed", "published"]
    people: Count = 0
    pairs: Count = 0
    total_score: Count = 0
    worst_score: Count = 0
    upper_bound: Count = 0
    gap: Count = 0
    seconds: Seconds = 0.0
    inputs_digest: Digest = ""


class RunStarted(RunState, subject="mentorship.matching.run.started.v1", about="run_id"):
    """A worker has taken the run."""


class RunProgressed(RunState, subject="mentorship.matching.run.progressed.v1", about="run_id"):
    """The run is this far along."""

    percent: Percent


class RunCompleted(RunState, subject="mentorship.matching.run.completed.v1", about="run_id"):
    """The run has its pairs; nothing is offered to anybody before it is published."""

    stopped_by: Literal["score_min", "share_matched_min"] | None = None
    """The floor that was not reached, if that kept it from publishing by itself."""


class RunFailed(RunState, subject="mentorship.matching.run.failed.v1", about="run_id"):
    """The run ended without pairs."""

    reason: Code = "unknown"


class MatchState(Event):
    """The public state of a match."""

    match_id: UUID
    programme_id: UUID
    run_id: UUID | None = None
    format: Format
    members: Members
    status: MatchStatus
    score: Score
    proposed_at: UtcDatetime
    respond_by: UtcDatetime
    outstanding: Annotated[tuple[EmployeeId, ...], Field(max_length=50)] = ()


class MatchProposed(MatchState, subject="mentorship.matching.match.proposed.v1", about="match_id"):
    """Everybody in it is asked; each has until `respond_by`."""


class MatchAccepted(MatchState, subject="mentorship.matching.match.accepted.v1", about="match_id"):
    """One member said yes; `outstanding` have not answered yet."""

    accepted_by: EmployeeId


class MatchReminded(MatchState, subject="mentorship.matching.match.reminded.v1", about="match_id"):
    """The deadline is near and `outstanding` have not answered."""


class MatchActivated(MatchState, subject="mentorship.matching.match.activated.v1", about="match_id"):
    """Everybody accepted: the relationship begins."""


class MatchDeclined(MatchState, subject="mentorship.matching.match.declined.v1", about="match_id"):
    """One member said no."""

    declined_by: EmployeeId
    reason: Literal["not_a_fit", "no_time", "other", "unsaid"] = "unsaid"


class MatchExpired(MatchState, subject="mentorship.matching.match.expired.v1", about="match_id"):
    """The deadline passed without every answer."""


class MatchEnded(MatchState, subject="mentorship.matching.match.ended.v1", about="match_id"):
    """An offer or an active match is over."""

    reason: EndReason = "unsaid"
