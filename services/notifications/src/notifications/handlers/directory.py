"""Learning who people are, who has left, and forgetting whom HR wants forgotten."""

from collections.abc import Sequence

from chassis.subscription import Received, newest
from chassis.transaction import Tx
from contracts.hr import EmployeeErased, EmployeeRecord
from contracts.matching import EmployeeDeparted, EmploymentState
from notifications.adapters import db


async def learn_addresses(tx: Tx, batch: Sequence[Received[EmployeeRecord]]) -> None:
    """Keep the newest address of everybody in the batch; dates do not matter, mail goes where HR says now."""
    latest: dict[str, EmployeeRecord] = {}
    for record in (received.event for received in batch):
        known = latest.get(record.employee_id)
        if known is None or record.version > known.version:  # HR's own: publishers need not repeat it in the envelope
            latest[record.employee_id] = record
    await db.hold_erasures(tx)
    await db.keep_addresses(tx, [latest[employee_id] for employee_id in sorted(latest)])


async def learn_presence(tx: Tx, batch: Sequence[Received[EmploymentState]]) -> None:
    """Keep who is here and who has left."""
    latest = newest(batch, key=lambda received: received.event.employee_id)
    await db.keep_presence(
        tx,
        [
            (received.event.employee_id, received.version, isinstance(received.event, EmployeeDeparted))
            for received in latest
        ],
    )


async def forget_person(tx: Tx, received: Received[EmployeeErased]) -> None:
    """Delete somebody's address, messages and preferences, and keep nothing about them from now on."""
    await db.forget(tx, received.event.employee_id)
