"""Noting who has done the training that programmes may ask of their mentors."""

from datetime import date

from chassis.errors import Missing
from chassis.transaction import Tx
from matching.adapters.db import enrolment as db
from matching.domain.refusal import BadValue


async def note_training(tx: Tx, employee_id: str, done_on: date | None, noted_by: str) -> None:
    """Note the day on which somebody has done the training, or take it back."""
    if done_on is not None and done_on > tx.now.date():
        raise BadValue("done_on", "Must not lie ahead.")
    if not await db.is_known(tx, employee_id):
        raise Missing
    await db.save_training(tx, employee_id, done_on, noted_by)
