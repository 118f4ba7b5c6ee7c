"""Who people are, where their mail goes, and who has left or must be forgotten."""

from collections.abc import Collection, Sequence

from sqlalchemy import text

from chassis import idempotency
from chassis.transaction import Tx
from contracts.hr import EmployeeRecord
from notifications.domain.people import Person

_ERASURE_LOCK = 4_021_907

_HOLD = text("SELECT pg_advisory_xact_lock_shared(:key)")
_HOLD_ALONE = text("SELECT pg_advisory_xact_lock(:key)")

_KEEP_ADDRESSES = text(
    "INSERT INTO address (employee_id, version, name, email, timezone, language)"
    " SELECT new.* FROM unnest(CAST(:ids AS text[]), CAST(:versions AS bigint[]), CAST(:names AS text[]),"
    " CAST(:emails AS text[]), CAST(:timezones AS text[]), CAST(:languages AS text[]))"
    " AS new (employee_id, version, name, email, timezone, language)"
    " WHERE NOT EXISTS (SELECT FROM erased WHERE erased.employee_id = new.employee_id)"
    " ON CONFLICT (employee_id) DO UPDATE SET version = excluded.version, name = excluded.name, email = excluded.email,"
    " timezone = excluded.timezone, language = excluded.language WHERE address.version < excluded.version"
)
_KEEP_PRESENCE = text(
    "INSERT INTO presence (employee_id, version, departed)"
    " SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:versions AS bigint[]), CAST(:departed AS boolean[]))"
    " ON CONFLICT (employee_id) DO UPDATE SET version = excluded.version, departed = excluded.departed"
    " WHERE presence.version < excluded.version"
)
_PEOPLE = text(
    "SELECT wanted.employee_id, name, email, timezone, language, coalesce(departed, false) AS departed,"
    " erased.employee_id IS NOT NULL AS erased, coalesce(choices, '{}') AS choices"
    " FROM unnest(CAST(:ids AS text[])) AS wanted (employee_id)"
    " LEFT JOIN address USING (employee_id) LEFT JOIN presence USING (employee_id)"
    " LEFT JOIN erased USING (employee_id) LEFT JOIN preference USING (employee_id)"
)
_DEPARTED = text(
    "SELECT EXISTS (SELECT FROM presence WHERE employee_id = :id AND departed)"
    " OR EXISTS (SELECT FROM erased WHERE employee_id = :id)"
)
_ERASE = text("INSERT INTO erased (employee_id) VALUES (:id) ON CONFLICT DO NOTHING")
_FORGET = [
    text(f"DELETE FROM {table} WHERE employee_id = :id")  # noqa: S608  names of our own tables
    for table in ("address", "message", "preference", "presence")
]


async def hold_erasures(tx: Tx) -> None:
    """Let nobody be erased until this transaction ends: what it writes about a person would outlive the erasure."""
    await tx.connection.execute(_HOLD, {"key": _ERASURE_LOCK})


async def keep_addresses(tx: Tx, records: Sequence[EmployeeRecord]) -> None:
    """Keep the newest record of each person, one per person in `records`; the erased stay unknown."""
    await tx.connection.execute(
        _KEEP_ADDRESSES,
        {
            "ids": [record.employee_id for record in records],
            "versions": [record.version for record in records],
            "names": [record.display_name for record in records],
            "emails": [record.email for record in records],
            "timezones": [record.timezone for record in records],
            "languages": [record.languages[0] if record.languages else "" for record in records],
        },
    )


async def keep_presence(tx: Tx, present: Sequence[tuple[str, int, bool]]) -> None:
    """Keep the newest of (employee, version, departed), one per employee."""
    ids, versions, gone = zip(*present, strict=True)
    await tx.connection.execute(_KEEP_PRESENCE, {"ids": list(ids), "versions": list(versions), "departed": list(gone)})


async def people(tx: Tx, employee_ids: Collection[str]) -> dict[str, Person]:
    """What is known of these people; somebody unknown is a `Person` without a name."""
    rows = await tx.connection.execute(_PEOPLE, {"ids": sorted(set(employee_ids))})
    return {
        row.employee_id: Person(
            row.employee_id,
            row.name,
            row.email,
            row.timezone or "UTC",
            row.language or "en",
            row.departed,
            row.erased,
            row.choices,
        )
        for row in rows
    }


async def departed(tx: Tx, employee_id: str) -> bool:
    """Whether somebody has left or was erased."""
    return bool((await tx.connection.execute(_DEPARTED, {"id": employee_id})).scalar_one())


async def forget(tx: Tx, employee_id: str) -> None:
    """Delete everything about a person for good; only their id stays, so that nothing of theirs comes back."""
    await tx.connection.execute(_HOLD_ALONE, {"key": _ERASURE_LOCK})
    await tx.connection.execute(_ERASE, {"id": employee_id})
    for statement in _FORGET:
        await tx.connection.execute(statement, {"id": employee_id})
    await idempotency.forget(tx.connection, [employee_id])
