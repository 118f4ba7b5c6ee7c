"""Pairs that somebody has decided on by hand: who has to be matched, and who must not be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, delete, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.transaction import Tx
from matching.adapters.db.tables import programme_pair as table

PairKind = Literal["must_match", "forbidden"]


@dataclass(frozen=True, slots=True)
class ProgrammePair:
    """Two people of a programme and what was decided about them; among peers the smaller id stands first."""

    mentee_id: str
    mentor_id: str
    kind: PairKind
    set_by: str | None
    set_at: datetime


async def save_pair(tx: Tx, programme_id: UUID, pair: ProgrammePair) -> None:
    """Store what was decided about two people, in place of what was decided before."""
    values = {
        "programme_id": programme_id,
        "mentee_id": pair.mentee_id,
        "mentor_id": pair.mentor_id,
        "kind": pair.kind,
        "set_by": pair.set_by,
        "set_at": pair.set_at,
    }
    statement = upsert(table).values(values)
    await tx.connection.execute(
        statement.on_conflict_do_update(index_elements=["programme_id", "mentee_id", "mentor_id"], set_=values)
    )


async def drop_pair(tx: Tx, programme_id: UUID, mentee_id: str, mentor_id: str) -> None:
    """Forget what was decided about two people."""
    statement = delete(table).where(
        table.c.programme_id == programme_id, table.c.mentee_id == mentee_id, table.c.mentor_id == mentor_id
    )
    await tx.connection.execute(statement)


async def pairs_in(tx: Tx, programme_id: UUID, kind: PairKind | None = None) -> Sequence[ProgrammePair]:
    """All pairs of a programme, by ids."""
    statement = select(table).where(table.c.programme_id == programme_id)
    if kind is not None:
        statement = statement.where(table.c.kind == kind)
    rows = await tx.connection.execute(statement.order_by(table.c.mentee_id, table.c.mentor_id))
    return [_pair(row) for row in rows]


async def pairs_page(tx: Tx, programme_id: UUID, after: tuple[str, str] | None, limit: int) -> list[ProgrammePair]:
    """A page of them, by ids."""
    statement = select(table).where(table.c.programme_id == programme_id)
    if after is not None:
        statement = statement.where(
            tuple_(table.c.mentee_id, table.c.mentor_id) > tuple_(literal(after[0]), literal(after[1]))
        )
    rows = await tx.connection.execute(statement.order_by(table.c.mentee_id, table.c.mentor_id).limit(limit))
    return [_pair(row) for row in rows]


def _pair(row: Row[Any]) -> ProgrammePair:
    return ProgrammePair(row.mentee_id, row.mentor_id, row.kind, row.set_by, row.set_at)
