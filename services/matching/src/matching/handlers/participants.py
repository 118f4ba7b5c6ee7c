"""Enrolling in programmes and leaving them."""

from uuid import UUID

from chassis.access import Caller
from chassis.errors import Missing
from chassis.preconditions import Precondition
from chassis.transaction import Tx
from matching.adapters.db import directory, programmes
from matching.domain.programmes import Participant, Programme, Wants, enrol
from matching.domain.refusal import Refused
from matching.handlers.leavers import withdraw_participant
from matching.handlers.programmes import manages


async def enrol_participant(
    tx: Tx, caller: Caller, programme_id: UUID, employee_id: str, wants: Wants, expected: Precondition, new_id: UUID
) -> Participant:
    """Enrol somebody, or change how they take part."""
    await _programme_for(tx, caller, programme_id, employee_id)
    # Locks in one order everywhere: programme, employees, participants.
    programme = await programmes.find_programme(tx, programme_id, keep=True)
    if programme is None:
        raise Missing
    if not await directory.is_active(tx, employee_id):
        raise Refused("not_employed", "Only people who are employed now can take part.")
    before = await programmes.find_participant(tx, programme_id, employee_id, lock=True)
    expected.check(before.version if before and before.status == "enrolled" else None)
    taken = await programmes.places_in_use(tx, [before.id]) if before else {}
    after, event = enrol(
        programme, before, new_id, employee_id, wants, {role: places for (_, role), places in taken.items()}
    )
    if event is not None:
        await programmes.save_participant(tx, after)
        tx.publish(event, version=after.version)
    return after


async def leave_programme(
    tx: Tx, caller: Caller, programme_id: UUID, employee_id: str, expected: Precondition
) -> Participant:
    """Withdraw somebody from a programme; their offers and matches in it end."""
    await _programme_for(tx, caller, programme_id, employee_id)
    place = await programmes.find_participant(tx, programme_id, employee_id, lock=True)
    if place is None:
        raise Missing
    if place.status == "withdrawn":
        return place
    expected.check(place.version)
    return await withdraw_participant(tx, place)


async def visible_participant(tx: Tx, caller: Caller, programme_id: UUID, employee_id: str) -> Participant:
    """Somebody's place in a programme, for themselves and for who runs it."""
    await _programme_for(tx, caller, programme_id, employee_id)
    place = await programmes.find_participant(tx, programme_id, employee_id)
    if place is None or place.status == "withdrawn":
        raise Missing
    return place


async def _programme_for(tx: Tx, caller: Caller, programme_id: UUID, employee_id: str) -> Programme:
    """The programme, if the caller may act for that employee in it."""
    programme = await programmes.find_programme(tx, programme_id)
    if programme is None:
        raise Missing
    if manages(caller, programme):
        return programme
    if caller.subject != employee_id or programme.status == "draft":
        raise Missing
    return programme
