"""Relationships follow their matches: open while the match lives and everybody is here, closed otherwise."""

from collections.abc import Sequence

from chassis.subscription import Received, newest
from chassis.transaction import Tx
from contracts.matching import EndReason, MatchActivated, MatchEnded, ProgrammeState
from sessions.adapters import db
from sessions.domain import relationship
from sessions.domain.relationship import Relationship
from sessions.domain.session import CancelReason
from sessions.handlers.meetings import withdraw_sessions


async def open_relationship(tx: Tx, received: Received[MatchActivated]) -> None:
    """The people of an activated match get a relationship; if one of them left before this was heard, a closed one."""
    match = received.event
    await db.record_match(tx, match.match_id, version=received.version, ended=None)
    absent = await db.lock_employees(tx, (member.employee_id for member in match.members))
    if await db.lock_relationship(tx, match.match_id) is not None:
        return
    opened, said = relationship.open_relationship(match, tx.now)
    await db.add_relationship(tx, opened)
    tx.publish(said, version=opened.version)
    await settle(tx, opened, gone=absent.gone)
    for employee_id in sorted(absent.erased):
        await db.forget_member(tx, employee_id)


async def close_relationship(tx: Tx, received: Received[MatchEnded]) -> None:
    """The relationship ends with its match; when this is heard before the activation, it is remembered for then."""
    match = received.event
    await db.record_match(tx, match.match_id, version=received.version, ended=match.reason)
    current = await db.lock_relationship(tx, match.match_id)
    if current is not None:
        await settle(tx, current, gone=frozenset())


async def settle(tx: Tx, current: Relationship, *, gone: frozenset[str]) -> None:
    """Close or reopen a locked relationship, as its match and its members (of whom some are `gone`) are now."""
    ended = await db.ending_of(tx, current.relationship_id)
    reason = relationship.reason_to_close(current.member_ids, gone, ended)
    if reason is None and current.status == "closed":
        opened, said = current.reopen()
        await db.save_relationship(tx, opened)
        tx.publish(said, version=opened.version)
    elif reason is not None and current.status == "open":
        await _close(tx, current, reason)


async def _close(tx: Tx, current: Relationship, reason: EndReason) -> None:
    closed, said = current.close(reason, tx.now)
    await db.save_relationship(tx, closed)
    tx.publish(said, version=closed.version)
    why: CancelReason = "member_departed" if reason == "member_departed" else "relationship_closed"
    await withdraw_sessions(tx, current.relationship_id, why, starting_after=tx.now)


async def remember_programmes(tx: Tx, batch: Sequence[Received[ProgrammeState]]) -> None:
    """Keep when each programme wants its people reminded."""
    latest = newest(batch, key=lambda received: str(received.event.programme_id))
    await db.record_programmes(
        tx, [(received.event.programme_id, received.version, received.event.reminder_minutes) for received in latest]
    )
