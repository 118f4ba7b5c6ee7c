"""When people come, leave or are to be forgotten."""

from collections.abc import Sequence

from chassis.subscription import Received, newest
from chassis.transaction import Tx
from contracts.hr import EmployeeErased
from contracts.matching import EmployeeActivated, EmployeeDeparted
from sessions.adapters import db
from sessions.handlers.meetings import withdraw_sessions
from sessions.handlers.relationships import settle


async def release_departed(tx: Tx, received: Received[EmployeeDeparted]) -> None:
    """A leaver's relationships are closed, and with them every session that lies ahead is cancelled."""
    employee_id = received.event.employee_id
    if not await db.record_departure(tx, employee_id, version=received.version):
        return
    for current in await db.lock_relationships_with(tx, employee_id):
        await settle(tx, current, gone=frozenset({employee_id}))


async def welcome_arrived(tx: Tx, batch: Sequence[Received[EmployeeActivated]]) -> None:
    """People are here; who is here again finds what was opened for them while we still held them for gone."""
    arrived = {received.event.employee_id: received for received in newest(batch, key=_person)}
    await db.record_arrivals(tx, [(employee_id, received.version) for employee_id, received in arrived.items()])
    for relationship_id in await db.closed_while_match_lives(tx, list(arrived)):
        known = await db.relationship_of(tx, relationship_id)
        if known is None:
            continue
        absent = await db.lock_employees(tx, known.member_ids)
        current = await db.lock_relationship(tx, relationship_id)
        if current is not None and not absent.gone:
            tx.cause = next(arrived[member] for member in current.member_ids if member in arrived)
            await settle(tx, current, gone=absent.gone)


async def forget_employee(tx: Tx, received: Received[EmployeeErased]) -> None:
    """What somebody wrote is deleted with its keys, and their id taken out of what they did with others."""
    employee_id = received.event.employee_id
    if not await db.record_erasure(tx, employee_id):
        return
    for current in await db.lock_relationships_with(tx, employee_id):
        await settle(tx, current, gone=frozenset({employee_id}))
        # also those that have begun: nobody is left who could say that they were held
        await withdraw_sessions(tx, current.relationship_id, "member_departed")
    await db.forget_attendance(tx, employee_id)
    await db.forget_author(tx, employee_id)
    await db.forget_member(tx, employee_id)


def _person(received: Received[EmployeeActivated]) -> str:
    return received.event.employee_id
