"""A message to one person on one channel."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from contracts.matching import MatchState
from contracts.notifications import Channel
from contracts.sessions import RelationshipState, SessionState
from notifications.domain.kinds import RULES, Kind

Status = Literal["pending", "sent", "failed", "suppressed"]
Facts = MatchState | SessionState | RelationshipState
"""What a message tells of: the event it comes from. Ids and times only; the words are made when it is read or sent."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One person is to be told one thing."""

    employee_id: str
    kind: Kind
    facts: Facts


@dataclass(frozen=True, slots=True)
class Message:
    """A notice on one channel. At most one exists per `effect`, person, kind and channel."""

    message_id: UUID
    effect: UUID
    employee_id: str
    kind: Kind
    channel: Channel
    facts: Facts
    created_at: datetime
    due_at: datetime | None = None
    """When it should have gone out, for a reminder."""
    attempts: int = 0
    unconfirmed: int = 0
    """Attempts to hand it over whose outcome nobody knows: it may have arrived so many times."""
    traceparent: str | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The newest state of a match, session or relationship that has come, and the one before this event."""

    current: Facts
    previous: Facts | None = None
    is_news: bool = True
    """Whether this event changed `current`, or came after a newer one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to become of a message now."""

    status: Status
    reason: str | None = None
    again_at: datetime | None = field(default=None)
    answered: bool = True
    """False where it was handed over and nobody said what became of it."""


def facts_of(kind: Kind, data: dict[str, Any]) -> Facts:
    """Read a message's facts as they are stored."""
    facts = RULES[kind].facts.model_validate(data)
    assert isinstance(facts, MatchState | SessionState | RelationshipState)  # noqa: S101  # RULES names no other
    return facts


def thing_id(facts: Facts) -> UUID:
    """The id of the match, session or relationship that the facts are about."""
    match facts:
        case MatchState():
            return facts.match_id
        case SessionState():
            return facts.session_id
        case RelationshipState():
            return facts.relationship_id


def people_in(facts: Facts) -> tuple[str, ...]:
    """The employees that the facts are about."""
    if isinstance(facts, SessionState):
        return facts.members
    return tuple(member.employee_id for member in facts.members)
