"""What became of the messages to people."""

from collections.abc import Sequence

from analytics.adapters import db
from analytics.handlers.envelope import verb
from chassis.subscription import Received
from chassis.transaction import Tx
from contracts.notifications import MessageSent, MessageState


async def record_messages(tx: Tx, batch: Sequence[Received[MessageState]]) -> None:
    """Record which messages were sent, suppressed or failed, and how late."""
    await db.hold_erasures(tx)
    rows = [
        {
            "identity": received.identity,
            "at": received.time,
            "message_id": received.event.message_id,
            "employee_id": received.event.employee_id,
            "kind": received.event.kind,
            "channel": received.event.channel,
            "outcome": verb(received),
            "reason": getattr(received.event, "reason", None),
            "late_seconds": received.event.late_seconds if isinstance(received.event, MessageSent) else None,
        }
        for received in batch
    ]
    await db.record_once(tx, db.message_fact, rows)
