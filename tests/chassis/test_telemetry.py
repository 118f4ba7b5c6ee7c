"""Telemetry of a process: exported where `OTEL_*` says so, silent otherwise."""

import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from chassis import telemetry
from tests.fixtures.certificates import CertificateAuthority

PROCESS = """
import logging
from chassis import telemetry
from chassis.telemetry import configure, meter, observe, tracer
made = configure("matching")
assert configure("other") is made
count = meter.create_counter("mentorship.things", "{thing}")
stop = observe("mentorship.depth", lambda: [(7, {"queue": "a"})])
observe("mentorship.depth", lambda: [(8, {"queue": "b"})])
with tracer.start_as_current_span("work") as span:
    count.add(3)
    logging.getLogger("elsewhere").warning("careful")
    assert span.get_span_context().is_valid == (made is not None)
if made:
    from prometheus_client.exposition import generate_latest
    print(generate_latest(made.registry).decode())
    stop()
    assert 'queue="a"' not in generate_latest(made.registry).decode()
    made.flush()
"""


def run(**variables: str) -> subprocess.CompletedProcess[str]:
    # requests, with which the exporter speaks, prefers the bundles of these two to what `OTEL_*` says
    others = ("OTEL_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    command = [sys.executable, "-W", "error", "-c", PROCESS]
    done = subprocess.run(command, env={**kept, **variables}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done


@contextmanager
def collector(tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, dict[str, bytes]]]:
    """A receiver of OTLP over HTTP, with `tls` over HTTPS: its address and the last body of each path."""
    bodies: dict[str, bytes] = {}

    class Receive(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies[self.path] = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receive)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        server.server_close()


def test_where_nothing_is_configured_nothing_is_exported_and_nothing_warns() -> None:
    done = run()
    assert done.stderr == ""
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines] == ["careful"]
    assert lines[0]["service"] == "matching"
    assert len(lines[0]["trace_id"]) == 32
    assert "mentorship_things_total 3.0" in done.stdout
    assert 'mentorship_depth{queue="a"} 7.0' in done.stdout
    assert 'mentorship_depth{queue="b"} 8.0' in done.stdout


def test_with_an_endpoint_spans_and_metrics_go_there_under_the_services_name() -> None:
    with collector() as (url, bodies):
        run(OTEL_EXPORTER_OTLP_ENDPOINT=url)
    spans = ExportTraceServiceRequest.FromString(bodies["/v1/traces"]).resource_spans
    assert [span.name for group in spans for scope in group.scope_spans for span in scope.spans] == ["work"]
    names = [item.value.string_value for item in spans[0].resource.attributes if item.key == "service.name"]
    assert names == ["matching"]
    assert ExportMetricsServiceRequest.FromString(bodies["/v1/metrics"]).resource_metrics


def test_one_signal_can_have_an_endpoint_of_its_own_and_a_name_from_outside() -> None:
    with collector() as (url, bodies):
        run(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{url}/spans", OTEL_SERVICE_NAME="somebody")
    assert list(bodies) == ["/spans"]
    attributes = ExportTraceServiceRequest.FromString(bodies["/spans"]).resource_spans[0].resource.attributes
    assert [item.value.string_value for item in attributes if item.key == "service.name"] == ["somebody"]


def test_a_collector_is_told_over_tls_what_happened_and_one_that_is_not_believed_is_not(scratch: Path) -> None:
    company, stranger = CertificateAuthority(scratch / "company"), CertificateAuthority(scratch / "stranger")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*company.certificate())
    with collector(context) as (url, bodies):
        endpoint = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{url}/spans", "OTEL_EXPORTER_OTLP_TIMEOUT": "5"}
        for file, why in ((stranger.file, "certificate verify failed"), (scratch / "nothing", "invalid path")):
            assert why in run(OTEL_EXPORTER_OTLP_CERTIFICATE=str(file), **endpoint).stdout
            assert bodies == {}
        run(OTEL_EXPORTER_OTLP_CERTIFICATE=str(company.file), **endpoint)
    assert list(bodies) == ["/spans"]


def test_a_collector_that_never_answers_does_not_hold_up_the_end_of_the_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        run(OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_EXPORTER_OTLP_TIMEOUT="600")


@pytest.mark.parametrize(
    "variables", [{"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}, {"OTEL_SDK_DISABLED": "true"}]
)
def test_what_is_switched_off_is_not_exported(variables: dict[str, str]) -> None:
    with collector() as (url, bodies):
        done = run(OTEL_EXPORTER_OTLP_ENDPOINT=url, **variables)
    assert bodies == {}
    assert done.stderr == ""


def test_the_exporters_are_loaded_only_where_something_is_exported() -> None:
    look = (
        "import sys, chassis.telemetry as t; t.configure('x'); print('opentelemetry.exporter.otlp' in str(sys.modules))"
    )
    command = [sys.executable, "-c", look]
    assert subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip() == "False"


def test_a_value_may_be_watched_by_several_services_and_given_up() -> None:
    first = telemetry.observe("mentorship.test.watched", lambda: [(1.0, {"service": "a"})])
    second = telemetry.observe("mentorship.test.watched", lambda: [(2.0, {"service": "b"})])
    first()
    second()
