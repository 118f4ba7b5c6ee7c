"""One span, one measurement and one log line per HTTP request: what FastAPI's instrumentation gives, but leaner."""

import asyncio
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.logs import class_name
from chassis.problems import cut_off, internal_error
from chassis.telemetry import meter, tracer
from chassis.tracing import format_traceparent, parse_traceparent, remote_parent

log = structlog.get_logger()

QUIET = frozenset({"/livez", "/readyz", "/startupz", "/metrics"})
"""Asked every few seconds by machines: no span, no line."""

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_duration = meter.create_histogram(
    "http.server.request.duration", "s", "Duration of HTTP requests by method, route template and status."
)


class Observed:
    """ASGI middleware around everything: it also answers what nobody else caught, without its text."""

    def __init__(self, app: ASGIApp, service: str, stopping: Callable[[], bool] = lambda: False) -> None:
        """`stopping` is whether the process is on its way out: what is cut off then is told so."""
        self._app = app
        self._service = service
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in QUIET:
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        span = tracer.start_span(
            method, _parent(scope), SpanKind.SERVER, {"http.request.method": method, "url.scheme": scope["scheme"]}
        )
        token = otel_context.attach(trace.set_span_in_context(span))
        watch = _Response(send, span)
        began = time.perf_counter()
        try:
            await self._app(scope, receive, watch)
        except asyncio.CancelledError:
            if not self._stopping() or watch.started:
                raise
            # The grace is over and the server cuts off what still runs; nobody waits for this task.
            await cut_off()(scope, receive, watch)
        except Exception as error:  # noqa: BLE001 - the last resort; nothing above it knows our problems
            await self._failed(error, span, watch, scope, receive)
        finally:
            seconds = time.perf_counter() - began
            route = _route(scope)
            self._measure(method, route, watch.status, seconds)
            log.info("request", method=method, route=route, status=watch.status, ms=round(seconds * 1000, 1))
            _finish(span, method, route, watch.status)
            otel_context.detach(token)

    async def _failed(
        self, error: Exception, span: trace.Span, watch: "_Response", scope: Scope, receive: Receive
    ) -> None:
        span.set_attribute("error.type", class_name(type(error)))
        log.error("request failed", exc_info=error, route=_route(scope))
        if not watch.started:
            await internal_error()(scope, receive, watch)

    def _measure(self, method: str, route: str, status: int, seconds: float) -> None:
        _duration.record(
            seconds,
            {
                "service": self._service,
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": str(status),
            },
        )


class _Response:
    """Sees the status go by and adds the trace's id to the headers."""

    def __init__(self, send: Send, span: trace.Span) -> None:
        self._send = send
        self._span = span.get_span_context()
        self.status = 500
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            if self._span.is_valid:
                _add_trace(message, self._span)
        await self._send(message)


def _add_trace(message: MutableMapping[str, Any], span: trace.SpanContext) -> None:
    message["headers"] = [
        *message.get("headers", ()),
        (b"x-trace-id", f"{span.trace_id:032x}".encode()),
        (b"traceresponse", format_traceparent(span).encode()),
    ]


def _parent(scope: Scope) -> Context:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            sender = parse_traceparent(value.decode("latin-1"))
            return remote_parent(sender) if sender else Context()
    return Context()


def _route(scope: Scope) -> str:
    """The route's template; the path itself holds ids and would make endless labels."""
    return str(getattr(scope.get("route"), "path", "unmatched"))


def _finish(span: trace.Span, method: str, route: str, status: int) -> None:
    if span.is_recording():
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))
    span.end()
