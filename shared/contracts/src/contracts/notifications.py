"""What notifications says: what became of each message to a person. Never its words."""

from typing import Literal
from uuid import UUID

from contracts.event import Event
from contracts.words import Code, EmployeeId, Seconds

Channel = Literal["in_app", "email"]


class MessageState(Event):
    """The public state of one message on one channel."""

    message_id: UUID
    employee_id: EmployeeId
    kind: Code
    channel: Channel


class MessageSent(MessageState, subject="mentorship.notifications.message.sent.v1", about="message_id"):
    """The message was handed to the channel."""

    late_seconds: Seconds | None = None


class MessageFailed(MessageState, subject="mentorship.notifications.message.failed.v1", about="message_id"):
    """Every retry failed; nothing more is tried."""

    reason: Literal["refused", "unreachable", "no_address"]


class MessageSuppressed(MessageState, subject="mentorship.notifications.message.suppressed.v1", about="message_id"):
    """The message was not sent on purpose."""

    reason: Literal["preference", "departed", "stale"]
