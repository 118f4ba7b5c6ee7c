"""This service's tables, and every question it asks of them."""

from notifications.adapters.db.directory import (
    departed,
    forget,
    hold_erasures,
    keep_addresses,
    keep_presence,
    people,
)
from notifications.adapters.db.knowledge import known, learn
from notifications.adapters.db.messages import (
    Draft,
    Lease,
    begin_attempt,
    claim_mail,
    inbox,
    insert,
    mark_read,
    mark_settled,
    message_of,
    postpone,
)
from notifications.adapters.db.preferences import Preferences, preferences, save_preferences
from notifications.adapters.db.tables import metadata

__all__ = [
    "Draft",
    "Lease",
    "Preferences",
    "begin_attempt",
    "claim_mail",
    "departed",
    "forget",
    "hold_erasures",
    "inbox",
    "insert",
    "keep_addresses",
    "keep_presence",
    "known",
    "learn",
    "mark_read",
    "mark_settled",
    "message_of",
    "metadata",
    "people",
    "postpone",
    "preferences",
    "save_preferences",
]
