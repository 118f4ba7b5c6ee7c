"""Message spans: cheap, children of their senders, and in the hands of the exporter like any other."""

from datetime import UTC, datetime

import asyncpg
import pytest
from nats.aio.msg import Msg
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags

from chassis.cloudevents import CloudEvent, headers_of
from chassis.delivery import Delivery, read_at
from chassis.replays import Replays
from chassis.tracing import (
    LeanSpan,
    child_span,
    format_traceparent,
    parse_traceparent,
    span_of,
    start_span,
    start_spans,
)
from tests.chassis import probe
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.services import Runner


def _sender(*, sampled: bool) -> SpanContext:
    return SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(int(sampled)))


def test_a_lean_span_reaches_the_exporter_as_any_other(spans: InMemorySpanExporter) -> None:
    span = child_span("process a.b", _sender(sampled=True), SpanKind.CONSUMER, {"messaging.system": "nats"})
    assert isinstance(span, LeanSpan)
    span.set_status(StatusCode.ERROR, "dead_letter")
    span.end()
    (found,) = spans.get_finished_spans()
    assert (found.name, found.kind, found.status.status_code) == ("process a.b", SpanKind.CONSUMER, StatusCode.ERROR)
    assert found.context is not None
    assert found.parent is not None
    assert (found.context.trace_id, found.parent.span_id) == (0xABC, 0xDEF)
    assert dict(found.attributes or {}) == {"messaging.system": "nats"}
    assert (found.end_time or 0) >= (found.start_time or 1)
    assert found.resource.attributes["service.name"]
    assert found.to_json()


def test_what_the_sender_did_not_sample_is_not_recorded(spans: InMemorySpanExporter) -> None:
    child_span("process a.b", _sender(sampled=False), SpanKind.CONSUMER, {}).end()
    assert spans.get_finished_spans() == ()


def test_without_an_exporter_the_senders_trace_goes_on_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    sender = _sender(sampled=True)
    assert child_span("process a.b", sender, SpanKind.CONSUMER, {}).get_span_context() == sender
    for written in (format_traceparent(sender), f"CC-{0xABC:032X}-{0xDEF:016X}-01-later"):
        assert _trace_of(_delivery(written)) == (sender, format_traceparent(sender))
    anew, passed_on = _trace_of(_delivery(format_traceparent(sender)), anew=True)
    assert anew.trace_id != sender.trace_id
    assert passed_on == format_traceparent(anew)


def _trace_of(delivery: Delivery, *, anew: bool = False) -> tuple[SpanContext, str | None]:
    """What a message's own work belongs to, and what is passed on."""
    if anew:
        start_span(delivery, "probe-echo", anew=True)
    else:
        start_spans([delivery], "probe-echo")
    assert delivery.received is not None
    return span_of(delivery).get_span_context(), delivery.received.traceparent


def _delivery(traceparent: str) -> Delivery:
    goal = probe.goal()
    envelope = CloudEvent(
        "1", "/a", goal.subject, goal.thing_id, datetime.now(UTC), 1, goal.model_dump_json().encode(), traceparent
    )
    message = Msg(
        _client=None,  # type: ignore[arg-type]
        subject=goal.subject,
        data=envelope.data,
        headers=headers_of(envelope),
    )
    return read_at(message, {goal.subject: type(goal)}, "SESSIONS", 1, 1, 0.0)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "00-0-0-01",
        "00-" + "0" * 32 + "-" + "1" * 16 + "-01",
        "zz" * 30,
        "00-" + "g" * 32 + "-" + "1" * 16 + "-01",
    ],
)
def test_a_malformed_traceparent_is_no_trace(value: str | None) -> None:
    assert parse_traceparent(value) is None


def test_a_traceparent_survives_reading_and_writing() -> None:
    written = f"00-{0xABC:032x}-{0xDEF:016x}-01"
    read = parse_traceparent(written)
    assert read is not None
    assert format_traceparent(read) == written


async def test_messages_of_one_batch_each_continue_their_own_senders_trace(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection, spans: InMemorySpanExporter
) -> None:
    tracer = trace.get_tracer("test")
    await bus.provision("probe", probe.SUBSCRIPTIONS)
    senders = {}
    for number in range(3):
        with tracer.start_as_current_span(f"sender {number}") as span:
            envelope = await bus.publish(
                probe.goal(f"c{number}"), traceparent=format_traceparent(span.get_span_context())
            )
            senders[envelope.id] = span.get_span_context()
    async with running(probe.service, probe_url, name="probe"):
        await bus.settled()
        await eventually(lambda: rows.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL"), 0)
    finished = spans.get_finished_spans()
    processed = [span for span in finished if span.name.startswith("process ")]
    assert len(processed) == 3
    for one in processed:
        sender = senders[str((one.attributes or {})["messaging.message.id"])]
        assert _ids(one) == (sender.trace_id, sender.span_id)
    published = [span for span in finished if span.name.startswith("publish ")]
    parents = {span.context.span_id for span in processed if span.context}
    assert {span.parent.span_id for span in published if span.parent} == parents


async def test_a_dead_letter_that_is_replayed_starts_a_trace_linked_to_its_senders(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection, spans: InMemorySpanExporter
) -> None:
    sender = _sender(sampled=True)
    goal = probe.goal()
    headers = headers_of(
        CloudEvent(
            "1", "/a", goal.subject, goal.thing_id, datetime.now(UTC), 1, b"", traceparent=format_traceparent(sender)
        )
    )
    headers |= {"Mentorship-Stream": "SESSIONS", "Mentorship-Subject": goal.subject}
    async with running(probe.service, probe_url, name="probe") as here:
        replays = Replays("probe", here.service.consumers)
        body = goal.model_dump_json().encode()
        assert (await replays.replay("mentorship.replay.probe.echo", headers, body))["outcome"] == "handled"
        await eventually(lambda: rows.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL"), 0)
    (processed,) = [span for span in spans.get_finished_spans() if span.name.startswith("process ")]
    (published,) = [span for span in spans.get_finished_spans() if span.name.startswith("publish ")]
    assert processed.parent is None
    assert [link.context.trace_id for link in processed.links] == [sender.trace_id]
    assert processed.context is not None
    assert _ids(published) == (processed.context.trace_id, processed.context.span_id)


def _ids(span: ReadableSpan) -> tuple[int, int]:
    assert span.context is not None
    assert span.parent is not None
    return span.context.trace_id, span.parent.span_id
