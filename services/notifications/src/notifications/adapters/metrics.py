"""What this service counts."""

from chassis.telemetry import meter
from notifications.domain.messages import Message

_messages = meter.create_counter(
    "mentorship.notifications.messages", unit="{message}", description="Messages by kind, channel and outcome."
)
_repeated = meter.create_counter(
    "mentorship.notifications.mails.repeated",
    unit="{mail}",
    description="Mails handed over again since nobody knows whether they had arrived.",
)
_attempts = meter.create_counter(
    "mentorship.notifications.mail.attempts", unit="{attempt}", description="Mails handed to the server, by its answer."
)
_lateness = meter.create_histogram(
    "mentorship.notifications.reminder.lateness",
    unit="s",
    description="How long after its time a reminder went out.",
)


def count_attempt(outcome: str) -> None:
    """Count how the mail server answered: `sent`, `refused` or `unreachable`."""
    _attempts.add(1, {"outcome": outcome})


def count_repeated(message: Message) -> None:
    """Count a mail that may arrive twice."""
    _repeated.add(1, {"kind": str(message.kind)})


def count(message: Message, outcome: str, late_seconds: float | None = None) -> None:
    """Count what became of a message, and how late it was if it had its time."""
    _messages.add(1, {"kind": str(message.kind), "channel": message.channel, "outcome": outcome})
    if late_seconds is not None:
        _lateness.record(late_seconds, {"channel": message.channel})
