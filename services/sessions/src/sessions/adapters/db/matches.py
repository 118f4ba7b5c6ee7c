"""What matching says of programmes and matches, newest version only."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import select, text

from chassis.transaction import Tx
from contracts.matching import EndReason
from sessions.adapters.db.tables import match, programme

DEFAULT_REMINDERS = (1440, 60)
"""Minutes before a session, for a programme that nobody has told us of yet."""

_RECORD_MATCH = text(
    "INSERT INTO match (match_id, version, ended) VALUES (:id, :version, :ended)"
    " ON CONFLICT (match_id) DO UPDATE SET version = excluded.version, ended = excluded.ended"
    " WHERE match.version < excluded.version"
)

_RECORD_PROGRAMMES = text(
    "INSERT INTO programme (programme_id, version, reminder_minutes)"
    " SELECT id, version, CAST(string_to_array(reminders, ',') AS double precision[])"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS bigint[]), CAST(:reminders AS text[]))"
    " AS row (id, version, reminders)"
    " ON CONFLICT (programme_id) DO UPDATE SET version = excluded.version, reminder_minutes = excluded.reminder_minutes"
    " WHERE programme.version < excluded.version"
)


async def record_match(tx: Tx, match_id: UUID, *, version: int, ended: EndReason | None) -> None:
    """Note that a match is active or has ended, unless something newer is known; locks the match either way."""
    await tx.connection.execute(_RECORD_MATCH, {"id": match_id, "version": version, "ended": ended})


async def ending_of(tx: Tx, match_id: UUID) -> EndReason | None:
    """The reason why a match has ended, None while it has not."""
    row = await tx.connection.execute(select(match.c.ended).where(match.c.match_id == match_id))
    return cast("EndReason | None", row.scalar_one_or_none())


async def record_programmes(tx: Tx, rows: Sequence[tuple[UUID, int, tuple[float, ...]]]) -> None:
    """Keep (id, version, minutes of its reminders) of programmes, each id once."""
    await tx.connection.execute(
        _RECORD_PROGRAMMES,
        {
            "ids": [row[0] for row in rows],
            "versions": [row[1] for row in rows],
            "reminders": [",".join(map(str, row[2])) for row in rows],
        },
    )


async def reminders_of(tx: Tx, programme_id: UUID) -> tuple[float, ...]:
    """When to remind people of a session of this programme, in minutes before it."""
    row = await tx.connection.execute(
        select(programme.c.reminder_minutes).where(programme.c.programme_id == programme_id)
    )
    found = row.scalar_one_or_none()
    return DEFAULT_REMINDERS if found is None else tuple(found)
