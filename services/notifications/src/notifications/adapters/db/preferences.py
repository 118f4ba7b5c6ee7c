"""What people chose to hear."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from chassis.transaction import Tx
from notifications.adapters.db.tables import preference
from notifications.domain.people import Choices

_READ = text("SELECT version, choices FROM preference WHERE employee_id = :id")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('preference:' || :id, 0))")


@dataclass(frozen=True, slots=True)
class Preferences:
    """Somebody's choices; version 0 means that they never chose."""

    version: int
    choices: Choices


async def preferences(tx: Tx, employee_id: str, *, to_change: bool = False) -> Preferences:
    """Somebody's choices; `to_change` lets nobody else change them until this transaction ends."""
    if to_change:
        await tx.connection.execute(_LOCK, {"id": employee_id})
    row = (await tx.connection.execute(_READ, {"id": employee_id})).one_or_none()
    return Preferences(row.version, row.choices) if row else Preferences(0, {})


async def save_preferences(tx: Tx, employee_id: str, changed: Preferences) -> None:
    """Write somebody's choices."""
    values = {"version": changed.version, "choices": changed.choices}
    statement = insert(preference).values(employee_id=employee_id, **values)
    await tx.connection.execute(statement.on_conflict_do_update(index_elements=["employee_id"], set_=values))
