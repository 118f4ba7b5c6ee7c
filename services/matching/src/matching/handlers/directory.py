"""Keeping the directory of employees, from HR's events and on their days."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from chassis.subscription import GivenUp, Received
from chassis.transaction import Tx
from contracts.hr import EmployeeErased, EmployeeLeft, EmployeeRecord
from contracts.matching import EmployeeActivated, EmployeeDeparted
from matching.adapters.db import directory as db
from matching.adapters.db import erasure
from matching.adapters.publishers import FOREIGN
from matching.domain.directory import Person, Verdict, acts_at, advance, entry_of, learn, next_change
from matching.handlers.enrolment import enrol_later
from matching.handlers.leavers import release_leavers

HrEvent = EmployeeRecord | EmployeeLeft | EmployeeErased

ACT_ON_DAY = "act-on-day"
"""The timer that puts an employee's next entry in force."""

_NAMED = re.compile(rb'"employee_id"\s*:\s*"([A-Za-z0-9][A-Za-z0-9._:-]{0,63})"')
"""An employee's id in a body, however broken the rest of it is."""

_SKEW = timedelta(minutes=1)
"""More than two clocks of one platform are apart."""


class _Reading:
    """What a batch of HR events does to the people in it."""

    def __init__(self, before: dict[str, Person], erased: set[str]) -> None:
        self.before = before
        self.people = dict(before)
        self.gone = set(erased)
        self.newly_erased: dict[str, int] = {}
        self.refusals: Counter[tuple[str, str]] = Counter()
        self.noted: list[erasure.Place] = []
        self.too_late: list[erasure.Place] = []
        self.causes: dict[str, Received[Any]] = {}

    def take(self, received: Received[Any], tx: Tx) -> None:
        """Take one event into account."""
        event = received.event
        name: str = event.employee_id
        self.causes[name] = received
        if isinstance(event, EmployeeErased):
            self._erase(name, event.version)
        elif name in self.gone:
            self.refusals[received.source, Verdict.ERASED] += 1
            self.too_late.append(_place(received))
        else:
            self.noted.append(_place(received))
            person = self.people.get(name) or Person(name)
            self.people[name], verdict = learn(person, entry_of(event, received.source), tx.now)
            if verdict is not Verdict.KEPT:
                self.refusals[received.source, verdict] += 1

    def _erase(self, name: str, version: int) -> None:
        if name in self.gone:
            return
        self.gone.add(name)
        self.newly_erased[name] = version
        self.people.pop(name, None)
        # What this very batch has said of them is in the stream too.
        self.too_late += [place for place in self.noted if place.employee_id == name]
        self.noted = [place for place in self.noted if place.employee_id != name]

    @property
    def changed(self) -> list[Person]:
        """Those who are not as they were, by id."""
        return [person for name, person in sorted(self.people.items()) if person is not self.before.get(name)]


async def keep_directory(tx: Tx, batch: Sequence[Received[Any]]) -> None:
    """Take what HR says into the directory, and say who is here and who is gone."""
    ids = {received.event.employee_id for received in batch}
    await db.lock_directory(tx)
    reading = _Reading(await db.people(tx, ids), await db.erased_among(tx, ids))
    for received in batch:
        reading.take(received, tx)
    changed = [person for person in reading.changed if person != reading.before.get(person.employee_id)]
    await _save(tx, reading.before, changed)
    await erasure.note_messages(tx, reading.noted)
    await db.count_refusals(tx, reading.refusals)
    await _tell(tx, reading.before, changed, reading.causes)
    await _forget(tx, reading)


async def note_copies(tx: Tx, batch: Sequence[Received[Any]]) -> None:
    """Remember where else the stream holds what was heard before: who is erased is erased there too.

    An import that is repeated, or an outbox published anew, stores an event a second time.
    """
    told = [received for received in batch if not isinstance(received.event, EmployeeErased)]
    await _note(tx, {_place(received) for received in told})


async def note_given_up(tx: Tx, messages: Sequence[GivenUp]) -> None:
    """Remember whom messages name that become dead letters: the stream keeps what they tell, like that of good ones.

    Those whose source was not their publisher's are counted beside what was refused as stale.
    """
    places = {
        erasure.Place(name, message.sequence, message.stored_at) for message in messages for name in _named_in(message)
    }
    await _note(tx, places)
    foreign = Counter((one.source, one.reason) for one in messages if one.source and one.reason in FOREIGN)
    await db.count_refusals(tx, foreign)


def _named_in(message: GivenUp) -> set[str]:
    if isinstance(message.event, EmployeeErased):
        return set()  # it says nothing but that they are to be forgotten, and who reads the stream anew must hear it
    named = {name.decode() for name in _NAMED.findall(message.body)}
    return named | {message.event.employee_id} if isinstance(message.event, HrEvent) else named


def _place(received: Received[Any]) -> erasure.Place:
    return erasure.Place(received.event.employee_id, received.sequence, received.stored_at)


async def _note(tx: Tx, places: set[erasure.Place]) -> None:
    await db.lock_directory(tx)
    gone = await db.erased_among(tx, {place.employee_id for place in places})
    await erasure.note_messages(tx, sorted(place for place in places if place.employee_id not in gone))
    await erasure.erase_messages(tx, sorted(place for place in places if place.employee_id in gone))


async def act_on_day(tx: Tx, key: str, payload: dict[str, Any]) -> None:
    """Put in force what HR said would hold from today on."""
    employee_id: str = payload["employee_id"]
    await db.lock_directory(tx)
    known = await db.people(tx, [employee_id])
    if employee_id not in known:
        return
    person = advance(known[employee_id], tx.now)
    if person != known[employee_id]:
        await _save(tx, known, [person])
        await _tell(tx, known, [person], {})
    elif (at := next_change(person)) is not None and at - tx.now < _SKEW:
        # The database's clock, which called, is ahead of ours.
        await tx.schedule(ACT_ON_DAY, key, at + _SKEW, payload)


async def _save(tx: Tx, before: dict[str, Person], changed: Sequence[Person]) -> None:
    names = {person.employee_id for person in changed}
    had_pending = [name for name in sorted(names) if name in before and before[name].pending]
    await db.save_people(tx, changed, had_pending=had_pending)
    for person in changed:
        known = before.get(person.employee_id)
        for entry, at in _waiting(person) - (_waiting(known) if known else set()):
            # A key of its own: a timer of this person that fires just now holds its row, and waits for us.
            key = f"{person.employee_id}/{entry}/{at:%Y%m%dT%H%MZ}"
            await tx.schedule(ACT_ON_DAY, key, at, {"employee_id": person.employee_id})


def _waiting(person: Person) -> set[tuple[int, datetime]]:
    """Versions that wait, and until when."""
    return {(entry.version, acts_at(entry, person)) for entry in person.pending}


async def _tell(tx: Tx, before: dict[str, Person], changed: Sequence[Person], causes: dict[str, Received[Any]]) -> None:
    """Say who has become active and who has departed; those who are gone take part in nothing any more."""
    leavers: list[str] = []
    for person in changed:
        known = before.get(person.employee_id)
        if person.status == (known.status if known else "expected"):
            continue
        event: EmployeeActivated | EmployeeDeparted
        if person.status == "active":
            event = EmployeeActivated(employee_id=person.employee_id)
        else:
            event = EmployeeDeparted(employee_id=person.employee_id)
            leavers.append(person.employee_id)
        tx.publish(event, version=person.version, cause=causes.get(person.employee_id))
    await release_leavers(tx, leavers, causes)
    await enrol_later(tx, [person.employee_id for person in changed if _takes_effect(person, before)])


def _takes_effect(person: Person, before: dict[str, Person]) -> bool:
    """Whether somebody works here under a record that is another one than before."""
    known = before.get(person.employee_id)
    return person.status == "active" and (known is None or known.current != person.current)


async def _forget(tx: Tx, reading: _Reading) -> None:
    await erasure.erase_messages(tx, reading.too_late)
    if reading.newly_erased:
        await release_leavers(tx, sorted(reading.newly_erased), reading.causes)
        await erasure.erase(tx, reading.newly_erased)
