"""Events that wait in the database for the relay: written in the transaction of what they tell of."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opentelemetry import trace
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from chassis import direct
from chassis.cloudevents import MAX_EVENT_BYTES, CloudEvent, header_lines_of, size_of
from chassis.received import Received
from contracts.event import Event

CHANNEL = "outbox"
"""PostgreSQL notification channel that wakes the relay."""


class EventTooLarge(Exception):
    """The event is over the limit of one message on the bus."""

    def __init__(self, subject: str, size: int) -> None:
        super().__init__(f"{subject} would take {size} bytes; the limit is {MAX_EVENT_BYTES}")


@dataclass(slots=True)
class Row:
    """One event as the outbox holds it."""

    source: str
    event_id: str
    subject: str
    thing: str
    version: int
    occurred_at: datetime
    traceparent: str | None
    cause: str | None
    payload: bytes


def json_text(value: Mapping[str, Any]) -> str:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":"))


def current_traceparent() -> str | None:
    """W3C trace context of the current span, if it is one that is recorded anywhere."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def row_of(event: Event, version: int, source: str, now: datetime, cause: Received[Any] | None) -> Row:
    """Stamp the envelope on an event of our own; raises `EventTooLarge`."""
    return _checked(
        Row(
            source,
            str(uuid7()),
            event.subject,
            f"{event.subject.rsplit('.', 2)[0]}/{event.thing_id}",
            version,
            now,
            (cause.traceparent if cause else None) or current_traceparent(),
            f"{cause.source}/{cause.id}" if cause else None,
            event.__pydantic_serializer__.to_json(event),
        )
    )


def row_of_foreign(event: CloudEvent) -> Row:
    """An event of another source, as it came but for the trace it goes on in."""
    return _checked(
        Row(
            event.source,
            event.id,
            event.type,
            f"{event.type.rsplit('.', 2)[0]}/{event.subject}",
            event.version,
            event.time,
            current_traceparent() or event.traceparent,
            event.cause,
            event.data,
        )
    )


def event_of(row: Row) -> CloudEvent:
    """The event that a row holds."""
    thing = row.thing.partition("/")[2]
    return CloudEvent(
        row.event_id,
        row.source,
        row.subject,
        thing,
        row.occurred_at,
        row.version,
        row.payload,
        row.traceparent,
        row.cause,
    )


def _checked(row: Row) -> Row:
    if len(row.payload) > MAX_EVENT_BYTES - _ENVELOPE_BYTES:
        size = size_of(header_lines_of(event_of(row)), row.payload)
        if size > MAX_EVENT_BYTES:
            raise EventTooLarge(row.subject, size)
    return row


_ENVELOPE_BYTES = 48 * 1024
"""More than an envelope can take: seven values of at most 512 characters, up to 12 bytes each on the wire."""

_INSERT = (
    "WITH stored AS ("
    "INSERT INTO outbox (source, event_id, subject, thing, version, occurred_at, traceparent, cause, payload)"
    " SELECT source, event_id, subject, thing, version, occurred_at, traceparent, cause, payload"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::text[],"
    " $8::text[], $9::bytea[]) WITH ORDINALITY"
    " AS row (source, event_id, subject, thing, version, occurred_at, traceparent, cause, payload, position)"
    " ORDER BY position ON CONFLICT (source, event_id) DO NOTHING"
    ") SELECT pg_notify($10, '') WHERE $11"
)
_NOTIFY = f"NOTIFY {CHANNEL}"

_SHORT = 4096
_is_harmless = re.compile(r"[A-Za-z0-9 ./:_-]*").fullmatch


def _literally(row: Row) -> str | None:
    """The statement that stores a row, complete in itself: it can be sent with the commit, a round trip less.

    None for a row with a value that would have to be quoted, or a long one. Only events of our own are stored so:
    they hold ids alone, so that it matters little if PostgreSQL logs the statement because it fails.
    """
    texts = (row.source, row.event_id, row.subject, row.thing, row.traceparent or "", row.cause or "")
    if len(row.payload) > _SHORT or not _is_harmless("".join(texts)):
        return None
    source, event_id, subject, thing, traceparent, cause = (f"'{text}'" if text else "NULL" for text in texts)
    return (
        f"INSERT INTO outbox ({', '.join(_COLUMNS)}) VALUES ({source}, {event_id}, {subject}, {thing},"  # noqa: S608
        f" {row.version}, '{row.occurred_at.isoformat()}', {traceparent}, {cause}, '\\x{row.payload.hex()}')"
    )


_COLUMNS = ("source", "event_id", "subject", "thing", "version", "occurred_at", "traceparent", "cause", "payload")
_MANY = 50
"""From so many rows on `COPY` costs less than an insertion, but it knows of no conflict."""


async def insert(connection: AsyncConnection, rows: Sequence[Row], *, new: bool = False, notify: bool = True) -> None:
    """Write rows in their order; `notify` wakes a relay in another process when the transaction commits.

    Those that are not `new` may be there already, and stay as they are.
    """
    statement = _literally(rows[0]) if new and len(rows) == 1 else None
    if statement and await direct.end_with(connection, f"{statement};{_NOTIFY}" if notify else statement):
        return
    if new and len(rows) >= _MANY:
        records = [
            (
                row.source,
                row.event_id,
                row.subject,
                row.thing,
                row.version,
                row.occurred_at,
                row.traceparent,
                row.cause,
                row.payload,
            )
            for row in rows
        ]
        await direct.copy(connection, "outbox", _COLUMNS, records)
        if notify:
            await direct.execute(connection, _NOTIFY)
        return
    await direct.execute(
        connection,
        _INSERT,
        [row.source for row in rows],
        [row.event_id for row in rows],
        [row.subject for row in rows],
        [row.thing for row in rows],
        [row.version for row in rows],
        [row.occurred_at for row in rows],
        [row.traceparent for row in rows],
        [row.cause for row in rows],
        [row.payload for row in rows],
        CHANNEL,
        notify,
    )
