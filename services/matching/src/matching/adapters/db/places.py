"""Who of a programme has which place, and how many are taken: for some people at a time."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis import direct
from chassis.transaction import Tx
from contracts.matching import Role
from matching.adapters.db import programmes
from matching.domain.participants import Participant


async def lock_named(tx: Tx, programme_id: UUID, names: Collection[str]) -> dict[str, Participant]:
    """These people's places in a programme, locked in the order of their ids; those without one are left out."""
    records = await direct.fetch(tx.connection, _LOCK, programme_id, list(names))
    return {record["employee_id"]: programmes.participant_of_record(record) for record in records}


async def find_named(tx: Tx, programme_id: UUID, names: Collection[str]) -> dict[str, Participant]:
    """The same, not locked."""
    found = await with_records(tx, programme_id, names)
    return {place.employee_id: place for place, _ in found}


async def promised_among(tx: Tx, participant_ids: Collection[UUID]) -> dict[tuple[UUID, Role], int]:
    """Places of these participants that are taken or on offer, by (participant, role)."""
    records = await direct.fetch(tx.connection, _PROMISED, list(participant_ids))
    return {(participant_id, role): promised for participant_id, role, promised in records}


async def with_records(tx: Tx, programme_id: UUID, names: Collection[str]) -> list[tuple[Participant, dict[str, Any]]]:
    """Those of certain names who take part and are employed now, with their records and whether they are `trained`."""
    given = {"programme": programme_id, "names": list(names), "today": tx.now.date()}
    rows = await tx.connection.execute(_WITH_RECORDS, given)
    return [(programmes.participant_of(row), row.document) for row in rows]


async def managers_above(tx: Tx, names: Collection[str]) -> dict[str, str | None]:
    """These people's managers, and theirs, up to the top."""
    rows = await tx.connection.execute(_ABOVE, {"names": list(names)})
    return {row.employee_id: row.manager_id for row in rows}


def url_of(tx: Tx) -> str:
    """Where this transaction's database is, to open another connection to it."""
    return tx.connection.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


_WITH_RECORDS = text(
    "SELECT participant.*, employee.document || jsonb_build_object('trained', COALESCE(done_on <= :today, false))"
    " AS document FROM participant JOIN employee USING (employee_id) LEFT JOIN training USING (employee_id)"
    " WHERE programme_id = :programme AND employee_id = ANY(:names)"
    " AND participant.status = 'enrolled' AND employee.status = 'active'"
)
_ABOVE = text(
    "WITH RECURSIVE above AS (SELECT employee_id, manager_id FROM employee"
    " WHERE employee_id = ANY(:names) AND status <> 'expected'"
    " UNION SELECT employee.employee_id, employee.manager_id FROM employee JOIN above"
    " ON employee.employee_id = above.manager_id WHERE status <> 'expected') SELECT * FROM above"
)
_LOCK = (
    "SELECT * FROM participant WHERE programme_id = $1 AND employee_id = ANY($2) AND status = 'enrolled'"
    " ORDER BY id FOR UPDATE"
)
_PROMISED = (
    "SELECT participant_id, role, count(*) FROM match_member JOIN match ON match.id = match_id"
    " WHERE participant_id = ANY($1) AND status IN ('proposed', 'active') GROUP BY participant_id, role"
)
