"""The kinds of message, and on which channels each goes unless its reader chose otherwise."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from contracts.event import EventClass
from contracts.matching import (
    MatchActivated,
    MatchDeclined,
    MatchEnded,
    MatchExpired,
    MatchProposed,
    MatchReminded,
)
from contracts.notifications import Channel
from contracts.sessions import (
    RelationshipClosed,
    RelationshipOpened,
    SessionCancelled,
    SessionRescheduled,
    SessionScheduled,
    SessionState,
)

CHANNELS: tuple[Channel, ...] = ("in_app", "email")
Subject = Literal["match", "session", "relationship"]
"""What a message is about."""


class Kind(StrEnum):
    """Why somebody is written to."""

    OFFER_RECEIVED = "offer_received"
    OFFER_REMINDER = "offer_reminder"
    OFFER_DECLINED = "offer_declined"
    OFFER_EXPIRED = "offer_expired"
    OFFER_WITHDRAWN = "offer_withdrawn"
    MATCH_ACTIVATED = "match_activated"
    RELATIONSHIP_OPENED = "relationship_opened"
    RELATIONSHIP_CLOSED = "relationship_closed"
    SESSION_SCHEDULED = "session_scheduled"
    SESSION_RESCHEDULED = "session_rescheduled"
    SESSION_CANCELLED = "session_cancelled"
    SESSION_REMINDER = "session_reminder"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a kind is about, the event that holds its facts, and its channels.

    `always` cannot be turned off: without the calendar mails a calendar would show meetings that do not
    take place, and what asks for an answer by a deadline, or says that something is over, has to stand
    at least in the inbox.
    """

    about: Subject
    facts: EventClass
    always: frozenset[Channel]
    default: frozenset[Channel]


_BOTH: frozenset[Channel] = frozenset({"in_app", "email"})
_IN_APP: frozenset[Channel] = frozenset({"in_app"})
_EMAIL: frozenset[Channel] = frozenset({"email"})
_NONE: frozenset[Channel] = frozenset()

RULES: dict[Kind, Rule] = {
    Kind.OFFER_RECEIVED: Rule("match", MatchProposed, _IN_APP, _BOTH),
    Kind.OFFER_REMINDER: Rule("match", MatchReminded, _NONE, _BOTH),
    Kind.OFFER_DECLINED: Rule("match", MatchDeclined, _IN_APP, _BOTH),
    Kind.OFFER_EXPIRED: Rule("match", MatchExpired, _IN_APP, _BOTH),
    Kind.OFFER_WITHDRAWN: Rule("match", MatchEnded, _IN_APP, _BOTH),
    # The relationship opens a moment later and is what one can act on: that one is mailed, not both.
    Kind.MATCH_ACTIVATED: Rule("match", MatchActivated, _IN_APP, _IN_APP),
    Kind.RELATIONSHIP_OPENED: Rule("relationship", RelationshipOpened, _NONE, _BOTH),
    Kind.RELATIONSHIP_CLOSED: Rule("relationship", RelationshipClosed, _IN_APP, _BOTH),
    Kind.SESSION_SCHEDULED: Rule("session", SessionScheduled, _EMAIL, _BOTH),
    Kind.SESSION_RESCHEDULED: Rule("session", SessionRescheduled, _EMAIL, _BOTH),
    Kind.SESSION_CANCELLED: Rule("session", SessionCancelled, _EMAIL, _BOTH),
    Kind.SESSION_REMINDER: Rule("session", SessionState, _NONE, _BOTH),
}

CALENDAR = frozenset({Kind.SESSION_SCHEDULED, Kind.SESSION_RESCHEDULED, Kind.SESSION_CANCELLED})
"""The kinds whose mails carry a calendar entry."""
