"""What this service does: one function per use case."""

from notifications.handlers.delivery import Sender, send_next
from notifications.handlers.directory import forget_person, learn_addresses, learn_presence
from notifications.handlers.events import tell_of_match, tell_of_relationship, tell_of_session
from notifications.handlers.inbox import Shown, mark_read, read_inbox
from notifications.handlers.postroom import Postroom
from notifications.handlers.preferences import choices_of, choose, unsubscribe
from notifications.handlers.reminders import REMINDER, remind

__all__ = [
    "REMINDER",
    "Postroom",
    "Sender",
    "Shown",
    "choices_of",
    "choose",
    "forget_person",
    "learn_addresses",
    "learn_presence",
    "mark_read",
    "read_inbox",
    "remind",
    "send_next",
    "tell_of_match",
    "tell_of_relationship",
    "tell_of_session",
    "unsubscribe",
]
