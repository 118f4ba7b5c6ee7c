"""Rows of the outbox on their way to a stream."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue

from chassis.cloudevents import CloudEvent, header_lines_of
from chassis.publishing import BATCH_BYTES, BATCH_ROWS, Outgoing
from chassis.tracing import child_span, format_traceparent, is_unrecorded, parse_traceparent


@dataclass(slots=True)
class Waiting:
    """An outbox row that is to be published."""

    id: int
    thing: str
    event: CloudEvent
    created_at: datetime

    @property
    def subject(self) -> str:
        """The NATS subject."""
        return self.event.type


COLUMNS = "id, source, event_id, subject, thing, version, occurred_at, traceparent, cause, payload, created_at"


def waiting_of(record: asyncpg.Record) -> Waiting:
    """The row whose `COLUMNS` were read."""
    id_, source, event_id, subject, thing, version, occurred_at, traceparent, cause, payload, created_at = record
    about = thing.partition("/")[2]
    event = CloudEvent(event_id, source, subject, about, occurred_at, version, payload, traceparent, cause)
    return Waiting(id_, thing, event, created_at)


def begin_span(row: Waiting) -> None:
    """Let the event's trace go on in a span of its publishing, which tells how long it has waited."""
    sender = parse_traceparent(row.event.traceparent)
    if sender is None or is_unrecorded(sender):
        return
    attributes: dict[str, AttributeValue] = {
        "messaging.system": "nats",
        "messaging.operation.type": "publish",
        "messaging.destination.name": row.subject,
        "messaging.message.id": row.event.id,
    }
    span = child_span(
        f"publish {row.subject}", sender, SpanKind.PRODUCER, attributes, int(row.created_at.timestamp() * 1e9)
    )
    if span.get_span_context().is_valid:
        row.event.traceparent = format_traceparent(span.get_span_context())
    span.end()


def outgoing_of(row: Waiting) -> Outgoing:
    """The message that says it."""
    return Outgoing(row.subject, header_lines_of(row.event), row.event.data)


def batches_of(rows: Sequence[Waiting]) -> list[list[Waiting]]:
    """Rows in their order, in as many batches as the server's limits ask for."""
    batches: list[list[Waiting]] = []
    size = 0
    for row in rows:
        if not batches or len(batches[-1]) >= BATCH_ROWS or size + len(row.event.data) > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(row)
        size += len(row.event.data) + 512
    return batches


def spans_of(ids: Sequence[int]) -> list[asyncpg.Range[int]]:
    """Ascending ids as a multirange: PostgreSQL looks up in it at once what it would search for in an array."""
    spans: list[list[int]] = []
    for one in ids:
        if not spans or one != spans[-1][1]:
            spans.append([one, one])
        spans[-1][1] = one + 1
    return [asyncpg.Range(lower, upper) for lower, upper in spans]
