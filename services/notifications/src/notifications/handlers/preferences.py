"""What people want to hear."""

from collections.abc import Mapping

from chassis.errors import Invalid
from chassis.preconditions import Precondition
from chassis.transaction import Tx
from contracts.notifications import Channel
from notifications.adapters import db
from notifications.domain.kinds import Kind
from notifications.domain.preferences import cannot_be_off, stored, wants, without


async def choices_of(tx: Tx, employee_id: str) -> db.Preferences:
    """Somebody's choices."""
    return await db.preferences(tx, employee_id)


async def choose(
    tx: Tx, employee_id: str, choices: Mapping[Kind, Mapping[Channel, bool]], precondition: Precondition
) -> db.Preferences:
    """Replace somebody's choices; what they do not mention is as it is for everybody."""
    refused = cannot_be_off(choices)
    if refused is not None:
        kind, channel = refused
        raise Invalid(f"/kinds/{kind}/{channel}", f"{kind} always goes out by {channel}; it cannot be turned off.")
    await db.hold_erasures(tx)
    before = await db.preferences(tx, employee_id, to_change=True)
    precondition.check(before.version)
    changed = db.Preferences(before.version + 1, stored(choices))
    await db.save_preferences(tx, employee_id, changed)
    return changed


async def unsubscribe(tx: Tx, employee_id: str, kind: Kind) -> None:
    """Turn off the mails of one kind for somebody; done twice, it is done."""
    await db.hold_erasures(tx)
    people = await db.people(tx, {employee_id})
    before = await db.preferences(tx, employee_id, to_change=True)
    if people[employee_id].erased or not wants(before.choices, kind, "email"):
        return
    await db.save_preferences(
        tx, employee_id, db.Preferences(before.version + 1, without(before.choices, kind, "email"))
    )
