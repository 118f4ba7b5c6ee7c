"""The draw of a programme's hold-out arms."""

from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text

from chassis.transaction import Tx
from matching.adapters.db.programmes import participant_of
from matching.adapters.db.tables import participant
from matching.adapters.db.tables import programme_arms as table
from matching.domain.arms import Arms, Drawing
from matching.domain.participants import Participant


async def add_arms(tx: Tx, programme_id: UUID, arms: Arms) -> None:
    """Record a draw; a programme has one."""
    drawing = arms.drawing
    values = {
        "programme_id": programme_id,
        "method": drawing.method,
        "seed": drawing.seed,
        "share": Decimal(drawing.share.numerator) / Decimal(drawing.share.denominator),
        "strata": list(drawing.strata),
        "roles": list(drawing.roles),
        "population": arms.population,
        "held_out": arms.held_out,
        "drawn_by": arms.drawn_by,
        "drawn_at": arms.drawn_at,
    }
    await tx.connection.execute(insert(table).values(values))


async def arms_of(tx: Tx, programme_id: UUID) -> Arms | None:
    """The draw of a programme, if there was one."""
    row = (await tx.connection.execute(select(table).where(table.c.programme_id == programme_id))).first()
    if row is None:
        return None
    drawing = Drawing(row.seed, Fraction(row.share), tuple(row.strata), tuple(row.roles), row.method)
    return Arms(drawing, row.population, row.held_out, row.drawn_by, row.drawn_at)


async def people_by_arm(tx: Tx, programme_id: UUID) -> dict[str, int]:
    """How many of those who take part are in which arm now."""
    rows = await tx.connection.execute(_BY_ARM, {"programme_id": programme_id})
    return {row.arm: row.people for row in rows}


async def lock_present(tx: Tx, programme_id: UUID) -> list[Participant]:
    """All who take part in a programme or wait to, locked in the order of their ids."""
    statement = select(participant).where(
        participant.c.programme_id == programme_id, participant.c.status != "withdrawn"
    )
    rows = await tx.connection.execute(statement.order_by(participant.c.id).with_for_update())
    return [participant_of(row) for row in rows]


async def records_in(tx: Tx, programme_id: UUID) -> dict[str, dict[str, Any]]:
    """What HR says of those who take part in a programme or wait to; of somebody who is just leaving, nothing."""
    rows = await tx.connection.execute(_RECORDS, {"programme_id": programme_id})
    return {row.employee_id: row.document or {} for row in rows}


async def runs_of(tx: Tx, programme_id: UUID) -> int:
    """How many runs a programme has had."""
    statement = text("SELECT count(*) FROM run WHERE programme_id = :programme_id")
    return int(await tx.connection.scalar(statement, {"programme_id": programme_id}) or 0)


_RECORDS = text(
    "SELECT employee_id, document FROM participant LEFT JOIN employee USING (employee_id)"
    " WHERE programme_id = :programme_id AND participant.status <> 'withdrawn'"
)
_BY_ARM = text(
    "SELECT arm, count(*) AS people FROM participant"
    " WHERE programme_id = :programme_id AND status = 'enrolled' AND arm IS NOT NULL GROUP BY arm"
)
