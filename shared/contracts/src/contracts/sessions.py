"""What sessions says: relationships, goals, sessions and feedback scores. Ids, codes and numbers only."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.event import EmployeeId, Event, UtcDatetime
from contracts.hr import TimeZone
from contracts.matching import Format, Member

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""A short machine word, such as a skill or theme code."""


class RelationshipState(Event):
    """The public state of a relationship; its id is the id of the match it grew from."""

    relationship_id: UUID
    programme_id: UUID
    format: Format
    members: tuple[Member, ...]
    status: Literal["open", "closed"]


class RelationshipOpened(RelationshipState, subject="mentorship.sessions.relationship.opened.v1", about="relationship_id"):
    """The people of an activated match can set goals and meet."""


class RelationshipClosed(RelationshipState, subject="mentorship.sessions.relationship.closed.v1", about="relationship_id"):
    """The relationship is over; its future sessions are cancelled."""

    reason: Literal["completed", "not_a_fit", "member_departed", "member_withdrew", "programme_closed", "unsaid"] = "unsaid"


class GoalState(Event):
    """The public state of a goal."""

    goal_id: UUID
    relationship_id: UUID
    programme_id: UUID
    owner_id: EmployeeId
    code: Code
    progress: Annotated[int, Field(ge=0, le=100)]


class GoalSet(GoalState, subject="mentorship.sessions.goal.set.v1", about="goal_id"):
    """A goal was agreed."""


class GoalProgressed(GoalState, subject="mentorship.sessions.goal.progressed.v1", about="goal_id"):
    """The goal is this far along."""


class GoalAchieved(GoalState, subject="mentorship.sessions.goal.achieved.v1", about="goal_id"):
    """The goal is reached."""


class SessionState(Event):
    """The public state of a session (a meeting)."""

    session_id: UUID
    relationship_id: UUID
    programme_id: UUID
    members: tuple[EmployeeId, ...]
    organizer_id: EmployeeId
    starts_at: UtcDatetime
    timezone: TimeZone
    duration_minutes: Annotated[int, Field(ge=5, le=480)]
    status: Literal["scheduled", "cancelled", "held", "missed"]
    calendar_sequence: Annotated[int, Field(ge=0)]
    reminder_minutes: tuple[int, ...] = (1440, 60)


class SessionScheduled(SessionState, subject="mentorship.sessions.session.scheduled.v1", about="session_id"):
    """A session has a date."""


class SessionRescheduled(SessionState, subject="mentorship.sessions.session.rescheduled.v1", about="session_id"):
    """The session has another date."""


class SessionCancelled(SessionState, subject="mentorship.sessions.session.cancelled.v1", about="session_id"):
    """The session will not take place."""

    reason: Literal["by_member", "member_departed", "relationship_closed"]


class SessionHeld(SessionState, subject="mentorship.sessions.session.held.v1", about="session_id"):
    """The session took place; `attended` were there."""

    attended: tuple[EmployeeId, ...]


class SessionMissed(SessionState, subject="mentorship.sessions.session.missed.v1", about="session_id"):
    """Its time passed and somebody did not come."""

    attended: tuple[EmployeeId, ...] = ()


class FeedbackGiven(Event, subject="mentorship.sessions.feedback.given.v1", about="feedback_id"):
    """One member rated a session, 1 (poor) to 5 (excellent). The words stay in the service, encrypted."""

    feedback_id: UUID
    session_id: UUID
    relationship_id: UUID
    programme_id: UUID
    author_id: EmployeeId
    usefulness: Annotated[int, Field(ge=1, le=5)]
    fit: Annotated[int, Field(ge=1, le=5)] | None = None
