"""What becomes of meetings: they are scheduled, moved, called off, held or missed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.errors import Missing
from chassis.ids import uuid7
from chassis.preconditions import Precondition
from chassis.transaction import Tx
from sessions.adapters import db
from sessions.domain import session
from sessions.domain.refusal import Refused
from sessions.domain.relationship import Relationship
from sessions.domain.session import CancelReason, Session, Slot

MISSED = "session-missed"
"""The timer that runs when a session's time and the grace for reporting on it have passed."""


async def schedule_session(tx: Tx, relationship_id: UUID, organizer_id: str, slot: Slot, grace: timedelta) -> Session:
    """A member sets a date for everybody in the relationship."""
    current = await _calendars_locked(tx, relationship_id, organizer_id)
    current.must_be_open()
    wanted = Session(
        session_id=uuid7(),
        relationship_id=relationship_id,
        programme_id=current.programme_id,
        members=current.member_ids,
        organizer_id=organizer_id,
        slot=slot,
        reminder_minutes=await db.reminders_of(tx, current.programme_id),
    )
    scheduled, said = session.schedule(wanted, tx.now)
    await _must_be_free(tx, scheduled, organizer_id)
    await db.add_session(tx, scheduled)
    tx.publish(said, version=scheduled.version)
    await _watch(tx, scheduled, grace)
    return scheduled


async def reschedule_session(
    tx: Tx, session_id: UUID, member_id: str, slot: Slot, *, grace: timedelta, expected: Precondition
) -> Session:
    """A member moves a session to another date."""
    known = await _mine(tx, session_id, member_id)
    (await _calendars_locked(tx, known.relationship_id, member_id)).must_be_open()
    current = await _locked(tx, session_id, expected)
    moved, said = current.reschedule(slot, tx.now)
    await _must_be_free(tx, moved, member_id)
    await db.save_session(tx, moved)
    tx.publish(said, version=moved.version)
    await _watch(tx, moved, grace)
    return moved


async def cancel_session(tx: Tx, session_id: UUID, member_id: str, *, expected: Precondition) -> Session:
    """A member calls a session off."""
    await _mine(tx, session_id, member_id)
    cancelled, said = (await _locked(tx, session_id, expected)).cancel(tx.now)
    await db.save_session(tx, cancelled)
    tx.publish(said, version=cancelled.version)
    return cancelled


async def hold_session(
    tx: Tx, session_id: UUID, member_id: str, attended: Sequence[str] | None, *, expected: Precondition
) -> Session:
    """A member says that a session took place, and who was there: everybody, if not said otherwise."""
    await _mine(tx, session_id, member_id)
    current = await _locked(tx, session_id, expected)
    held, said = current.hold(current.members if attended is None else attended, tx.now)
    await db.save_session(tx, held)
    tx.publish(said, version=held.version)
    return held


async def mark_missed(tx: Tx, _key: str, payload: dict[str, Any]) -> None:
    """The timer's call: a session of which nobody said anything in time was missed."""
    current = await db.lock_session(tx, UUID(payload["session_id"]))
    if current is None or current.status != "scheduled" or current.calendar_sequence != payload["calendar_sequence"]:
        return
    missed, said = current.miss()
    await db.save_session(tx, missed)
    tx.publish(said, version=missed.version)


async def withdraw_sessions(
    tx: Tx, relationship_id: UUID, reason: CancelReason, *, starting_after: datetime | None = None
) -> None:
    """Cancel what is scheduled in a locked relationship (from that instant on, if there is one), once."""
    for current in await db.lock_scheduled(tx, relationship_id, starting_after=starting_after):
        cancelled, said = current.withdraw(reason)
        await db.save_session(tx, cancelled)
        tx.publish(said, version=cancelled.version)


async def _watch(tx: Tx, scheduled: Session, grace: timedelta) -> None:
    # One timer per date, never replaced or cancelled: a timer that runs holds its row and wants the session's, a
    # change holds the session's and would want the timer's. A timer of an earlier date finds another sequence.
    key = f"{scheduled.session_id}/{scheduled.calendar_sequence}"
    payload = {"session_id": str(scheduled.session_id), "calendar_sequence": scheduled.calendar_sequence}
    await tx.schedule(MISSED, key, scheduled.slot.ends_at + grace, payload)


async def _calendars_locked(tx: Tx, relationship_id: UUID, member_id: str) -> Relationship:
    # First the people, then the relationship, as departures do: no date can be set beside another date of one of
    # them, and none in a relationship that closes at this moment.
    known = await db.relationship_of(tx, relationship_id, member=member_id)
    if known is None:
        raise Missing
    await db.lock_employees(tx, known.member_ids)
    current = await db.lock_relationship(tx, relationship_id)
    if current is None or member_id not in current.member_ids:
        raise Missing
    return current


async def _mine(tx: Tx, session_id: UUID, member_id: str) -> Session:
    known = await db.session_of(tx, session_id, member=member_id)
    if known is None:
        raise Missing
    return known


async def _locked(tx: Tx, session_id: UUID, expected: Precondition) -> Session:
    current = await db.lock_session(tx, session_id)
    if current is None:
        raise Missing
    expected.check(current.version)
    return current


async def _must_be_free(tx: Tx, wanted: Session, member_id: str) -> None:
    other = await db.overlapping(tx, wanted.members, wanted.slot, besides=wanted.session_id)
    if other is None:
        return
    if member_id in other.members:
        raise Refused("session_overlaps", f"you have session {other.session_id} at that time")
    # whom the other one meets then, and where, is not the caller's business
    raise Refused("session_overlaps", "another member has a session at that time")
