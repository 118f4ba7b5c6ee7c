"""The last spans of the platform, received over OTLP/HTTP and kept in memory."""

import gzip
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ReceivedSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

LIMIT = 20_000

_KINDS = {
    ReceivedSpan.SPAN_KIND_SERVER: "server",
    ReceivedSpan.SPAN_KIND_CLIENT: "client",
    ReceivedSpan.SPAN_KIND_PRODUCER: "producer",
    ReceivedSpan.SPAN_KIND_CONSUMER: "consumer",
}


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work; times are nanoseconds since 1970."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    service: str
    kind: str
    start: int
    end: int
    failed: bool
    attributes: dict[str, Any]
    links: tuple[str, ...]


class Spans:
    """Keeps the newest spans and forgets the oldest."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._kept: deque[Span] = deque(maxlen=limit)

    def receive(self, body: bytes, encoding: str = "") -> None:
        """Take an OTLP export; ValueError where it is none."""
        try:
            request = ExportTraceServiceRequest.FromString(gzip.decompress(body) if encoding == "gzip" else body)
        except Exception as error:  # protobuf raises a class of its own per implementation
            raise ValueError("is not an OTLP trace export") from error
        self._kept.extend(_spans(request))

    def trace(self, trace_id: str) -> list[dict[str, Any]]:
        """The spans of the trace whose id begins so, the earliest first."""
        found = [span for span in self._kept if span.trace_id.startswith(trace_id)]
        return [asdict(span) for span in sorted(found, key=lambda span: span.start)]

    def traces(self, limit: int) -> list[dict[str, Any]]:
        """The newest traces, the newest first: how each began, how long it took, what it crossed."""
        by_trace: dict[str, list[Span]] = {}
        for span in self._kept:
            by_trace.setdefault(span.trace_id, []).append(span)
        newest = sorted(by_trace.values(), key=lambda spans: -min(span.start for span in spans))
        return [_summary(spans) for spans in newest[:limit]]

    def __len__(self) -> int:
        return len(self._kept)


def _summary(spans: list[Span]) -> dict[str, Any]:
    known = {span.span_id for span in spans}
    first = min(spans, key=lambda span: (span.parent_id in known, span.start))
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    return {
        "trace_id": first.trace_id,
        "name": first.name,
        "service": first.service,
        "start": start,
        "milliseconds": round((end - start) / 1e6, 1),
        "spans": len(spans),
        "services": sorted({span.service for span in spans}),
        "failed": any(span.failed for span in spans),
    }


def _spans(request: ExportTraceServiceRequest) -> Iterable[Span]:
    for resource in request.resource_spans:
        service = str(_attributes(resource.resource.attributes).get("service.name", "unknown"))
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    name=span.name,
                    service=service,
                    kind=_KINDS.get(span.kind, "internal"),
                    start=span.start_time_unix_nano,
                    end=span.end_time_unix_nano,
                    failed=span.status.code == Status.STATUS_CODE_ERROR,
                    attributes=_attributes(span.attributes),
                    links=tuple(link.trace_id.hex() for link in span.links),
                )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return getattr(value, kind)
