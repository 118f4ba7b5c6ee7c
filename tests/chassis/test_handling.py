"""Deliveries handled in one transaction: each event once, copies told of, spans without a word of what failed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from nats.aio.msg import Msg
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis import inbox
from chassis.cloudevents import CloudEvent, headers_of
from chassis.delivery import Delivery, read_at
from chassis.handling import Handling
from chassis.subscription import Received, Subscription, on, on_batch
from chassis.tracing import finish_spans, start_span
from chassis.transaction import Database, Tx
from contracts.sessions import GoalSet
from tests.chassis import probe

NIL = UUID(int=0)
SENDER = f"00-{0xABC:032x}-{0xDEF:016x}-01"

told: list[list[str]] = []
heard: list[tuple[str, int]] = []


async def listen(tx: Tx, received: Received[GoalSet]) -> None:
    """Note in which trace this is heard; a code may say no."""
    heard.append((received.event.code, trace.get_current_span().get_span_context().span_id))
    if received.event.code == "say":
        tx.publish(probe.EchoMade(echo_id=uuid4(), code="said"), version=1)
    if received.event.code == "raise":
        raise RuntimeError("secret words")


async def listen_to_all(tx: Tx, batch: Sequence[Received[GoalSet]]) -> None:
    """The same with a whole batch."""
    for received in batch:
        await listen(tx, received)


async def note_copies(tx: Tx, batch: Sequence[Received[GoalSet]]) -> None:
    """Keep what came again, and say something that came of no event."""
    told.append([received.event.code for received in batch])
    tx.publish(probe.EchoMade(echo_id=uuid4(), code="copies"), version=1)


EACH = on(GoalSet, do=listen)
BATCH = on_batch(GoalSet, do=listen_to_all, copies=note_copies)


def delivered(event_id: str, code: str = "ok", *, deliveries: int = 1, traceparent: str | None = None) -> Delivery:
    """A goal as the stream would deliver it, with its span begun."""
    goal = probe.goal(code, goal_id=NIL, relationship_id=NIL, programme_id=NIL)
    data = goal.model_dump_json().encode()
    event = CloudEvent(event_id, "/elsewhere", goal.subject, goal.thing_id, datetime.now(UTC), 1, data, traceparent)
    message = Msg(
        _client=None,  # type: ignore[arg-type]
        subject=goal.subject,
        data=data,
        headers=headers_of(event),
    )
    delivery = read_at(message, {goal.subject: GoalSet}, "SESSIONS", 1, deliveries, 0.0)
    start_span(delivery, "probe-listen")
    return delivery


def handling(database: Database, subscription: Subscription) -> Handling:
    told.clear()
    heard.clear()
    return Handling("probe-listen", subscription, database, 20.0)


async def test_copies_are_told_of_and_the_first_of_them_is_handled(
    database: Database, rows: asyncpg.Connection
) -> None:
    work = handling(database, BATCH)
    await work.attempt([delivered("1", "a"), delivered("2", "b")])
    assert told == []
    await work.attempt([delivered("3", "c"), delivered("3", "d"), delivered("1", "a")])
    assert [code for code, _ in heard] == ["a", "b", "c"]
    await work.attempt([delivered("4", "e"), delivered("4", "f")])
    assert told == [["d", "a"], ["f"]]
    assert await rows.fetchval("SELECT count(*) FROM outbox WHERE cause IS NULL") == 2


async def test_a_batch_of_nothing_new_is_not_handed_over(database: Database) -> None:
    work = handling(database, BATCH)
    await work.attempt([delivered("1")])
    heard.clear()
    claims = await work.attempt([delivered("1", "other")])
    assert (heard, told, claims.new) == ([], [["other"]], frozenset())
    assert claims.is_reused(delivered("1").identity, delivered("1", "other").digest)


async def test_what_says_something_else_under_a_known_identity_is_named_whether_it_is_known_from_before_or_from_here(
    database: Database,
) -> None:
    work = handling(database, BATCH)
    await work.attempt([delivered("1", "a")])
    claims = await work.attempt([delivered("1", "b"), delivered("2", "c"), delivered("2", "d"), delivered("3")])
    assert claims.digests == {
        one.identity: one.digest for one in (delivered("1", "a"), delivered("2", "c"), delivered("3"))
    }
    assert claims.new == {delivered("2").identity, delivered("3").identity}


async def test_beside_what_says_something_else_the_innocent_stay_innocent(database: Database) -> None:
    work = handling(database, BATCH)
    await work.attempt([delivered("1", "a"), delivered("2", "b")])
    batch = [
        *(delivered("1", "a"), delivered("1", "other"), delivered("1", "a")),  # known from before
        *(delivered("2", "b"), delivered("3", "c")),
        *(delivered("4", "d"), delivered("4", "d"), delivered("4", "other")),  # known from here
    ]
    claims = await work.attempt(batch)
    told_apart = [claims.is_reused(one.identity, one.digest) for one in batch]
    assert told_apart == [False, True, False, False, False, False, False, True]


async def test_what_a_handler_says_names_the_message_that_it_came_of(
    database: Database, rows: asyncpg.Connection
) -> None:
    await handling(database, EACH).attempt([delivered("1", "say"), delivered("2", "say")])
    causes = [row["cause"] for row in await rows.fetch("SELECT cause FROM outbox ORDER BY id")]
    assert causes == ["/elsewhere/1", "/elsewhere/2"]


async def test_failures_are_forgotten_of_all_that_came_again_when_it_is_handled(
    database: Database, rows: asyncpg.Connection
) -> None:
    work = handling(database, BATCH)
    again = [delivered("1"), delivered("2", deliveries=2)]
    await work.attempt([again[0]])
    async with database.transaction() as tx:
        for one in again:
            await inbox.count_failure(tx.connection, "probe-listen", one.identity, "why")
    await work.attempt(again)
    assert await rows.fetchval("SELECT count(*) FROM inbox_failure") == 0


async def test_an_audit_is_part_of_the_transaction(database: Database, rows: asyncpg.Connection) -> None:
    async def refuse(_: Tx, claims: inbox.Claims) -> None:
        raise LookupError(len(claims.new))

    with pytest.raises(LookupError, match="1"):
        await handling(database, EACH).attempt([delivered("1")], refuse)
    assert await rows.fetchval("SELECT count(*) FROM inbox") == 0


@pytest.mark.parametrize("traceparent", [None, SENDER])
@pytest.mark.parametrize("subscription", [EACH, BATCH])
async def test_a_handler_runs_in_the_span_of_its_message_and_leaves_no_word_of_what_it_raises(
    database: Database, spans: InMemorySpanExporter, subscription: Subscription, traceparent: str | None
) -> None:
    work = handling(database, subscription)
    deliveries = [delivered("1", "raise", traceparent=traceparent), delivered("2", traceparent=traceparent)]
    with pytest.raises(RuntimeError):
        await work.attempt(deliveries)
    assert heard == [("raise", _span_of(deliveries[0]))]
    heard.clear()
    await work.attempt([deliveries[1]])
    assert heard == [("ok", _span_of(deliveries[1]))]
    finish_spans(deliveries)
    assert [_told_by(span) for span in spans.get_finished_spans()] == [(None, [])] * 2


def _span_of(delivery: Delivery) -> int:
    assert delivery.span is not None
    return delivery.span.get_span_context().span_id


def _told_by(span: ReadableSpan) -> tuple[str | None, list[Any]]:
    return span.status.description, list(span.events)
