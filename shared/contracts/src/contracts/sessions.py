"""What sessions says: relationships, goals, sessions and feedback scores. Ids, codes and numbers only."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.event import Event
from contracts.matching import EndReason, Format, Members
from contracts.words import Code, Count, EmployeeId, Percent, Rating, Reminders, TimeZone, UtcDatetime

People = Annotated[tuple[EmployeeId, ...], Field(max_length=50)]
"""Some of the members of a relationship."""


class RelationshipState(Event):
    """The public state of a relationship; its id is the id of the match it grew from."""

    relationship_id: UUID
    programme_id: UUID
    format: Format
    members: Members
    status: Literal["open", "closed"]


class RelationshipOpened(
    RelationshipState, subject="mentorship.sessions.relationship.opened.v1", about="relationship_id"
):
    """The people of an activated match can set goals and meet."""


class RelationshipClosed(
    RelationshipState, subject="mentorship.sessions.relationship.closed.v1", about="relationship_id"
):
    """The relationship is over; its future sessions are cancelled."""

    reason: EndReason = "unsaid"


class GoalState(Event):
    """The public state of a goal."""

    goal_id: UUID
    relationship_id: UUID
    programme_id: UUID
    owner_id: EmployeeId
    code: Code
    progress: Percent


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
    members: People
    organizer_id: EmployeeId
    starts_at: UtcDatetime
    timezone: TimeZone
    duration_minutes: Annotated[int, Field(ge=5, le=480)]
    status: Literal["scheduled", "cancelled", "held", "missed"]
    calendar_sequence: Count
    reminder_minutes: Reminders = (1440, 60)


class SessionScheduled(SessionState, subject="mentorship.sessions.session.scheduled.v1", about="session_id"):
    """A session has a date."""


class SessionRescheduled(SessionState, subject="mentorship.sessions.session.rescheduled.v1", about="session_id"):
    """The session has another date."""


class SessionCancelled(SessionState, subject="mentorship.sessions.session.cancelled.v1", about="session_id"):
    """The session will not take place."""

    reason: Literal["by_member", "member_departed", "relationship_closed"]


class SessionHeld(SessionState, subject="mentorship.sessions.session.held.v1", about="session_id"):
    """The session took place; `attended` were there."""

    attended: People


class SessionMissed(SessionState, subject="mentorship.sessions.session.missed.v1", about="session_id"):
    """Its time and the grace after it have passed, and nobody said that it took place."""

    attended: People = ()


class FeedbackGiven(Event, subject="mentorship.sessions.feedback.given.v1", about="feedback_id"):
    """One member rated a session, 1 (poor) to 5 (excellent). The words stay in the service, encrypted."""

    feedback_id: UUID
    session_id: UUID
    relationship_id: UUID
    programme_id: UUID
    author_id: EmployeeId
    usefulness: Rating
    fit: Rating | None = None
