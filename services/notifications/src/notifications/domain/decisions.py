"""Whether a message is still to be sent, decided from the current state and never from the fact alone."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.matching import MatchEnded, MatchState
from contracts.sessions import RelationshipClosed, RelationshipState, SessionCancelled, SessionState
from notifications.domain.kinds import Kind
from notifications.domain.messages import Facts, Message, Outcome
from notifications.domain.notices import asked
from notifications.domain.people import Person
from notifications.domain.preferences import wants

GRACE = timedelta(minutes=5)
"""How long after a session's start a late reminder still helps."""
DEPARTURE_WAIT = timedelta(minutes=10)
"""How long a mail about somebody's departure waits to learn who that is."""
SEND = Outcome("pending")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long a mail is tried: `attempts` within `hours`, the delay doubling from `base` seconds."""

    attempts: int = 30
    hours: float = 24.0
    base: float = 5.0
    longest: float = 3600.0

    def next(self, message: Message, reason: str, now: datetime, chance: float) -> Outcome:
        """Try again after an exponential delay (`chance` in 0..1 spreads it over its upper half), or give up."""
        delay = min(self.longest, self.base * 2.0 ** min(message.attempts - 1, 30)) * (0.5 + chance / 2)
        again = now + timedelta(seconds=delay)
        if message.attempts >= self.attempts or again > message.created_at + timedelta(hours=self.hours):
            return Outcome("failed", reason)
        return Outcome("pending", reason, again)


def decide(message: Message, current: Facts, reader: Person, departed: Collection[str], now: datetime) -> Outcome:
    """Send the message now, wait, or suppress it; `departed` are those of the people in it who have left."""
    if reader.departed or reader.erased:
        return Outcome("suppressed", "departed")
    if not still_true(message, current, now):
        return Outcome("suppressed", "stale")
    if not wants(reader.choices, message.kind, message.channel):
        return Outcome("suppressed", "preference")
    if message.channel == "email" and _who_left_is_unknown(message, departed, now):
        return Outcome("pending", "departed", now + timedelta(seconds=2))
    return SEND


def still_true(message: Message, current: Facts, now: datetime) -> bool:
    """Whether what the message says holds, given the current state of what it is about."""
    match current:
        case MatchState():
            return _match_still(message, current, now)
        case SessionState():
            return _session_still(message, current, now)
        case RelationshipState():
            return current.status == ("open" if message.kind is Kind.RELATIONSHIP_OPENED else "closed")


def _match_still(message: Message, match: MatchState, now: datetime) -> bool:
    match message.kind:
        case Kind.OFFER_RECEIVED | Kind.OFFER_REMINDER:
            return match.status == "proposed" and message.employee_id in asked(match) and now < match.respond_by
        case Kind.MATCH_ACTIVATED:
            return match.status == "active"
        case Kind.OFFER_DECLINED:
            return match.status == "declined"
        case Kind.OFFER_EXPIRED:
            return match.status == "expired"
        case _:
            return match.status == "ended"


def _session_still(message: Message, session: SessionState, now: datetime) -> bool:
    if message.kind is Kind.SESSION_CANCELLED:
        return session.status == "cancelled"
    if not isinstance(message.facts, SessionState) or session.status != "scheduled":
        return False
    if message.facts.calendar_sequence != session.calendar_sequence:
        return False
    if message.kind is Kind.SESSION_REMINDER:
        return now < _superseded_at(session, message.due_at)
    return now < session.starts_at + timedelta(minutes=session.duration_minutes)


def _superseded_at(session: SessionState, due_at: datetime | None) -> datetime:
    """When a reminder that was due at `due_at` no longer helps: the next one is due, or the session has begun."""
    due = sorted(session.starts_at - timedelta(minutes=minutes) for minutes in session.reminder_minutes if minutes >= 0)
    later = (at for at in due if due_at is not None and at > due_at)
    return next(later, session.starts_at + GRACE)


def _who_left_is_unknown(message: Message, departed: Collection[str], now: datetime) -> bool:
    """Whether a mail speaks of a departure that has not reached us: streams are not ordered against each other, and
    the one who left must not get it.
    """
    facts = message.facts
    if not isinstance(facts, SessionCancelled | RelationshipClosed | MatchEnded) or facts.reason != "member_departed":
        return False
    return not departed and now < message.created_at + DEPARTURE_WAIT
