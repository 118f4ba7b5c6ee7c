"""Sessions: the meetings of relationships."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, insert, select, tuple_, update

from chassis.transaction import Tx
from sessions.adapters.db.relationships import has_member, in_order
from sessions.adapters.db.tables import relationship, relationship_member, session
from sessions.domain.session import Session, Slot, Status

_ends_at: ColumnElement[datetime] = session.c.starts_at + session.c.duration_minutes * timedelta(minutes=1)


@dataclass(frozen=True)
class Filter:
    """Which sessions of a list: of one relationship, in one state."""

    relationship_id: UUID | None = None
    status: Status | None = None


async def add_session(tx: Tx, scheduled: Session) -> None:
    """Write a new session."""
    values = _changing(scheduled) | {
        "session_id": scheduled.session_id,
        "relationship_id": scheduled.relationship_id,
        "organizer_id": scheduled.organizer_id,
        "reminder_minutes": list(scheduled.reminder_minutes),
    }
    await tx.connection.execute(insert(session).values(values))


async def save_session(tx: Tx, changed: Session) -> None:
    """Write what can change of a session."""
    await tx.connection.execute(
        update(session).where(session.c.session_id == changed.session_id).values(_changing(changed))
    )


async def session_of(tx: Tx, session_id: UUID, *, member: str | None = None) -> Session | None:
    """One session as it is; with `member`, only if that person is in its relationship."""
    query = _sessions().where(session.c.session_id == session_id)
    if member is not None:
        query = query.where(has_member(member))
    found = (await tx.connection.execute(query)).first()
    return None if found is None else _session(found)


async def lock_session(tx: Tx, session_id: UUID) -> Session | None:
    """One session, which nobody else changes until this transaction ends."""
    wanted = select(session.c.session_id).where(session.c.session_id == session_id)
    await tx.connection.execute(wanted.with_for_update())
    return await session_of(tx, session_id)


async def lock_scheduled(tx: Tx, relationship_id: UUID, *, starting_after: datetime | None = None) -> Sequence[Session]:
    """The sessions of a relationship that are still to take place, locked."""
    query = _sessions().where(session.c.relationship_id == relationship_id, session.c.status == "scheduled")
    if starting_after is not None:
        query = query.where(session.c.starts_at > starting_after)
    rows = await tx.connection.execute(query.order_by(session.c.session_id).with_for_update(of=session))
    return [_session(row) for row in rows]


async def overlapping(tx: Tx, members: Collection[str], slot: Slot, *, besides: UUID | None = None) -> Session | None:
    """A scheduled session of any of these people that takes some of that time, the earliest one."""
    theirs = select(relationship_member.c.relationship_id).where(relationship_member.c.employee_id.in_(members))
    query = (
        _sessions()
        .where(session.c.relationship_id.in_(theirs), session.c.status == "scheduled")
        .where(session.c.starts_at < slot.ends_at, _ends_at > slot.starts_at)
        .order_by(session.c.starts_at)
        .limit(1)
    )
    if besides is not None:
        query = query.where(session.c.session_id != besides)
    found = (await tx.connection.execute(query)).first()
    return None if found is None else _session(found)


async def sessions_with(
    tx: Tx, employee_id: str, wanted: Filter, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Session]:
    """A person's sessions by start, from after that (starts_at, id) on."""
    query = _sessions().where(has_member(employee_id))
    if wanted.relationship_id is not None:
        query = query.where(session.c.relationship_id == wanted.relationship_id)
    if wanted.status is not None:
        query = query.where(session.c.status == wanted.status)
    if after is not None:
        query = query.where(tuple_(session.c.starts_at, session.c.session_id) > after)
    rows = await tx.connection.execute(query.order_by(session.c.starts_at, session.c.session_id).limit(limit))
    return [_session(row) for row in rows]


async def forget_attendance(tx: Tx, employee_id: str) -> None:
    """Take a person's id out of the sessions that they were in."""
    mine = select(relationship_member.c.relationship_id).where(relationship_member.c.employee_id == employee_id)
    here = session.c.relationship_id.in_(mine)
    await tx.connection.execute(
        update(session).where(here).values(attended=func.array_remove(session.c.attended, employee_id))
    )
    await tx.connection.execute(
        update(session).where(here, session.c.organizer_id == employee_id).values(organizer_id=None)
    )


def _sessions() -> Select[Any]:
    return select(
        session, relationship.c.programme_id, in_order(relationship_member.c.employee_id).label("members")
    ).join_from(session, relationship)


def _changing(changed: Session) -> dict[str, Any]:
    return {
        "starts_at": changed.slot.starts_at,
        "timezone": changed.slot.timezone,
        "duration_minutes": changed.slot.duration_minutes,
        "status": changed.status,
        "attended": list(changed.attended),
        "calendar_sequence": changed.calendar_sequence,
        "version": changed.version,
    }


def _session(row: Row[Any]) -> Session:
    return Session(
        session_id=row.session_id,
        relationship_id=row.relationship_id,
        programme_id=row.programme_id,
        members=tuple(row.members),
        organizer_id=row.organizer_id,
        slot=Slot(starts_at=row.starts_at, timezone=row.timezone, duration_minutes=row.duration_minutes),
        status=row.status,
        attended=tuple(row.attended),
        calendar_sequence=row.calendar_sequence,
        reminder_minutes=tuple(row.reminder_minutes),
        version=row.version,
    )
