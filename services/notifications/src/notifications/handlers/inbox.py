"""Somebody's messages in the app."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.errors import Missing
from chassis.transaction import Tx
from notifications.adapters import db
from notifications.adapters.words import Words, Writer
from notifications.domain.messages import Message, people_in


@dataclass(frozen=True, slots=True)
class Shown:
    """A message with its words."""

    message: Message
    words: Words


async def read_inbox(
    tx: Tx, writer: Writer, employee_id: str, *, unread: bool, before: UUID | None, limit: int
) -> Sequence[Shown]:
    """Messages newest first, in words made now: whoever was erased meanwhile is nameless in them."""
    messages = await db.inbox(tx, employee_id, unread=unread, before=before, limit=limit)
    named = {employee_id}.union(*(people_in(message.facts) for message in messages))
    people = await db.people(tx, named)
    reader = people[employee_id]
    return [Shown(message, writer.write(message.kind, message.facts, reader, people, tx.now)) for message in messages]


async def mark_read(tx: Tx, employee_id: str, message_id: UUID) -> datetime:
    """Note that somebody has read a message, and tell when they first did."""
    read_at = await db.mark_read(tx, employee_id, message_id)
    if read_at is None:
        raise Missing("You have no such message.")
    return read_at
