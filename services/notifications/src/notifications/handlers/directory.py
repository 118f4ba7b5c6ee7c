"""Learning who people are, who has left, and forgetting whom HR wants forgotten."""

from collections.abc import Sequence

from chassis.subscription import Received
from chassis.transaction import Tx
from contracts.hr import EmployeeErased, EmployeeRecord
from contracts.matching import EmployeeDeparted, EmploymentState
from notifications.adapters import db


async def learn_addresses(tx: Tx, batch: Sequence[Received[EmployeeRecord]]) -> None:
    """Keep the newest address of everybody in the batch; dates do not matter, mail goes where HR says now."""
    newest: dict[str, EmployeeRecord] = {}
    for received in batch:
        record = received.event
        known = newest.get(record.employee_id)
        if known is None or record.version > known.version:
            newest[record.employee_id] = record
    await db.hold_erasures(tx)
    await db.keep_addresses(tx, [newest[employee_id] for employee_id in sorted(newest)])


async def learn_presence(tx: Tx, batch: Sequence[Received[EmploymentState]]) -> None:
    """Keep who is here and who has left."""
    newest: dict[str, tuple[int, bool]] = {}
    for received in batch:
        version, departed = received.version, isinstance(received.event, EmployeeDeparted)
        if version > newest.get(received.event.employee_id, (-1, False))[0]:
            newest[received.event.employee_id] = (version, departed)
    await db.keep_presence(tx, [(employee_id, *newest[employee_id]) for employee_id in sorted(newest)])


async def forget_person(tx: Tx, received: Received[EmployeeErased]) -> None:
    """Delete somebody's address, messages and preferences, and keep nothing about them from now on."""
    await db.forget(tx, received.event.employee_id)
