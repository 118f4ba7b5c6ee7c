"""A session: a meeting of the members of a relationship, from its date to what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from contracts.sessions import SessionCancelled, SessionHeld, SessionMissed, SessionRescheduled, SessionScheduled
from sessions.domain.refusal import Refused

Status = Literal["scheduled", "cancelled", "held", "missed"]
CancelReason = Literal["by_member", "member_departed", "relationship_closed"]

FARTHEST = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Slot:
    """When and how long: a UTC instant, the zone people think in, and minutes."""

    starts_at: datetime
    timezone: str
    duration_minutes: int

    @property
    def ends_at(self) -> datetime:
        """The first instant that is free again."""
        return self.starts_at + timedelta(minutes=self.duration_minutes)


@dataclass(frozen=True, kw_only=True)
class Session:
    """The state of one session."""

    session_id: UUID
    relationship_id: UUID
    programme_id: UUID
    members: tuple[str, ...]
    organizer_id: str | None
    """Nobody once that person is erased; of such a session nothing more is said."""
    slot: Slot
    status: Status = "scheduled"
    attended: tuple[str, ...] = ()
    calendar_sequence: int = 0
    reminder_minutes: tuple[float, ...]
    version: int = 1

    def reschedule(self, slot: Slot, now: datetime) -> tuple["Session", SessionRescheduled]:
        """The same session on another date."""
        self._must_be_ahead(now)
        must_be_bookable(slot, now)
        moved = self._next(slot=slot, calendar_sequence=self.calendar_sequence + 1)
        return moved, SessionRescheduled(**moved.public())

    def cancel(self, now: datetime) -> tuple["Session", SessionCancelled]:
        """A member calls it off before it starts."""
        self._must_be_ahead(now)
        return self.withdraw("by_member")

    def withdraw(self, reason: CancelReason) -> tuple["Session", SessionCancelled]:
        """The session will not take place, whatever its members wish."""
        self._must_be_scheduled()
        cancelled = self._next(status="cancelled", calendar_sequence=self.calendar_sequence + 1)
        return cancelled, SessionCancelled(reason=reason, **cancelled.public())

    def hold(self, attended: Iterable[str], now: datetime) -> tuple["Session", SessionHeld]:
        """It took place; at least two members were there."""
        self._must_be_scheduled()
        if now < self.slot.starts_at:
            raise Refused("session_not_started", "a session can be marked as held from its start on")
        there = frozenset(attended)
        if not there <= frozenset(self.members):
            raise Refused("not_a_member", "only members of the relationship can have attended")
        if len(there) < 2:
            raise Refused("nobody_met", "a session is held when at least two members were there")
        in_order = tuple(member for member in self.members if member in there)
        held = self._next(status="held", attended=in_order)
        return held, SessionHeld(attended=in_order, **held.public())

    def miss(self) -> tuple["Session", SessionMissed]:
        """Its time and the grace have passed, and nobody said that it took place."""
        self._must_be_scheduled()
        missed = self._next(status="missed")
        return missed, SessionMissed(**missed.public())

    def _must_be_scheduled(self) -> None:
        if self.status != "scheduled":
            raise Refused(f"session_{self.status}", f"the session is {self.status} already")

    def _must_be_ahead(self, now: datetime) -> None:
        self._must_be_scheduled()
        if self.slot.starts_at <= now:
            raise Refused("session_started", "the session has started already")

    def _next(self, **changes: Any) -> "Session":
        return replace(self, version=self.version + 1, **changes)

    def public(self) -> dict[str, object]:
        """What every event about it says."""
        return {
            "session_id": self.session_id,
            "relationship_id": self.relationship_id,
            "programme_id": self.programme_id,
            "members": self.members,
            "organizer_id": self.organizer_id,
            "starts_at": self.slot.starts_at,
            "timezone": self.slot.timezone,
            "duration_minutes": self.slot.duration_minutes,
            "status": self.status,
            "calendar_sequence": self.calendar_sequence,
            "reminder_minutes": self.reminder_minutes,
        }


def schedule(session: Session, now: datetime) -> tuple[Session, SessionScheduled]:
    """A new session gets its date."""
    must_be_bookable(session.slot, now)
    return session, SessionScheduled(**session.public())


def must_be_bookable(slot: Slot, now: datetime) -> None:
    """Refuses dates that have passed or lie more than a year ahead."""
    if slot.starts_at <= now:
        raise Refused("in_the_past", "a session needs a date that lies ahead")
    if slot.starts_at > now + FARTHEST:
        raise Refused("too_far_ahead", f"a session can be at most {FARTHEST.days} days ahead")
