"""Who is here: employees as matching tells of them, and the locks that order what concerns one person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, text

from chassis.transaction import Tx
from sessions.adapters.db.tables import employee

_MAKE = text("INSERT INTO employee (employee_id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING")

_ARRIVE = text(
    "INSERT INTO employee (employee_id, version, departed)"
    " SELECT id, version, false FROM unnest(CAST(:ids AS text[]), CAST(:versions AS bigint[])) AS row (id, version)"
    " ON CONFLICT (employee_id) DO UPDATE SET version = excluded.version, departed = false"
    " WHERE employee.version < excluded.version"
)

_DEPART = text(
    "INSERT INTO employee (employee_id, version, departed) VALUES (:id, :version, true)"
    " ON CONFLICT (employee_id) DO UPDATE SET version = excluded.version, departed = true"
    " WHERE employee.version < excluded.version RETURNING employee_id"
)

_ERASE = text(
    "INSERT INTO employee (employee_id, departed, erased) VALUES (:id, true, true)"
    " ON CONFLICT (employee_id) DO UPDATE SET erased = true WHERE NOT employee.erased RETURNING employee_id"
)


@dataclass(frozen=True)
class Absent:
    """Who of some people is not here: `gone` for now or for good, `erased` for good."""

    gone: frozenset[str]
    erased: frozenset[str]


async def lock_employees(tx: Tx, ids: Iterable[str]) -> Absent:
    """Make everybody else who concerns these people wait until this transaction ends; who of them is absent.

    Rows are made and locked in one order, so that two such calls never wait for each other.
    """
    wanted = sorted(set(ids))
    await tx.connection.execute(_MAKE, {"ids": wanted})
    query = select(employee).where(employee.c.employee_id.in_(wanted)).order_by(employee.c.employee_id)
    rows = (await tx.connection.execute(query.with_for_update())).all()
    return Absent(
        gone=frozenset(row.employee_id for row in rows if row.departed or row.erased),
        erased=frozenset(row.employee_id for row in rows if row.erased),
    )


async def record_arrivals(tx: Tx, people: Sequence[tuple[str, int]]) -> None:
    """Note that people (id, version), each once and sorted, are here, unless something newer is known."""
    ids, versions = [person[0] for person in people], [person[1] for person in people]
    await tx.connection.execute(_ARRIVE, {"ids": ids, "versions": versions})


async def record_departure(tx: Tx, employee_id: str, *, version: int) -> bool:
    """Note that somebody is gone, unless something newer is known; locks the person either way."""
    row = await tx.connection.execute(_DEPART, {"id": employee_id, "version": version})
    return row.first() is not None


async def record_erasure(tx: Tx, employee_id: str) -> bool:
    """Note that somebody is erased for good; false when that was known."""
    row = await tx.connection.execute(_ERASE, {"id": employee_id})
    return row.first() is not None


async def departed(tx: Tx, employee_id: str) -> bool:
    """Whether this person has left or is erased."""
    row = await tx.connection.execute(
        select(employee.c.departed, employee.c.erased).where(employee.c.employee_id == employee_id)
    )
    found = row.first()
    return found is not None and (found.departed or found.erased)
