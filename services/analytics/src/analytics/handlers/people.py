"""Where people work and whether they still do; and forgetting them."""

from collections.abc import Sequence

from analytics.adapters import db
from analytics.handlers.envelope import state
from chassis.subscription import Received
from chassis.transaction import Tx
from contracts.hr import EmployeeErased, EmployeeEvent, EmployeeRecord
from contracts.matching import EmployeeActivated, EmploymentState


async def record_employees(tx: Tx, batch: Sequence[Received[EmployeeEvent]]) -> None:
    """Keep department, location and level of everybody by id, and forget who is erased."""
    erased = [received.event.employee_id for received in batch if isinstance(received.event, EmployeeErased)]
    if erased:
        await db.forget(tx, erased)
    else:
        await db.hold_erasures(tx)
    rows = [
        # HR's own version: publishers need not repeat it in the envelope
        {**state(received), "version": received.event.version}
        for received in batch
        if isinstance(received.event, EmployeeRecord)
    ]
    await db.keep_newest(tx, db.employee, rows)


async def record_employment(tx: Tx, batch: Sequence[Received[EmploymentState]]) -> None:
    """Keep who works here."""
    await db.hold_erasures(tx)
    rows = [{**state(received), "active": isinstance(received.event, EmployeeActivated)} for received in batch]
    await db.keep_newest(tx, db.employment, rows)
