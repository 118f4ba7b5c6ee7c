"""What became of the messages to people."""

from collections.abc import Sequence

from analytics.adapters import db
from analytics.handlers.envelope import fact, verb
from chassis.subscription import Received
from chassis.transaction import Tx
from contracts.notifications import MessageState


async def record_messages(tx: Tx, batch: Sequence[Received[MessageState]]) -> None:
    """Record which messages were sent, suppressed or failed, and how late."""
    await db.hold_erasures(tx)
    rows = [
        {"late_seconds": None, **fact(received), "kind": received.event.kind, "outcome": verb(received)}
        for received in batch
    ]
    await db.record_once(tx, db.message_fact, rows)
