"""Who calls the API, what it takes and gives. What is taken and what is given are never the same model."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, NaiveDatetime, StringConstraints
from pydantic.config import JsonDict

from chassis.http import Body, Caller, allow
from contracts.matching import EndReason, Format, Member
from contracts.words import Code, EmployeeId, Percent, Rating, TimeZone
from sessions.domain.session import Session, Status
from sessions.domain.times import Occurrence, wall_time

Employee = Annotated[Caller, allow("employee")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
"""What only the members of the relationship read; at most 4,000 characters."""


WITHOUT_OFFSET: JsonDict = {"format": "date-time-local"}
"""OpenAPI's name for what wall clocks show: `date-time` always has an offset."""


class WhenBody(Body):
    """A date as people say it: what the wall clocks of a place show, and for how long."""

    local_start: Annotated[
        NaiveDatetime,
        Field(
            description="Wall-clock time in `timezone`, without an offset.",
            examples=["2027-03-15T14:30"],
            json_schema_extra=WITHOUT_OFFSET,
        ),
    ]
    timezone: TimeZone
    duration_minutes: Annotated[int, Field(ge=5, le=480)] = 60
    occurrence: Annotated[
        Occurrence | None, Field(description="Which one, when clocks go back and `local_start` happens twice.")
    ] = None


class HoldBody(Body):
    """Who was there; everybody, if nothing is said."""

    attended: Annotated[tuple[EmployeeId, ...] | None, Field(max_length=50)] = None


class GoalBody(Body):
    """A skill or theme to work towards, and what the owner wants to say of it to the other members."""

    code: Code
    words: Words | None = None


class ProgressBody(Body):
    """How far along a goal is, in per cent."""

    progress: Percent


class FeedbackBody(Body):
    """Scores, 1 (poor) to 5 (excellent), for everybody's figures; words for the members alone."""

    usefulness: Rating
    fit: Rating | None = None
    words: Words | None = None


class Shape(BaseModel):
    """Something the API gives: what it names of a thing of the domain."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class RelationshipView(Shape):
    """A relationship as its members see it."""

    relationship_id: UUID
    programme_id: UUID
    format: Format
    members: tuple[Member, ...]
    status: Literal["open", "closed"]
    reason: EndReason | None
    opened_at: datetime
    closed_at: datetime | None
    version: int


class SessionView(Shape):
    """A session as its members see it; `local_start` is `starts_at` on the wall clocks of `timezone`."""

    session_id: UUID
    relationship_id: UUID
    programme_id: UUID
    members: tuple[str, ...]
    organizer_id: str | None
    starts_at: datetime
    ends_at: datetime
    local_start: Annotated[datetime, Field(json_schema_extra=WITHOUT_OFFSET)]
    timezone: str
    duration_minutes: int
    status: Status
    attended: tuple[str, ...]
    calendar_sequence: int
    version: int


class GoalView(Shape):
    """A goal without its words: what changes answer, so that no stored answer holds words."""

    goal_id: UUID
    relationship_id: UUID
    owner_id: str
    code: str
    progress: int
    achieved_at: datetime | None
    version: int


class GoalWithWords(GoalView):
    """A goal as the members of its relationship read it."""

    words: str | None


class FeedbackView(Shape):
    """Feedback without its words."""

    feedback_id: UUID
    session_id: UUID
    author_id: str
    usefulness: int
    fit: int | None
    given_at: datetime
    version: int


class FeedbackWithWords(FeedbackView):
    """Feedback as the members of its relationship read it."""

    words: str | None


def session_view(one: Session) -> SessionView:
    """What members see of a session."""
    return SessionView(
        session_id=one.session_id,
        relationship_id=one.relationship_id,
        programme_id=one.programme_id,
        members=one.members,
        organizer_id=one.organizer_id,
        starts_at=one.slot.starts_at,
        ends_at=one.slot.ends_at,
        local_start=wall_time(one.slot.starts_at, one.slot.timezone),
        timezone=one.slot.timezone,
        duration_minutes=one.slot.duration_minutes,
        status=one.status,
        attended=one.attended,
        calendar_sequence=one.calendar_sequence,
        version=one.version,
    )
