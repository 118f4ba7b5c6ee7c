"""OpenTelemetry: traces and metrics always, exported only where `OTEL_*` says so; Prometheus at `/metrics`."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from opentelemetry import metrics, propagate, trace
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from chassis import logs
from chassis.access import public

METER = "mentorship"
tracer = trace.get_tracer(METER)
meter = metrics.get_meter(METER)

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds of the buckets of every duration."""

Reading = tuple[float, Mapping[str, str]]
"""One value and its labels."""


class Telemetry:
    """What `configure` has set up in this process."""

    def __init__(
        self,
        traces: TracerProvider,
        measures: MeterProvider,
        registry: CollectorRegistry,
        pushed: Sequence[MetricReader] = (),
    ) -> None:
        self.traces = traces
        self.measures = measures
        self.registry = registry
        self._pushed = pushed

    def flush(self, seconds: float = 5.0) -> None:
        """Export what waits, before the process ends; a collector that takes longer than `seconds` goes without.

        OpenTelemetry's own limits do not end an export under way, so each has a thread that holds up nobody's exit.
        """
        # Not the readers that are scraped: what nobody fetches would be kept for whoever comes next, without end.
        last_words = [self.traces.force_flush, *(reader.force_flush for reader in self._pushed)]
        threads = [threading.Thread(target=say, daemon=True) for say in last_words]
        for thread in threads:
            thread.start()
        latest = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, latest - time.monotonic()))


_lock = threading.Lock()
_configured: list[Telemetry] = []


def configure(name: str) -> Telemetry | None:
    """Set up this process's logs, traces and metrics under the service's name, once.

    `None` where `OTEL_SDK_DISABLED` says so.
    Without an endpoint nothing leaves the process, but spans exist: their ids stand in responses, logs and events.
    """
    with _lock:
        if _configured:
            return _configured[0]
        logs.configure(_service_name(name))
        if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
            return None
        resource = Resource.create({SERVICE_NAME: _service_name(name)})
        registry = CollectorRegistry()
        # Whoever ends the process flushes; at its exit OpenTelemetry would wait for a silent collector once more.
        traces = TracerProvider(resource=resource, shutdown_on_exit=False)
        if _exports("TRACES"):
            traces.add_span_processor(BatchSpanProcessor(_span_exporter()))
        readers: list[MetricReader] = [PrometheusMetricReader(True, scope_info_enabled=False, registry=registry)]
        if _exports("METRICS"):
            readers.append(PeriodicExportingMetricReader(_metric_exporter()))
        durations = View(
            instrument_type=Histogram, instrument_unit="s", aggregation=ExplicitBucketHistogramAggregation(SECONDS)
        )
        measures = MeterProvider(readers, resource, shutdown_on_exit=False, views=[durations])
        trace.set_tracer_provider(traces)
        metrics.set_meter_provider(measures)
        if "OTEL_PROPAGATORS" not in os.environ:
            # Baggage is what somebody else wants to pass on; nothing here passes on what it does not know.
            propagate.set_global_textmap(TraceContextTextMapPropagator())
        _configured.append(Telemetry(traces, measures, registry, tuple(readers[1:])))
        return _configured[0]


def _service_name(name: str) -> str:
    given = dict(
        pair.split("=", 1) for pair in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",") if "=" in pair
    )
    return os.environ.get("OTEL_SERVICE_NAME") or given.get("service.name") or name


def _exports(signal: str) -> bool:
    if os.environ.get(f"OTEL_{signal}_EXPORTER", "otlp").strip() != "otlp":
        return False
    return any(os.environ.get(f"OTEL_EXPORTER_OTLP_{part}ENDPOINT") for part in ("", f"{signal}_"))


# The exporters and what they import cost 15 MB, so they are loaded only where something is exported.
def _span_exporter() -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

    return OTLPSpanExporter()


def _metric_exporter() -> Any:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415

    return OTLPMetricExporter()


_readers: dict[str, list[Callable[[], Iterable[Reading]]]] = {}


def observe(
    name: str, read: Callable[[], Iterable[Reading]], *, unit: str = "1", description: str = ""
) -> Callable[[], None]:
    """Show a value that exists anyway as a gauge, read whenever somebody looks; gives a function that ends it.

    `read` runs in the exporter's thread, so it only reads what is in memory: `lambda: [(pool.checkedout(), {})]`.
    Several services of one process may observe the same name, told apart by their labels.
    """
    with _lock:
        readers = _readers.setdefault(name, [])
        if not readers:
            meter.create_observable_gauge(name, [_observer(readers)], unit, description)
        readers.append(read)
    return lambda: readers.remove(read)


def _observer(readers: list[Callable[[], Iterable[Reading]]]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observations(_: CallbackOptions) -> Iterable[Observation]:
        for read in list(readers):
            for value, labels in read():
                yield Observation(value, dict(labels))

    return observations


def serve(telemetry: Telemetry | None, host: str, port: int) -> None:
    """Show `/metrics` on a port of their own, in a process without an HTTP side; port 0 is nowhere."""
    if telemetry is not None and port:
        start_http_server(port, host, telemetry.registry)


def scrape(telemetry: Telemetry | None) -> APIRouter:
    """The route `/metrics` in Prometheus text, for whoever scrapes."""
    router = APIRouter(tags=["health"], dependencies=[public], include_in_schema=False)

    @router.get("/metrics")
    async def metrics_page() -> Response:
        content = generate_latest(telemetry.registry) if telemetry else b""
        return Response(content, media_type=CONTENT_TYPE_LATEST)

    return router
