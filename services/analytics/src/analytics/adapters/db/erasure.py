"""How somebody is forgotten: every row that names the person goes and none comes back, in any order of events."""

from collections.abc import Iterable

from sqlalchemy import text

from analytics.adapters.db.tables import metadata
from chassis.transaction import Tx

# Locks of two numbers share nothing with those of one number, which the chassis takes.
_HOLD = text("SELECT pg_advisory_xact_lock_shared(hashtext('analytics'), hashtext('erasure'))")
_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('analytics'), hashtext('erasure'))")
_REMEMBER = text(
    "INSERT INTO erased (employee_id) SELECT DISTINCT unnest(CAST(:people AS text[])) AS employee_id ORDER BY 1"
    " ON CONFLICT (employee_id) DO NOTHING"
)
_FORGET = [
    text(f"DELETE FROM {table.name} WHERE employee_id = ANY(CAST(:people AS text[]))")  # noqa: S608  our own tables
    for table in metadata.sorted_tables
    if "employee_id" in table.columns and table.name != "erased"
]
_DISOWN = text("UPDATE programme SET owner_id = NULL WHERE owner_id = ANY(CAST(:people AS text[]))")
_DEPARTED = text(
    "SELECT EXISTS (SELECT FROM erased WHERE employee_id = :employee_id)"
    " OR EXISTS (SELECT FROM employment WHERE employee_id = :employee_id AND NOT active)"
)


async def hold_erasures(tx: Tx) -> None:
    """Make who is being erased wait until this transaction, which may be about to write of them, has ended."""
    await tx.connection.execute(_HOLD)


async def forget(tx: Tx, people: Iterable[str]) -> None:
    """Delete these people everywhere and remember only that they are not to come back."""
    given = {"people": sorted(set(people))}
    await tx.connection.execute(_ALONE)
    await tx.connection.execute(_REMEMBER, given)
    for statement in (*_FORGET, _DISOWN):
        await tx.connection.execute(statement, given)


async def departed(tx: Tx, employee_id: str) -> bool:
    """Whether this person has left or was erased."""
    return bool(await tx.connection.scalar(_DEPARTED, {"employee_id": employee_id}))
