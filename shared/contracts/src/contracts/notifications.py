"""What notifications says: what became of each message to a person. Never its words."""

from typing import Literal
from uuid import UUID

from contracts.event import Event
from contracts.words import Code, Count, EmployeeId, Seconds

Channel = Literal["in_app", "email"]


class MessageState(Event):
    """The public state of one message on one channel."""

    message_id: UUID
    employee_id: EmployeeId
    kind: Code
    channel: Channel
    unconfirmed: Count | None = None
    """Attempts to hand it over whose outcome nobody knows: beside what else is said, it may have arrived so often."""


class MessageSent(MessageState, subject="mentorship.notifications.message.sent.v1", about="message_id"):
    """The message was handed to the channel."""

    late_seconds: Seconds | None = None


class MessageFailed(MessageState, subject="mentorship.notifications.message.failed.v1", about="message_id"):
    """Every retry failed; nothing more is tried."""

    reason: Literal["refused", "unreachable", "no_address"]


class MessageSuppressed(MessageState, subject="mentorship.notifications.message.suppressed.v1", about="message_id"):
    """The message is no longer to be sent."""

    reason: Literal["preference", "departed", "stale"]
