"""What happens to enrolments when nobody asks: by rule, from the waiting list, at the end of a pause."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.ids import uuid7
from chassis.transaction import Tx
from matching.adapters.db import arms, directory, programmes
from matching.adapters.db import enrolment as db
from matching.domain.enrolment import next_in_line
from matching.domain.participants import Admission, Participant, admit, enrol_by_rule, resume
from matching.domain.programmes import Programme

ENROL = "enrol-by-rule"
ENROL_EVERYBODY = "enrol-everybody-by-rule"
ADMIT = "admit-from-waiting-list"
RESUME = "resume-participant"
"""Timers. Each has a key of its own every time: who sets one never waits for one that fires just now."""

_AT_ONCE = 500
"""People of one transaction."""
_SKEW = timedelta(minutes=1)
"""More than two clocks of one platform are apart."""


async def admission_to(tx: Tx, programme: Programme) -> Admission:
    """What a programme has to say about who comes. Its places are held, so that nobody else gives them away.

    Stands after the lock on the programme and before those on people.
    """
    places = programme.enrolment.places
    if places.limited:
        await db.hold_places(tx, programme.id)
    room = await db.room_in(tx, programme.id, places)
    drawn = await arms.arms_of(tx, programme.id)
    return Admission(programme.id, programme.format, room, drawn.drawing if drawn else None)


async def enrol_later(tx: Tx, employee_ids: Collection[str]) -> None:
    """Have people whose record has just taken effect enrolled where a programme's rules say so.

    Not in this transaction: the directory is locked in it, and a programme's places are locked before people.
    """
    if not employee_ids:
        return
    for programme in await db.enrolling_programmes(tx):
        payload = {"programme_id": str(programme.id), "employees": sorted(employee_ids)}
        await tx.schedule(ENROL, str(uuid7()), tx.now, payload)


async def enrol_everybody_later(tx: Tx, programme: Programme) -> None:
    """Have everybody enrolled whom the rules of a programme name that is open, or has other rules, from now on."""
    if programme.enrolment.automatic:
        await tx.schedule(ENROL_EVERYBODY, str(uuid7()), tx.now, {"programme_id": str(programme.id), "after": ""})


async def admit_later(tx: Tx, programme_id: UUID) -> None:
    """Have those who wait admitted, as far as there are places."""
    await tx.schedule(ADMIT, str(uuid7()), tx.now, {"programme_id": str(programme_id)})


async def places_freed(tx: Tx, programme_ids: Collection[UUID]) -> None:
    """Somebody has given up a place in these programmes, or their claim to one."""
    if programme_ids:
        for programme_id in sorted(await db.limited_among(tx, programme_ids)):
            await admit_later(tx, programme_id)


async def enrol_some(tx: Tx, _: str, payload: dict[str, Any]) -> None:
    """Timer: people's records have taken effect."""
    await _enrol(tx, UUID(payload["programme_id"]), payload["employees"])


async def enrol_everybody(tx: Tx, _: str, payload: dict[str, Any]) -> None:
    """Timer: a programme's rules have changed; some hundred people at a time."""
    # Whoever changes the directory just now may not have seen the new rules: their people are looked at after them.
    await directory.lock_directory(tx)
    people = await db.active_after(tx, payload["after"], _AT_ONCE)
    wanted = await _enrol(tx, UUID(payload["programme_id"]), people)
    if wanted and len(people) == _AT_ONCE:
        await tx.schedule(ENROL_EVERYBODY, str(uuid7()), tx.now, payload | {"after": people[-1]})


async def admit_waiting(tx: Tx, _: str, payload: dict[str, Any]) -> None:
    """Timer: places are free, or more than before; those who have waited longest come first."""
    programme = await programmes.find_programme(tx, UUID(payload["programme_id"]), keep=True)
    if programme is None or programme.status != "open":
        return
    admission = await admission_to(tx, programme)
    chosen = next_in_line(admission.room, await db.waiting_in(tx, programme.id))[:_AT_ONCE]
    present = await directory.active_among(tx, [place.employee_id for place in chosen])
    locked = await programmes.lock_participants(tx, [place.id for place in chosen])
    admitted: list[Participant] = []
    for place in chosen:
        # Who has left in between has set a timer of their own for the place that is not theirs now.
        if place.employee_id in present and locked[place.id].status == "waitlisted":
            after, event = admit(admission, locked[place.id])
            tx.publish(event, version=after.version)
            admitted.append(after)
    await programmes.save_participants(tx, admitted)
    if len(chosen) == _AT_ONCE or any(place.is_held_out for place in admitted):
        await admit_later(tx, programme.id)


async def resume_on_time(tx: Tx, _: str, payload: dict[str, Any]) -> None:
    """Timer: a pause ends, unless another one has been made of it."""
    place = (await programmes.lock_participants(tx, [UUID(payload["participant_id"])])).get(
        UUID(payload["participant_id"])
    )
    if place is None or place.paused_until is None:
        return
    if place.paused_until <= tx.now:
        after, event = resume(place)
        if event is not None:
            await programmes.save_participant(tx, after)
            tx.publish(event, version=after.version)
    elif place.paused_until - tx.now < _SKEW:
        # The database's clock, which called, is ahead of ours.
        await resume_later(tx, place)


async def resume_later(tx: Tx, place: Participant) -> None:
    """Have a pause end on its day."""
    if place.paused_until is not None:
        payload = {"participant_id": str(place.id)}
        await tx.schedule(RESUME, str(uuid7()), place.paused_until, payload)


async def _enrol(tx: Tx, programme_id: UUID, employee_ids: Sequence[str]) -> bool:
    """Enrol whom the rules name among these people; whether the programme still enrols by rule."""
    programme = await programmes.find_programme(tx, programme_id, keep=True)
    if programme is None or programme.status != "open" or not programme.enrolment.automatic:
        return False
    admission = await admission_to(tx, programme)
    records = await db.lock_active_records(tx, employee_ids)
    places = await db.places_of(tx, programme_id, records)
    changed: list[Participant] = []
    for name, record in sorted(records.items()):
        done = enrol_by_rule(programme.enrolment, admission, places.get(name), record, uuid7(), tx.now)
        if done is not None:
            after, event = done
            tx.publish(event, version=after.version)
            changed.append(after)
            admission = admission.after(after)
    await programmes.save_participants(tx, changed)
    return True
