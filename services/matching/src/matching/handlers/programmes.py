"""Programmes: making, changing, opening, closing, and who may see them."""

from typing import Protocol
from uuid import UUID

from chassis.access import Caller
from chassis.errors import Missing
from chassis.preconditions import Precondition
from chassis.transaction import Tx
from matching.adapters.db import matches, programmes
from matching.adapters.db import rules as versions
from matching.domain.enrolment import EnrolmentPolicy
from matching.domain.offers import end
from matching.domain.programmes import (
    Programme,
    change_enrolment,
    change_rules,
    close_programme,
    open_programme,
)
from matching.domain.rules import Rules
from matching.handlers.enrolment import admit_later, enrol_everybody_later
from matching.handlers.pairs import must_keep_pairs
from matching.handlers.steps import take_step


async def make_programme(tx: Tx, caller: Caller, programme: Programme) -> Programme:
    """A new draft with its first rules."""
    programme.must_make_sense()
    await programmes.add_programme(tx, programme)
    await versions.add_rules_version(tx, programme, caller.subject)
    return programme


async def open_enrolment(tx: Tx, caller: Caller, programme_id: UUID, expected: Precondition) -> Programme:
    """Open a programme: people can enrol, runs can be made."""
    programme = await managed_programme(tx, caller, programme_id, lock=True)
    expected.check(programme.version)
    programme, event = open_programme(programme)
    if event is not None:
        await programmes.save_programme(tx, programme)
        tx.publish(event, version=programme.version)
        await enrol_everybody_later(tx, programme)
    return programme


async def end_programme(tx: Tx, caller: Caller, programme_id: UUID, expected: Precondition) -> Programme:
    """Close a programme: open offers end with it, active matches go on."""
    programme = await managed_programme(tx, caller, programme_id, lock=True)
    expected.check(programme.version)
    programme, event = close_programme(programme)
    if event is not None:
        await programmes.save_programme(tx, programme)
        tx.publish(event, version=programme.version)
        for offer in await matches.lock_offers_in(tx, programme_id):
            await take_step(tx, end(offer, "programme_closed"))
    return programme


async def set_rules(tx: Tx, caller: Caller, programme_id: UUID, rules: Rules, expected: Precondition) -> Programme:
    """Give a programme other rules, under the next number; what was decided by hand has to hold under them."""
    before = await managed_programme(tx, caller, programme_id, lock=True)
    expected.check(before.version)
    programme, event = change_rules(before, rules)
    if programme == before:
        return programme
    await must_keep_pairs(tx, programme)
    await programmes.save_programme(tx, programme)
    await versions.add_rules_version(tx, programme, caller.subject)
    if event is not None:
        tx.publish(event, version=programme.version)
    return programme


async def set_enrolment(
    tx: Tx, caller: Caller, programme_id: UUID, policy: EnrolmentPolicy, expected: Precondition
) -> Programme:
    """Change how people come into a programme; nobody who takes part loses their place."""
    before = await managed_programme(tx, caller, programme_id, lock=True)
    expected.check(before.version)
    programme = change_enrolment(before, policy)
    if programme == before:
        return programme
    await programmes.save_programme(tx, programme)
    if programme.status == "open":
        await admit_later(tx, programme_id)
        await enrol_everybody_later(tx, programme)
    return programme


async def visible_programme(tx: Tx, caller: Caller, programme_id: UUID) -> Programme:
    """A programme: drafts only for their owner and platform administrators."""
    programme = await programmes.find_programme(tx, programme_id)
    if programme is None or (programme.status == "draft" and not manages(caller, programme)):
        raise Missing
    return programme


async def managed_programme(
    tx: Tx, caller: Caller, programme_id: UUID, *, lock: bool = False, keep: bool = False
) -> Programme:
    """A programme that the caller runs; another's does not exist for them."""
    programme = await programmes.find_programme(tx, programme_id, lock=lock, keep=keep)
    if programme is None or not manages(caller, programme):
        raise Missing
    return programme


class Owned(Protocol):
    """A programme, or as much of it as has been read."""

    @property
    def owner_id(self) -> str:
        """Who runs it."""


def manages(caller: Caller, programme: Owned) -> bool:
    """Whether the caller runs this programme."""
    if caller.has("platform-admin"):
        return True
    return caller.has("programme-manager") and programme.owner_id == caller.subject
