"""What enrolment asks: how full a programme is, who waits, and whom HR knows."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from chassis.transaction import Tx
from contracts.matching import Role
from matching.adapters.db.programmes import participant_of, programme_of
from matching.adapters.db.tables import participant, programme
from matching.domain.enrolment import Places, Room
from matching.domain.participants import Participant
from matching.domain.programmes import Programme

_LOCK = 4_720_914
"""First number of the advisory locks on programmes' places; the second is a hash of the programme's id."""


async def hold_places(tx: Tx, programme_id: UUID) -> None:
    """Wait until no other transaction gives places of this programme away, and keep them until this one ends."""
    await tx.connection.execute(_HOLD, {"lock": _LOCK, "id": str(programme_id)})


async def room_in(tx: Tx, programme_id: UUID, places: Places) -> Room:
    """The places of a programme, taken and waited for; counted only where there is a limit."""
    taken: dict[Role, int] = {}
    waiting: dict[Role, int] = {}
    if places.limited:
        for row in await tx.connection.execute(_ROOM, {"id": programme_id}):
            (taken if row.status == "enrolled" else waiting)[row.role] = row.people
    return Room(places, taken, waiting)


async def waiting_in(tx: Tx, programme_id: UUID) -> Sequence[Participant]:
    """Those who wait, in the order in which they came."""
    statement = (
        select(participant)
        .where(participant.c.programme_id == programme_id, participant.c.status == "waitlisted")
        .order_by(participant.c.waiting_since, participant.c.id)
    )
    return [participant_of(row) for row in await tx.connection.execute(statement)]


async def limited_among(tx: Tx, programme_ids: Collection[UUID]) -> set[UUID]:
    """Which of these programmes are open and have a limit of places."""
    rows = await tx.connection.execute(_LIMITED, {"ids": list(programme_ids)})
    return set(rows.scalars())


async def enrolling_programmes(tx: Tx) -> list[Programme]:
    """Open programmes that enrol people by rule."""
    statement = select(programme).where(
        programme.c.status == "open", text("jsonb_array_length(COALESCE(enrolment -> 'automatic', '[]')) > 0")
    )
    return [programme_of(row) for row in await tx.connection.execute(statement.order_by(programme.c.id))]


async def lock_active_records(tx: Tx, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Records of those who are active now; they stay so, and nobody else enrols them, until this transaction ends."""
    rows = await tx.connection.execute(_LOCK_RECORDS, {"ids": sorted(ids)})
    return {row.employee_id: row.document for row in rows}


async def active_after(tx: Tx, after: str, limit: int) -> list[str]:
    """Some of those who are active now, by id."""
    rows = await tx.connection.execute(_ACTIVE_AFTER, {"after": after, "limit": limit})
    return list(rows.scalars())


async def places_of(tx: Tx, programme_id: UUID, employee_ids: Collection[str]) -> dict[str, Participant]:
    """The places that these people have, or had, in a programme."""
    statement = select(participant).where(
        participant.c.programme_id == programme_id, participant.c.employee_id.in_(sorted(employee_ids))
    )
    rows = await tx.connection.execute(statement.order_by(participant.c.id).with_for_update())
    return {row.employee_id: participant_of(row) for row in rows}


async def save_training(tx: Tx, employee_id: str, done_on: date | None, noted_by: str) -> None:
    """Note the day on which somebody has done the mentors' training; none takes it back."""
    if done_on is None:
        await tx.connection.execute(text("DELETE FROM training WHERE employee_id = :id"), {"id": employee_id})
        return
    await tx.connection.execute(_TRAINED, {"id": employee_id, "day": done_on, "by": noted_by})


async def is_known(tx: Tx, employee_id: str) -> bool:
    """Whether somebody works here, or will."""
    statement = text("SELECT 1 FROM employee WHERE employee_id = :id AND status <> 'departed' FOR SHARE")
    return await tx.connection.scalar(statement, {"id": employee_id}) is not None


_HOLD = text("SELECT pg_advisory_xact_lock(:lock, hashtext(:id))")
_ROOM = text(
    "SELECT status, role, count(*) AS people FROM participant CROSS JOIN unnest(roles) AS role"
    " WHERE programme_id = :id AND status IN ('enrolled', 'waitlisted') AND arm IS DISTINCT FROM 'control'"
    " GROUP BY status, role"
)
_LIMITED = text(
    "SELECT id FROM programme WHERE id = ANY(:ids) AND status = 'open'"
    " AND jsonb_path_exists(enrolment, '$.places.* ? (@ != null)')"
)
_LOCK_RECORDS = text(
    "SELECT employee_id, document FROM employee WHERE employee_id = ANY(:ids) AND status = 'active'"
    " ORDER BY employee_id FOR NO KEY UPDATE"
)
_ACTIVE_AFTER = text(
    "SELECT employee_id FROM employee WHERE status = 'active' AND employee_id > :after"
    " ORDER BY employee_id LIMIT :limit"
)
_TRAINED = text(
    "INSERT INTO training (employee_id, done_on, noted_by) VALUES (:id, :day, :by)"
    " ON CONFLICT (employee_id) DO UPDATE SET done_on = excluded.done_on, noted_by = excluded.noted_by"
)
