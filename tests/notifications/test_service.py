"""The whole service on a real bus: from an event to the mail, in one trace."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext

from chassis import telemetry
from contracts.matching import EmployeeDeparted
from notifications.main import service
from tests.builders import hired, match_proposed, pair
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.services import Runner, Running
from tests.notifications.here import FROM, relationship_opened, session_scheduled
from tests.notifications.sink import Sink


@pytest.fixture
async def live(database_url: str, sink: Sink, running: Runner) -> AsyncIterator[Running]:
    """The service as its process runs it."""
    async with running(service, database_url, smtp_url=sink.url, mail_from=FROM) as live:
        yield live


class _Spans(SpanExporter):
    """Keeps what ends while a test looks."""

    def __init__(self) -> None:
        self.ended: list[ReadableSpan] | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self.ended is not None:
            self.ended.extend(spans)
        return SpanExportResult.SUCCESS

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.ended or () if span.name == name]


@cache
def _exporter() -> _Spans:
    configured = telemetry.configure("notifications")
    assert configured is not None
    exporter = _Spans()
    configured.traces.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture
def spans(live: Running) -> Iterator[_Spans]:
    """The spans that end from now on; processors cannot be taken away again, so there is one."""
    exporter = _exporter()
    exporter.ended = []
    yield exporter
    exporter.ended = None


def _context(span: ReadableSpan) -> SpanContext:
    context: SpanContext | None = span.context
    assert context is not None
    return context


async def _meet(bus: Bus) -> None:
    await bus.publish(hired("E-mentor", display_name="Mona Mentor", email="mona@example.com"))
    await bus.publish(hired("E-mentee", display_name="Ken Mentee", email="ken@example.com"))


async def test_an_event_becomes_a_mail_and_says_so_on_the_bus(live: Running, bus: Bus, sink: Sink) -> None:
    await _meet(bus)
    await bus.publish(match_proposed(pair()))

    async def said() -> list[tuple[str, str]]:
        sent = await bus.data("mentorship.notifications.message.sent.v1")
        return sorted((one["employee_id"], one["channel"]) for one in sent)

    everybody = [(person, channel) for person in ("E-mentee", "E-mentor") for channel in ("email", "in_app")]
    await eventually(said, everybody)
    assert sorted(one.rcpt_tos[0] for one in sink.envelopes) == ["ken@example.com", "mona@example.com"]


async def test_the_smtp_send_stands_in_the_trace_of_its_event(
    live: Running, bus: Bus, sink: Sink, spans: _Spans
) -> None:
    await _meet(bus)
    await bus.publish(relationship_opened())

    async def delivered() -> int:
        return len(spans.named("deliver relationship_opened"))

    await eventually(delivered, 2)
    (handled,) = spans.named("process mentorship.sessions.relationship.opened.v1")
    delivers = {_context(span).span_id: span for span in spans.named("deliver relationship_opened")}
    for send in spans.named("smtp send"):
        assert send.parent is not None
        deliver = delivers.pop(send.parent.span_id)
        assert deliver.parent is not None
        assert deliver.parent.span_id == _context(handled).span_id
    assert delivers == {}
    assert "example.com" not in str([span.to_json() for span in spans.ended or ()])


async def test_a_reminder_is_a_trace_of_its_own_that_links_to_where_it_was_set(
    live: Running, bus: Bus, sink: Sink, spans: _Spans
) -> None:
    await _meet(bus)
    starts_at = datetime.now(UTC) + timedelta(minutes=1, seconds=1)
    await bus.publish(session_scheduled(starts_at=starts_at, reminder_minutes=(1,)))

    async def reminded() -> int:
        return len([mail for mail in sink.mails if mail["Subject"].startswith("Reminder")])

    async def sends() -> int:
        return len(spans.named("deliver session_reminder"))

    await eventually(reminded, 2)
    await eventually(sends, 2)
    (due,) = spans.named("due session-reminder")
    (handled,) = spans.named("process mentorship.sessions.session.scheduled.v1")
    assert due.parent is None
    assert [link.context.trace_id for link in due.links] == [_context(handled).trace_id]
    traces = {_context(span).trace_id for span in spans.named("deliver session_reminder")}
    assert traces == {_context(due).trace_id}
    page = (await live.client.get("/metrics")).text
    assert 'mentorship_notifications_reminder_lateness_seconds_count{channel="email"}' in page
    assert 'kind="session_reminder",outcome="sent"' in page
    assert 'mentorship_notifications_mail_attempts_total{outcome="sent"}' in page


async def test_a_departure_and_the_mail_it_forbids_come_from_different_handlers(
    live: Running, bus: Bus, sink: Sink
) -> None:
    await _meet(bus)
    await bus.publish(EmployeeDeparted(employee_id="E-mentor"), version=2)
    await bus.settled()
    await bus.publish(match_proposed(pair()))

    async def suppressed() -> set[tuple[str, str]]:
        found = await bus.data("mentorship.notifications.message.suppressed.v1")
        return {(one["employee_id"], one["reason"]) for one in found}

    await eventually(suppressed, {("E-mentor", "departed")})

    async def recipients() -> list[str]:
        return [one.rcpt_tos[0] for one in sink.envelopes]

    await eventually(recipients, ["ken@example.com"])
