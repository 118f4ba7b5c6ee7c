"""Employees as HR tells of them. One writer at a time: `lock_directory` stands first in each change."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from chassis import direct
from chassis.transaction import Tx
from matching.domain.directory import Entry, Person

_LOCK = 4_720_913
"""Advisory lock of the directory's writers: HR's consumer and the timers."""


async def lock_directory(tx: Tx) -> None:
    """Wait until no other transaction changes the directory, and keep them out until this one ends."""
    await tx.connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


async def erased_among(tx: Tx, ids: Collection[str]) -> set[str]:
    """Which of these people are erased for good."""
    rows = await tx.connection.execute(
        text("SELECT employee_id FROM erased_employee WHERE employee_id = ANY(:ids)"), {"ids": list(ids)}
    )
    return set(rows.scalars())


async def people(tx: Tx, ids: Collection[str]) -> dict[str, Person]:
    """What is known of these people, locked in the order of their ids."""
    given = {"ids": list(ids)}
    known = (await tx.connection.execute(_KNOWN, given)).all()
    waiting: dict[str, list[Entry]] = {}
    if known:
        for row in await tx.connection.execute(_WAITING, given):
            entry = Entry(row.version, row.source, row.leaves, row.acts_on, row.zone, row.document, row.manager_id)
            waiting.setdefault(row.employee_id, []).append(entry)
    return {row.employee_id: _person(row, tuple(waiting.get(row.employee_id, ()))) for row in known}


def _person(row: Any, pending: tuple[Entry, ...]) -> Person:
    leaves = row.status == "departed"
    current = None
    if row.status != "expected":
        # The zone of an entry in force decides nothing any more.
        current = Entry(row.version, row.source, leaves, row.acts_on, None, row.document, row.manager_id)
    return Person(row.employee_id, row.status, current, row.zone, row.zone_version, pending)


async def save_people(tx: Tx, changed: Sequence[Person], *, had_pending: Iterable[str]) -> None:
    """Write people as they now are; `had_pending` are those whose waiting entries stand in the database."""
    if not changed:
        return
    await tx.connection.execute(
        _SAVE,
        {
            "ids": [person.employee_id for person in changed],
            "statuses": [person.status for person in changed],
            "versions": [person.version for person in changed],
            "sources": [person.current.source if person.current else "" for person in changed],
            "days": [person.current.acts_on if person.current else None for person in changed],
            "zones": [person.zone for person in changed],
            "zone_versions": [person.zone_version for person in changed],
            "managers": [person.current.manager_id if person.current else None for person in changed],
            "documents": [person.current.document if person.current else None for person in changed],
        },
    )
    if stale := list(had_pending):
        await tx.connection.execute(text("DELETE FROM employee_pending WHERE employee_id = ANY(:ids)"), {"ids": stale})
    waiting = [(person.employee_id, entry) for person in changed for entry in person.pending]
    if waiting:
        await tx.connection.execute(
            _SAVE_WAITING,
            {
                "ids": [employee_id for employee_id, _ in waiting],
                "versions": [entry.version for _, entry in waiting],
                "sources": [entry.source for _, entry in waiting],
                "leaves": [entry.leaves for _, entry in waiting],
                "days": [entry.acts_on for _, entry in waiting],
                "zones": [entry.zone for _, entry in waiting],
                "documents": [entry.document for _, entry in waiting],
            },
        )


async def count_refusals(tx: Tx, counted: Mapping[tuple[str, str], int]) -> None:
    """Add to the count of refused events by (source, reason)."""
    if counted:
        pairs = sorted(counted)
        await tx.connection.execute(
            _COUNT,
            {
                "sources": [source for source, _ in pairs],
                "reasons": [reason for _, reason in pairs],
                "counts": [counted[pair] for pair in pairs],
                "at": tx.now,
            },
        )


async def is_departed(tx: Tx, employee_id: str) -> bool:
    """Whether somebody has left or is erased."""
    ((departed,),) = await direct.read(tx.connection, _DEPARTED, employee_id)
    return bool(departed)


async def active_among(tx: Tx, ids: Collection[str]) -> set[str]:
    """Which of these people are active now; they stay so until this transaction ends."""
    # Locked in the order of ids, as the directory itself locks them.
    return {record["employee_id"] for record in await direct.fetch(tx.connection, _ACTIVE, list(ids))}


async def is_active(tx: Tx, employee_id: str) -> bool:
    """Whether somebody is active now; they stay so, and no other transaction asks this, until this one ends."""
    return await tx.connection.scalar(_IS_ACTIVE, {"id": employee_id}) is not None


async def managers_of_all(tx: Tx) -> dict[str, str | None]:
    """Everybody's manager, of those active or departed: the organisation as HR has it."""
    records = await direct.fetch(tx.connection, _MANAGERS)
    return {record["employee_id"]: record["manager_id"] for record in records}


_KNOWN = text(
    "SELECT employee_id, status, version, source, acts_on, zone, zone_version, manager_id,"
    " CAST(document AS text) AS document"
    " FROM employee WHERE employee_id = ANY(:ids) ORDER BY employee_id FOR UPDATE"
)
_WAITING = text(
    "SELECT employee_id, version, source, leaves, acts_on, zone, CAST(document AS text) AS document,"
    " document ->> 'manager_id' AS manager_id"
    " FROM employee_pending WHERE employee_id = ANY(:ids) ORDER BY version"
)
_SAVE = text(
    "INSERT INTO employee (employee_id, status, version, source, acts_on, zone, zone_version, manager_id, document)"
    " SELECT i, s, v, o, d, z, w, m, CAST(j AS jsonb) FROM unnest(CAST(:ids AS text[]), CAST(:statuses AS text[]),"
    " CAST(:versions AS bigint[]), CAST(:sources AS text[]), CAST(:days AS date[]), CAST(:zones AS text[]),"
    " CAST(:zone_versions AS bigint[]), CAST(:managers AS text[]), CAST(:documents AS text[]))"
    " AS row (i, s, v, o, d, z, w, m, j)"
    " ON CONFLICT (employee_id) DO UPDATE SET status = excluded.status, version = excluded.version,"
    " source = excluded.source, acts_on = excluded.acts_on, zone = excluded.zone, zone_version = excluded.zone_version,"
    " manager_id = excluded.manager_id, document = excluded.document"
)
_SAVE_WAITING = text(
    "INSERT INTO employee_pending (employee_id, version, source, leaves, acts_on, zone, document)"
    " SELECT i, v, o, l, d, z, CAST(j AS jsonb) FROM unnest(CAST(:ids AS text[]), CAST(:versions AS bigint[]),"
    " CAST(:sources AS text[]), CAST(:leaves AS boolean[]), CAST(:days AS date[]), CAST(:zones AS text[]),"
    " CAST(:documents AS text[])) AS row (i, v, o, l, d, z, j)"
)
_COUNT = text(
    "INSERT INTO hr_refusal AS known (source, reason, refused, last_at)"
    " SELECT s, r, c, CAST(:at AS timestamptz)"
    " FROM unnest(CAST(:sources AS text[]), CAST(:reasons AS text[]), CAST(:counts AS bigint[]))"
    " AS row (s, r, c)"
    " ON CONFLICT (source, reason) DO UPDATE SET refused = known.refused + excluded.refused, last_at = excluded.last_at"
)
_DEPARTED = (
    "SELECT EXISTS (SELECT FROM employee WHERE employee_id = $1 AND status = 'departed')"
    " OR EXISTS (SELECT FROM erased_employee WHERE employee_id = $1)"
)
_ACTIVE = (
    "SELECT employee_id FROM employee WHERE employee_id = ANY($1) AND status = 'active' ORDER BY employee_id FOR SHARE"
)
_MANAGERS = "SELECT employee_id, manager_id FROM employee WHERE status <> 'expected'"
_IS_ACTIVE = text("SELECT 1 FROM employee WHERE employee_id = :id AND status = 'active' FOR NO KEY UPDATE")
