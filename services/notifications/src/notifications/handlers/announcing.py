"""Saying what became of a message."""

from chassis.transaction import Tx
from contracts.notifications import MessageFailed, MessageSent, MessageState, MessageSuppressed
from notifications.adapters import metrics
from notifications.domain.messages import Message, Outcome

_EVENTS: dict[str, type[MessageState]] = {
    "sent": MessageSent,
    "failed": MessageFailed,
    "suppressed": MessageSuppressed,
}


def announce(tx: Tx, message: Message, outcome: Outcome) -> None:
    """Publish and count the end of a message; each message has one, so its version is 1."""
    late = None
    if outcome.status == "sent" and message.due_at is not None:
        late = max(0.0, (tx.now - message.due_at).total_seconds())
    event = _EVENTS[outcome.status].model_validate(
        {
            "message_id": message.message_id,
            "employee_id": message.employee_id,
            "kind": str(message.kind),
            "channel": message.channel,
            "late_seconds": late,
            "reason": outcome.reason,
            "unconfirmed": message.unconfirmed or None,
        }
    )
    tx.publish(event, version=1)
    metrics.count(message, outcome.status, late)
