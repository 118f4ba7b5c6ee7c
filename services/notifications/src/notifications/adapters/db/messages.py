"""Messages: what is to be sent, what stands in an inbox, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from chassis.transaction import Tx
from notifications.domain.kinds import Kind
from notifications.domain.messages import Message, Outcome, Status, facts_of

_COLUMNS = (
    "message_id, effect, employee_id, kind, channel, facts, status, created_at, due_at, read_at, attempts,"
    " unconfirmed, traceparent"
)
_INSERT = text(
    "INSERT INTO message (message_id, effect, employee_id, kind, channel, facts, status, reason, created_at, due_at,"
    " settled_at, next_attempt_at, traceparent)"
    " SELECT new.message_id, CAST(:effect AS uuid), new.employee_id, new.kind, new.channel, CAST(new.facts AS jsonb),"
    " new.status, new.reason, instant.now, CAST(:due_at AS timestamptz),"
    " CASE WHEN new.status <> 'pending' THEN instant.now END, instant.now, CAST(:traceparent AS text)"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:people AS text[]), CAST(:kinds AS text[]), CAST(:channels AS text[]),"
    " CAST(:facts AS text[]), CAST(:statuses AS text[]), CAST(:reasons AS text[]))"
    " AS new (message_id, employee_id, kind, channel, facts, status, reason),"
    " (VALUES (CAST(:now AS timestamptz))) AS instant (now)"
    " ON CONFLICT ON CONSTRAINT uq_message_effect DO NOTHING RETURNING message_id"
)
# `next_attempt_at` is the end of the lease meanwhile: who dies while sending leaves the mail to others after it.
_CLAIM = text(
    "UPDATE message SET attempts = attempts + 1, lease = :lease, next_attempt_at = :until"  # noqa: S608  a constant
    " WHERE message_id = (SELECT message_id FROM message WHERE status = 'pending' AND next_attempt_at <= :now"
    " ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
    f" RETURNING {_COLUMNS}"
)
# Committed before the server hears of the mail: whoever dies from here on leaves behind that it may have arrived.
_BEGIN = text(
    "UPDATE message SET unconfirmed = unconfirmed + 1, next_attempt_at = :until"
    " WHERE message_id = :id AND lease = :lease AND status = 'pending' RETURNING message_id"
)
_SETTLE = text(
    "UPDATE message SET status = :status, reason = CAST(:reason AS text), settled_at = :now, lease = NULL,"
    " unconfirmed = :unconfirmed"
    " WHERE message_id = :id AND lease = :lease AND status = 'pending' RETURNING message_id"
)
_POSTPONE = text(
    "UPDATE message SET reason = CAST(:reason AS text), next_attempt_at = :again_at, lease = NULL,"
    " attempts = attempts - CAST(:uncounted AS integer), unconfirmed = :unconfirmed"
    " WHERE message_id = :id AND lease = :lease AND status = 'pending'"
)
_INBOX = text(
    f"SELECT {_COLUMNS} FROM message"  # noqa: S608  a constant
    " WHERE employee_id = :employee_id AND channel = 'in_app' AND status = 'sent'"
    " AND (NOT CAST(:unread AS boolean) OR read_at IS NULL)"
    " AND (CAST(:before AS uuid) IS NULL OR message_id < CAST(:before AS uuid))"
    " ORDER BY message_id DESC LIMIT :limit"
)
_MINE = " WHERE message_id = :id AND employee_id = :employee_id AND channel = 'in_app' AND status = 'sent'"
_ONE = text(f"SELECT {_COLUMNS} FROM message{_MINE}")  # noqa: S608  constants
_READ = text(f"UPDATE message SET read_at = coalesce(read_at, :now){_MINE} RETURNING read_at")  # noqa: S608  constants


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is to be written, and what becomes of it at once."""

    message: Message
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Lease:
    """A mail that one sender has for a while."""

    message: Message
    lease: UUID

    @property
    def unanswered(self) -> "Lease":
        """The same after one more attempt of which nobody knows what became."""
        return replace(self, message=replace(self.message, unconfirmed=self.message.unconfirmed + 1))


async def insert(tx: Tx, drafts: Sequence[Draft], effect: UUID) -> frozenset[UUID]:
    """Write the messages of one effect that do not exist yet, and tell which those are."""
    if not drafts:
        return frozenset()
    first = drafts[0].message
    inserted = await tx.connection.execute(
        _INSERT,
        {
            "effect": effect,
            "now": tx.now,
            "due_at": first.due_at,
            "traceparent": first.traceparent,
            "ids": [draft.message.message_id for draft in drafts],
            "people": [draft.message.employee_id for draft in drafts],
            "kinds": [str(draft.message.kind) for draft in drafts],
            "channels": [draft.message.channel for draft in drafts],
            "facts": [draft.message.facts.model_dump_json() for draft in drafts],
            "statuses": [draft.outcome.status for draft in drafts],
            "reasons": [draft.outcome.reason for draft in drafts],
        },
    )
    return frozenset(inserted.scalars())


async def claim_mail(tx: Tx, lease: UUID, seconds: float) -> Lease | None:
    """Take the mail that has waited longest, for so many seconds; None when none is due."""
    until = tx.now + timedelta(seconds=seconds)
    row = (await tx.connection.execute(_CLAIM, {"lease": lease, "until": until, "now": tx.now})).one_or_none()
    return Lease(_message(row), lease) if row else None


async def begin_attempt(tx: Tx, held: Lease, seconds: float) -> bool:
    """Note that a mail is about to be handed over, for so many seconds; False when it is another's, or was erased."""
    until = tx.now + timedelta(seconds=seconds)
    begun = await tx.connection.execute(_BEGIN, {"id": held.message.message_id, "lease": held.lease, "until": until})
    return begun.one_or_none() is not None


async def mark_settled(tx: Tx, held: Lease, status: Status, reason: str | None) -> bool:
    """Note what became of a mail; False when the lease has run out and it is another's, or it was erased."""
    settled = await tx.connection.execute(
        _SETTLE,
        {
            "id": held.message.message_id,
            "lease": held.lease,
            "status": status,
            "reason": reason,
            "now": tx.now,
            "unconfirmed": held.message.unconfirmed,
        },
    )
    return settled.one_or_none() is not None


async def postpone(tx: Tx, held: Lease, again_at: datetime, reason: str | None, *, counted: bool) -> None:
    """Give a mail back to be tried later; `counted` is False where nothing was tried yet."""
    await tx.connection.execute(
        _POSTPONE,
        {
            "id": held.message.message_id,
            "lease": held.lease,
            "again_at": again_at,
            "reason": reason,
            "uncounted": int(not counted),
            "unconfirmed": held.message.unconfirmed,
        },
    )


async def inbox(tx: Tx, employee_id: str, *, unread: bool, before: UUID | None, limit: int) -> list[Message]:
    """Somebody's messages, newest first."""
    rows = await tx.connection.execute(
        _INBOX, {"employee_id": employee_id, "unread": unread, "before": before, "limit": limit}
    )
    return [_message(row) for row in rows]


async def message_of(tx: Tx, employee_id: str, message_id: UUID) -> Message | None:
    """A message in somebody's own inbox."""
    row = (await tx.connection.execute(_ONE, {"id": message_id, "employee_id": employee_id})).one_or_none()
    return _message(row) if row else None


async def mark_read(tx: Tx, employee_id: str, message_id: UUID) -> datetime | None:
    """Note that somebody has read a message of theirs and tell when first; None when there is none."""
    parameters = {"id": message_id, "employee_id": employee_id, "now": tx.now}
    read_at: datetime | None = (await tx.connection.execute(_READ, parameters)).scalar_one_or_none()
    return read_at


def _message(row: Row[Any]) -> Message:
    kind = Kind(row.kind)
    return Message(
        message_id=row.message_id,
        effect=row.effect,
        employee_id=row.employee_id,
        kind=kind,
        channel=row.channel,
        facts=facts_of(kind, row.facts),
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        unconfirmed=row.unconfirmed,
        traceparent=row.traceparent,
        read_at=row.read_at,
    )
