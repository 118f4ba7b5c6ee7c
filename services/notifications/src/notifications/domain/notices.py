"""Who is told what when something happens."""

from collections.abc import Collection
from datetime import datetime, timedelta

from contracts.matching import (
    MatchActivated,
    MatchDeclined,
    MatchEnded,
    MatchExpired,
    MatchProposed,
    MatchReminded,
    MatchState,
)
from contracts.sessions import (
    RelationshipClosed,
    RelationshipOpened,
    RelationshipState,
    SessionCancelled,
    SessionRescheduled,
    SessionScheduled,
    SessionState,
)
from notifications.domain.kinds import Kind
from notifications.domain.messages import Facts, Notice, people_in


def asked(match: MatchState) -> tuple[str, ...]:
    """Those whose answer to an offer is outstanding; of a new offer that names nobody, everybody."""
    return match.outstanding or people_in(match)


def of_match(event: MatchState, previous: Facts | None) -> list[Notice]:
    """The notices that a match event calls for; `previous` is what the match was before it."""
    people, kind = people_in(event), None
    match event:
        case MatchProposed():
            people, kind = asked(event), Kind.OFFER_RECEIVED
        case MatchReminded():
            people, kind = asked(event), Kind.OFFER_REMINDER
        case MatchActivated():
            kind = Kind.MATCH_ACTIVATED
        case MatchDeclined():
            people, kind = _except(people, {event.declined_by}), Kind.OFFER_DECLINED
        case MatchExpired():
            people, kind = _except(people, event.outstanding), Kind.OFFER_EXPIRED
        case MatchEnded() if isinstance(previous, MatchState) and previous.status == "proposed":
            kind = Kind.OFFER_WITHDRAWN
        case _:  # of an active match the relationship's closing tells; of one acceptance nobody is told
            pass
    return _to(people, kind, event) if kind else []


def of_relationship(event: RelationshipState) -> list[Notice]:
    """The notices that a relationship event calls for."""
    match event:
        case RelationshipOpened():
            return _to(people_in(event), Kind.RELATIONSHIP_OPENED, event)
        case RelationshipClosed():
            return _to(people_in(event), Kind.RELATIONSHIP_CLOSED, event)
        case _:
            return []


def of_session(event: SessionState) -> list[Notice]:
    """The notices that a session event calls for."""
    match event:
        case SessionScheduled():
            return _to(event.members, Kind.SESSION_SCHEDULED, event)
        case SessionRescheduled():
            return _to(event.members, Kind.SESSION_RESCHEDULED, event)
        case SessionCancelled():
            return _to(event.members, Kind.SESSION_CANCELLED, event)
        case _:
            return []


def of_reminder(session: SessionState) -> list[Notice]:
    """The notices of a reminder: to everybody who is expected."""
    return _to(session.members, Kind.SESSION_REMINDER, session)


def reminders(session: SessionState, since: datetime) -> dict[float, datetime]:
    """When to remind of a session: minutes before its start -> instant. Those already past at `since` are left out."""
    if session.status != "scheduled":
        return {}
    due = {minutes: session.starts_at - timedelta(minutes=minutes) for minutes in session.reminder_minutes}
    return {minutes: at for minutes, at in due.items() if minutes >= 0 and at > since}


def _to(people: tuple[str, ...], kind: Kind, facts: Facts) -> list[Notice]:
    return [Notice(person, kind, facts) for person in dict.fromkeys(people)]


def _except(people: tuple[str, ...], those: Collection[str]) -> tuple[str, ...]:
    return tuple(person for person in people if person not in those)
