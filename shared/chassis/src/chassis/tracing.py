"""Spans of messages: each message has its own, a child of its own sender's, whatever batch it came in."""

import random
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)
from opentelemetry.util.types import AttributeValue

from chassis.delivery import Delivery

_tracer = trace.get_tracer("chassis")
_is_canonical = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}").fullmatch


def parse_traceparent(value: str | None) -> SpanContext | None:
    """Read a W3C `traceparent`; None when there is none or it is malformed."""
    if not value or len(value) < 55 or value[2] != "-" or value[35] != "-" or value[52] != "-":
        return None
    try:
        trace_id, span_id, flags = int(value[3:35], 16), int(value[36:52], 16), int(value[53:55], 16)
    except ValueError:
        return None
    if trace_id <= 0 or span_id <= 0:
        return None
    return _context(trace_id, span_id, True, _FLAGS[flags & 0xFF])


def _context(trace_id: int, span_id: int, is_remote: bool, flags: TraceFlags) -> SpanContext:
    """A valid context as the API makes it, which looks at everything again."""
    return tuple.__new__(SpanContext, (trace_id, span_id, is_remote, flags, _NO_STATE, True))


_FLAGS = [TraceFlags(value) for value in range(256)]
_NO_STATE = TraceState()


def format_traceparent(context: SpanContext) -> str:
    """Write a W3C `traceparent`."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def remote_parent(sender: SpanContext) -> Context:
    """A context in which new spans are children of a span of another process."""
    return trace.set_span_in_context(NonRecordingSpan(sender), Context())


class LeanSpan(NonRecordingSpan):
    """A recorded span at a tenth of the SDK's price, for what happens thousands of times a second.

    It is the child of a sampled span of another process, so there is nothing for a sampler to decide, and it is given
    to the provider's processors when it ends, as the SDK's own spans are (measured in docs/decisions).
    """

    def __init__(
        self,
        provider: TracerProvider,
        name: str,
        parent: SpanContext,
        kind: SpanKind,
        attributes: dict[str, AttributeValue],
    ) -> None:
        super().__init__(_context(parent.trace_id, random.getrandbits(64) or 1, False, parent.trace_flags))
        self._provider = provider
        self._name = name
        self._parent = parent
        self._kind = kind
        self._attributes = attributes
        self._status = _UNSET
        self._started = time.time_ns()

    def is_recording(self) -> bool:
        return True

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        self._attributes[key] = value

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        self._status = Status(status, description) if isinstance(status, StatusCode) else status

    def end(self, end_time: int | None = None) -> None:
        span = ReadableSpan(
            self._name,
            self.get_span_context(),
            self._parent,
            self._provider.resource,
            self._attributes,
            kind=self._kind,
            status=self._status,
            start_time=self._started,
            end_time=end_time or time.time_ns(),
            instrumentation_scope=_SCOPE,
        )
        self._provider._active_span_processor.on_end(span)  # noqa: SLF001  the SDK's own spans end here too

    def starting_at(self, nanoseconds: int) -> "LeanSpan":
        """The same span, begun at another time (ns since the epoch)."""
        self._started = nanoseconds
        return self


_UNSET = Status(StatusCode.UNSET)
_SCOPE = InstrumentationScope("chassis")


def is_anything_kept() -> bool:
    """Whether spans of this process reach anybody: without an exporter they do not."""
    provider = trace.get_tracer_provider()
    return not isinstance(provider, TracerProvider) or bool(provider._active_span_processor._span_processors)  # noqa: SLF001


def is_unrecorded(sender: SpanContext) -> bool:
    """Whether nobody will see what comes of a message: its sender's trace then goes on as it is.

    A span that nobody keeps would be missing between those of the services that export theirs.
    """
    if not is_anything_kept():
        return True
    provider = trace.get_tracer_provider()
    return (
        not sender.trace_flags.sampled
        and isinstance(provider, TracerProvider)
        and isinstance(provider.sampler, ParentBased)
    )


def child_span(
    name: str,
    sender: SpanContext | None,
    kind: SpanKind,
    attributes: dict[str, AttributeValue],
    started: int | None = None,
) -> Span:
    """Begin a span under the sender's, or one of its own where nobody sent a trace; `started` in ns since the epoch."""
    provider = trace.get_tracer_provider()
    if sender is None or not isinstance(provider, TracerProvider) or not isinstance(provider.sampler, ParentBased):
        context = remote_parent(sender) if sender else Context()
        return _tracer.start_span(name, context, kind, attributes, start_time=started)
    if is_unrecorded(sender):
        return NonRecordingSpan(sender)
    span = LeanSpan(provider, name, sender, kind, attributes)
    return span.starting_at(started) if started else span


def start_spans(deliveries: Iterable[Delivery], durable: str) -> None:
    """Begin the span of each delivered message, and hand its trace to what is published because of it."""
    kept = is_anything_kept()
    for delivery in deliveries:
        trace_ = delivery.envelope.traceparent if delivery.envelope else None
        if kept or not trace_ or not _is_canonical(trace_):
            start_span(delivery, durable)
        elif delivery.received:
            delivery.received.traceparent = trace_


def span_of(delivery: Delivery) -> Span:
    """A message's span; where none was begun for it, one that keeps nothing in its sender's place."""
    if delivery.span is None and delivery.envelope and (sender := parse_traceparent(delivery.envelope.traceparent)):
        return NonRecordingSpan(sender)
    return delivery.span or trace.INVALID_SPAN


def start_span(delivery: Delivery, durable: str, *, anew: bool = False) -> None:
    """Begin the span of one message; `anew` is for work long after it: a trace of its own, linked to the sender's."""
    envelope = delivery.envelope
    sender = parse_traceparent(envelope.traceparent) if envelope else None
    if sender and not anew and is_unrecorded(sender):
        delivery.span = NonRecordingSpan(sender)
        if delivery.received:
            delivery.received.traceparent = format_traceparent(sender)
        return
    name = f"process {delivery.message.subject}"
    attributes: dict[str, AttributeValue] = {
        "messaging.system": "nats",
        "messaging.operation.type": "process",
        "messaging.destination.name": delivery.message.subject,
        "messaging.consumer.group.name": durable,
        "messaging.message.id": envelope.id if envelope else "",
    }
    if anew:
        links = [Link(sender)] if sender else []
        delivery.span = _tracer.start_span(name, Context(), SpanKind.CONSUMER, attributes, links)
    else:
        delivery.span = child_span(name, sender, SpanKind.CONSUMER, attributes)
    if delivery.received:
        context = delivery.span.get_span_context()
        delivery.received.traceparent = format_traceparent(context) if context.is_valid else None


@contextmanager
def span_of_later(name: str, traceparent: str | None) -> Iterator[Span]:
    """A span of its own for work that was asked for earlier, linked to that; it names the class of what fails alone."""
    origin = parse_traceparent(traceparent)
    links = [Link(origin)] if origin else []
    with _tracer.start_as_current_span(
        name, Context(), links=links, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except Exception as error:
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def finish_spans(deliveries: Sequence[Delivery]) -> None:
    """End the spans of a settled batch."""
    for delivery in deliveries:
        if delivery.span:
            delivery.span.end()
