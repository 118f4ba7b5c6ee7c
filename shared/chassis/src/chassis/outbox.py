"""Events that wait in the database for the relay: written in the transaction of what they tell of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opentelemetry import trace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.cloudevents import MAX_EVENT_BYTES, CloudEvent, headers_of, size_of
from chassis.ids import uuid7
from chassis.subscription import Received
from contracts.event import Event

CHANNEL = "outbox"
"""PostgreSQL notification channel that wakes the relay."""


class EventTooLarge(Exception):
    """The event is over the limit of one message on the bus."""

    def __init__(self, subject: str, size: int) -> None:
        super().__init__(f"{subject} would take {size} bytes; the limit is {MAX_EVENT_BYTES}")


@dataclass(frozen=True, slots=True)
class Row:
    """One event as the outbox holds it."""

    source: str
    event_id: str
    subject: str
    thing: str
    version: int
    headers: str
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
    """Stamp the envelope on an event of our own."""
    return _row(
        CloudEvent(
            id=str(uuid7()),
            source=source,
            type=event.subject,
            subject=event.thing_id,
            time=now,
            version=version,
            data=event.model_dump_json().encode(),
            traceparent=(cause.traceparent if cause else None) or current_traceparent(),
            cause=f"{cause.source}/{cause.id}" if cause else None,
        )
    )


def row_of_foreign(event: CloudEvent) -> Row:
    """An event of another source, as it came but for the trace it goes on in."""
    trace_now = current_traceparent()
    return _row(event if trace_now is None else _with_trace(event, trace_now))


def _with_trace(event: CloudEvent, traceparent: str) -> CloudEvent:
    return CloudEvent(
        event.id,
        event.source,
        event.type,
        event.subject,
        event.time,
        event.version,
        event.data,
        traceparent,
        event.cause,
    )


def _row(event: CloudEvent) -> Row:
    headers = headers_of(event)
    size = size_of(headers, event.data)
    if size > MAX_EVENT_BYTES:
        raise EventTooLarge(event.type, size)
    kind = event.type.rsplit(".", 2)[0]
    return Row(
        event.source, event.id, event.type, f"{kind}/{event.subject}", event.version, json_text(headers), event.data
    )


_INSERT = text(
    "INSERT INTO outbox (source, event_id, subject, thing, version, headers, payload)"
    " SELECT source, event_id, subject, thing, version, CAST(headers AS jsonb), payload"
    " FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[]), CAST(:subjects AS text[]), CAST(:things AS text[]),"
    " CAST(:versions AS bigint[]), CAST(:headers AS text[]), CAST(:payloads AS bytea[]))"
    " WITH ORDINALITY AS row (source, event_id, subject, thing, version, headers, payload, position)"
    " ORDER BY position ON CONFLICT (source, event_id) DO NOTHING"
)
_NOTIFY = text(f"NOTIFY {CHANNEL}")


async def insert(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    """Write rows in their order and wake the relay when the transaction commits."""
    await connection.execute(
        _INSERT,
        {
            "sources": [row.source for row in rows],
            "ids": [row.event_id for row in rows],
            "subjects": [row.subject for row in rows],
            "things": [row.thing for row in rows],
            "versions": [row.version for row in rows],
            "headers": [row.headers for row in rows],
            "payloads": [row.payload for row in rows],
        },
    )
    await connection.execute(_NOTIFY)
