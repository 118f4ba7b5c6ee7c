"""Enrolling in programmes, pausing, and leaving them."""

from datetime import datetime
from uuid import UUID

from chassis.access import Caller
from chassis.errors import Missing
from chassis.preconditions import Precondition
from chassis.transaction import Tx
from matching.adapters.db import directory, programmes
from matching.adapters.skills import taxonomy_in
from matching.domain.enrolment import unrecognised
from matching.domain.participants import Participant, Wants, enrol, pause, resume
from matching.domain.programmes import Programme
from matching.domain.refusal import BadValue, Refused
from matching.domain.skills import Taxonomy
from matching.handlers.enrolment import admission_to, places_freed, resume_later
from matching.handlers.leavers import withdraw_participant
from matching.handlers.programmes import manages


async def enrol_participant(
    tx: Tx, caller: Caller, programme_id: UUID, employee_id: str, wants: Wants, expected: Precondition, new_id: UUID
) -> Participant:
    """Enrol somebody, put them on the waiting list, or change how they take part."""
    await _programme_for(tx, caller, programme_id, employee_id)
    # Locks in one order everywhere: programme, its places, employees, participants.
    programme = await programmes.find_programme(tx, programme_id, keep=True)
    if programme is None:
        raise Missing
    programme.must_be_open()
    _must_be_known(taxonomy_in(tx), programme, wants)
    admission = await admission_to(tx, programme)
    if not await directory.is_active(tx, employee_id):
        raise Refused("not_employed", "Only people who are employed now can take part.")
    before = await programmes.find_participant(tx, programme_id, employee_id, lock=True)
    expected.check(before.version if before and before.status != "withdrawn" else None)
    in_use = await programmes.places_in_use(tx, [before.id]) if before else {}
    taken = {role: places for (_, role), places in in_use.items()}
    fresh = Participant(new_id, programme_id, employee_id, wants)
    after, event = enrol(admission, before, fresh, taken, tx.now)
    if event is not None:
        await programmes.save_participant(tx, after)
        tx.publish(event, version=after.version)
        if before is not None and set(before.roles) - set(after.roles):
            await places_freed(tx, [programme_id])
    return after


async def leave_programme(
    tx: Tx, caller: Caller, programme_id: UUID, employee_id: str, expected: Precondition
) -> Participant:
    """Withdraw somebody from a programme or its waiting list; their offers and matches in it end."""
    place = await _locked_place(tx, caller, programme_id, employee_id)
    if place.status == "withdrawn":
        return place
    expected.check(place.version)
    return await withdraw_participant(tx, place)


async def pause_participant(
    tx: Tx,
    caller: Caller,
    programme_id: UUID,
    employee_id: str,
    until: datetime | None,
    expected: Precondition,
) -> Participant:
    """Give somebody nobody new until an instant, or until they resume; what they have goes on."""
    place = await _present_place(tx, caller, programme_id, employee_id)
    expected.check(place.version)
    after, event = pause(place, until, tx.now)
    if event is not None:
        await programmes.save_participant(tx, after)
        tx.publish(event, version=after.version)
        await resume_later(tx, after)
    return after


async def resume_participant(
    tx: Tx, caller: Caller, programme_id: UUID, employee_id: str, expected: Precondition
) -> Participant:
    """End somebody's pause."""
    place = await _present_place(tx, caller, programme_id, employee_id)
    expected.check(place.version)
    after, event = resume(place)
    if event is not None:
        await programmes.save_participant(tx, after)
        tx.publish(event, version=after.version)
    return after


async def visible_participant(tx: Tx, caller: Caller, programme_id: UUID, employee_id: str) -> Participant:
    """Somebody's place in a programme, for themselves and for who runs it."""
    await _programme_for(tx, caller, programme_id, employee_id)
    place = await programmes.find_participant(tx, programme_id, employee_id)
    if place is None or place.status == "withdrawn":
        raise Missing
    return place


def unrecognised_skills(tx: Tx, wants: Wants) -> tuple[str, ...]:
    """Skills that the taxonomy does not know; they count as the words they are."""
    taxonomy = taxonomy_in(tx)
    return unrecognised((*wants.skills_wanted, *wants.skills_offered), lambda skill: taxonomy.find(skill) is not None)


def _must_be_known(taxonomy: Taxonomy, programme: Programme, wants: Wants) -> None:
    """Refuse the first skill that nobody knows, in a programme that takes known ones only."""
    if not programme.enrolment.known_skills_only:
        return
    for field, skills in (("skills_wanted", wants.skills_wanted), ("skills_offered", wants.skills_offered)):
        for number, skill in enumerate(skills):
            if taxonomy.find(skill) is None:
                raise BadValue(
                    f"{field}.{number}", "The taxonomy does not know this skill; this programme asks for it."
                )


async def _locked_place(tx: Tx, caller: Caller, programme_id: UUID, employee_id: str) -> Participant:
    """Somebody's place, whatever became of it, locked."""
    await _programme_for(tx, caller, programme_id, employee_id)
    place = await programmes.find_participant(tx, programme_id, employee_id, lock=True)
    if place is None:
        raise Missing
    return place


async def _present_place(tx: Tx, caller: Caller, programme_id: UUID, employee_id: str) -> Participant:
    """The place of somebody who takes part or waits to, locked."""
    place = await _locked_place(tx, caller, programme_id, employee_id)
    if place.status == "withdrawn":
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
