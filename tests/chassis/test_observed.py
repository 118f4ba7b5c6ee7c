"""What can be seen of a request: its span, its measurement, its line in the log."""

import json
import re
from collections import Counter

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import Bearer

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def server_span(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = [span for span in exporter.get_finished_spans() if span.kind is SpanKind.SERVER]
    return span


async def test_a_request_continues_the_callers_trace_and_tells_its_id(
    client: httpx.AsyncClient, spans: InMemorySpanExporter, bearer: Bearer
) -> None:
    headers = {**bearer("E1", "employee"), "traceparent": f"00-{TRACE}-{SPAN}-01"}
    answer = await client.get("/v1/notes", headers=headers)
    span = server_span(spans)
    context = span.get_span_context()
    assert context is not None
    assert answer.headers["x-trace-id"] == TRACE
    assert answer.headers["traceresponse"] == f"00-{TRACE}-{context.span_id:016x}-01"
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == SPAN


async def test_a_span_carries_the_template_of_its_route_and_no_id_of_anybody(
    client: httpx.AsyncClient, spans: InMemorySpanExporter, bearer: Bearer
) -> None:
    note = "01900000-0000-7000-8000-000000000000"
    await client.get(f"/v1/notes/{note}?cursor=canary", headers=bearer("E1", "employee"))
    span = server_span(spans)
    assert span.name == "GET /v1/notes/{note_id}"
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "http.route": "/v1/notes/{note_id}",
        "http.response.status_code": 404,
    }
    assert span.status.status_code is StatusCode.UNSET


async def test_a_failure_marks_its_span_without_its_text(
    client: httpx.AsyncClient, spans: InMemorySpanExporter, bearer: Bearer
) -> None:
    await client.post("/v1/notes", json={"words": "fail"}, headers=bearer("E1", "employee"))
    span = server_span(spans)
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "RuntimeError"
    assert "secret" not in span.to_json()


@pytest.mark.parametrize("header", ["", "x", "00-zz", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{SPAN}-zz"])
async def test_a_trace_context_that_is_none_begins_a_new_trace(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get("/v1/cover", headers={"traceparent": header})
    assert answer.status_code == 200
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-trace-id"])
    assert answer.headers["x-trace-id"] != TRACE


async def test_probes_and_metrics_make_no_spans(client: httpx.AsyncClient, spans: InMemorySpanExporter) -> None:
    for path in ("/livez", "/readyz", "/startupz", "/metrics"):
        assert "x-trace-id" not in (await client.get(path)).headers
    assert spans.get_finished_spans() == ()


async def test_a_request_has_one_line_with_its_trace_and_without_its_address(
    client: httpx.AsyncClient, bearer: Bearer, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await client.get("/v1/notes?cursor=canary", headers=bearer("E1", "employee"))
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"request"' in line]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/notes", 422)
    assert line["trace_id"] == answer.headers["x-trace-id"]
    assert "canary" not in str(line)


async def test_a_failure_is_logged_by_its_class_and_place_and_never_by_its_text(
    client: httpx.AsyncClient, bearer: Bearer, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.post("/v1/notes", json={"words": "fail"}, headers=bearer("E1", "employee"))
    out = capsys.readouterr().out
    (line,) = [json.loads(line) for line in out.splitlines() if '"request failed"' in line]
    assert line["error"] == "RuntimeError"
    assert any("notebook.py" in place and place.endswith(" write") for place in line["at"])
    assert "secret" not in out


async def test_requests_are_counted_by_template_and_status(client: httpx.AsyncClient, bearer: Bearer) -> None:
    await client.get("/v1/notes/not-an-id", headers=bearer("E1", "employee"))
    await client.request("BREW", "/v1/pot/E1-canary")
    page = await client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    samples = {
        (labels["http_request_method"], labels["http_route"], labels["http_response_status_code"])
        for family in text_string_to_metric_families(_lines(page.text, "http_server_request_duration_seconds_count"))
        for sample in family.samples
        if sample.name == "http_server_request_duration_seconds_count" and (labels := sample.labels)
    }
    assert {("GET", "/v1/notes/{note_id}", "422"), ("_OTHER", "unmatched", "404")} <= samples
    assert "canary" not in page.text


async def test_metric_names_keep_to_the_conventions_of_prometheus(client: httpx.AsyncClient, bearer: Bearer) -> None:
    await client.get("/v1/notes", headers=bearer("E1", "employee"))
    for family in text_string_to_metric_families(_few((await client.get("/metrics")).text)):
        assert re.fullmatch("[a-z][a-z0-9_]*[a-z0-9]", family.name), family.name
        assert not family.name.endswith(("_count", "_sum", "_bucket", "_total")), family.name
        assert not re.search("_(milliseconds|ms|minutes|kilobytes|percent)$", family.name), family.name
        for sample in family.samples:
            assert all(re.fullmatch("[a-z][a-z0-9_]*", label) for label in sample.labels), sample.labels
            if family.type == "counter":
                assert sample.name.endswith(("_total", "_created")), sample.name


def _lines(page: str, name: str) -> str:
    return "\n".join(line for line in page.splitlines() if line.startswith(name)) + "\n"


def _few(page: str) -> str:
    """At most twenty samples of each name: one process has run many services, and the parser is slow."""
    seen: Counter[str] = Counter()
    kept = []
    for line in page.splitlines():
        name = "" if line.startswith("#") else line.partition("{")[0].partition(" ")[0]
        seen[name] += bool(name)
        if seen[name] <= 20:
            kept.append(line)
    return "\n".join(kept) + "\n"
