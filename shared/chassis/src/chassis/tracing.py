"""Spans of messages: each message has its own, a child of its own sender's, whatever batch it came in."""

from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from chassis.delivery import Delivery

_tracer = trace.get_tracer("chassis")


def parse_traceparent(value: str | None) -> SpanContext | None:
    """Read a W3C `traceparent`; None when there is none or it is malformed."""
    if not value or len(value) < 55 or value[2] != "-" or value[35] != "-" or value[52] != "-":
        return None
    try:
        context = SpanContext(
            int(value[3:35], 16), int(value[36:52], 16), is_remote=True, trace_flags=TraceFlags(int(value[53:55], 16))
        )
    except ValueError:
        return None
    return context if context.is_valid else None


def format_traceparent(context: SpanContext) -> str:
    """Write a W3C `traceparent`."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def remote_parent(sender: SpanContext) -> Context:
    """A context in which new spans are children of a span of another process."""
    return trace.set_span_in_context(NonRecordingSpan(sender), Context())


def start_span(delivery: Delivery, durable: str) -> None:
    """Begin the span of a delivered message, and hand its trace to what is published because of it."""
    sender = parse_traceparent(delivery.envelope.traceparent) if delivery.envelope else None
    span = _tracer.start_span(
        f"process {delivery.subject}",
        context=remote_parent(sender) if sender else Context(),
        kind=SpanKind.CONSUMER,
        attributes={
            "messaging.system": "nats",
            "messaging.operation.type": "process",
            "messaging.destination.name": delivery.subject,
            "messaging.consumer.group.name": durable,
            "messaging.message.id": delivery.envelope.id if delivery.envelope else "",
        },
    )
    delivery.span = span
    if delivery.received:
        context = span.get_span_context()
        delivery.received.traceparent = format_traceparent(context) if context.is_valid else None


def finish_spans(deliveries: Sequence[Delivery]) -> None:
    """End the spans of a settled batch."""
    for delivery in deliveries:
        if delivery.span:
            delivery.span.end()
