"""Consuming: effects once, failures retried, counted and dead-lettered, poison costs only itself."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg

from chassis.cloudevents import CloudEvent, headers_of
from contracts.sessions import GoalSet
from tests.chassis import probe
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.services import Runner


async def test_an_event_has_its_effect_and_its_own_event_once(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection
) -> None:
    async with running(probe.service, probe_url, name="probe"):
        await bus.publish(probe.goal(), event_id="one")
        await eventually(lambda: rows.fetchval("SELECT count(*) FROM echo"), 1)
        await eventually(lambda: _count(bus, "mentorship.probe.echo.made.v1"), 1)
        await bus.settled()


async def test_a_redelivered_event_has_no_second_effect(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection
) -> None:
    goal = probe.goal()
    await bus.js.purge_stream("SESSIONS")
    async with running(probe.service, probe_url, name="probe"):
        envelope = await bus.publish(goal, event_id="same")
        await eventually(lambda: rows.fetchval("SELECT count(*) FROM echo"), 1)
        await _publish_again(bus, goal, envelope.id)
        await bus.settled()
        assert await rows.fetchval("SELECT count(*) FROM echo") == 1
        assert await _count(bus, "mentorship.dlq.probe.>") == 0


async def test_the_same_identity_with_another_body_is_a_dead_letter(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection
) -> None:
    async with running(probe.service, probe_url, name="probe"):
        envelope = await bus.publish(probe.goal(), event_id="same")
        await eventually(lambda: rows.fetchval("SELECT count(*) FROM echo"), 1)
        await _publish_again(bus, probe.goal(), envelope.id)
        await bus.settled()
        assert [letter["reason"] for letter in await _letters(bus)] == ["identity_reused"]
        assert await rows.fetchval("SELECT count(*) FROM echo") == 1


async def test_the_same_event_in_either_mode_is_a_duplicate_and_no_dead_letter(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection
) -> None:
    data = probe.goal().model_dump(mode="json")
    event = {"specversion": "1.0", "id": "same", "source": "/elsewhere", "type": GoalSet.subject}
    binary = {f"ce-{name}": value for name, value in event.items()}
    shuffled = json.dumps(dict(reversed(data.items())), indent=2).encode()
    async with running(probe.service, probe_url, name="probe"):
        for body, headers in (
            (GoalSet.model_validate(data).model_dump_json().encode(), binary),
            (json.dumps(event | {"data": data}).encode(), None),
            (shuffled, binary),
        ):
            await bus.js.publish(GoalSet.subject, body, headers=headers, stream="SESSIONS")
        await bus.settled()
        assert await _letters(bus) == []
        assert await rows.fetchval("SELECT count(*) FROM echo") == 1
        other = json.dumps(event | {"data": {**data, "code": "another"}}).encode()
        await bus.js.publish(GoalSet.subject, other, stream="SESSIONS")
        await bus.settled()
        assert [letter["reason"] for letter in await _letters(bus)] == ["identity_reused"]


async def test_poison_in_a_batch_costs_only_itself(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection
) -> None:
    async with running(probe.service, probe_url, name="probe"):
        for number in range(30):
            await bus.publish(probe.goal("raise" if number == 7 else "refuse" if number == 11 else "ok"))
        await bus.js.publish("mentorship.sessions.goal.set.v1", b"{not json", stream="SESSIONS")
        await bus.js.publish("mentorship.sessions.goal.set.v1", b"[" * 100_000, stream="SESSIONS")
        await bus.settled()
        assert await rows.fetchval("SELECT count(*) FROM echo") == 28
        letters = await _letters(bus)
        assert sorted(letter["reason"] for letter in letters) == [
            "RuntimeError",
            "no_cloudevent",
            "no_cloudevent",
            "not_wanted",
        ]
        assert "secret words" not in json.dumps(letters)
        await eventually(lambda: _count(bus, "mentorship.probe.echo.made.v1"), 28)


async def test_a_failure_that_passes_is_retried_until_it_does(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection
) -> None:
    probe.FLAKY["flaky"] = 5
    async with running(probe.service, probe_url, name="probe"):
        await bus.publish(probe.goal("flaky"))
        await bus.settled()
        assert await rows.fetchval("SELECT count(*) FROM echo") == 1
        assert await rows.fetchval("SELECT count(*) FROM inbox_failure") == 0
        assert await _letters(bus) == []


async def test_a_hanging_handler_ends_in_a_dead_letter(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection
) -> None:
    async with running(probe.service, probe_url, name="probe", handler_seconds="0.4"):
        await bus.publish(probe.goal("hang"))
        await bus.publish(probe.goal("ok"))
        await bus.settled()
        assert [letter["reason"] for letter in await _letters(bus)] == ["time_limit"]
        assert await rows.fetchval("SELECT count(*) FROM echo") == 1


async def test_a_newer_state_is_never_replaced_by_an_older_one(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection
) -> None:
    goal_id = uuid4()
    async with running(probe.service, probe_url, name="probe"):
        for version in (3, 1, 5, 2, 4):
            await bus.publish(probe.progress(goal_id, version * 10), version=version)
        await bus.settled()
        assert await rows.fetchval("SELECT value FROM progress") == 50


async def test_a_message_that_leaves_no_outcome_is_given_up(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection
) -> None:
    await bus.provision("probe", probe.SUBSCRIPTIONS)
    envelope = await bus.publish(probe.goal())
    # As if twelve processes had died of it: delivered, never settled, three times even alone.
    pull = await bus.js.pull_subscribe_bind(durable="probe-echo", stream="SESSIONS")
    for _ in range(12):
        (message,) = await pull.fetch(1)
        await message.nak()
    await rows.execute(
        "INSERT INTO inbox_failure (consumer, event_id, alone) VALUES ('probe-echo', $1, 3)", envelope.identity
    )
    async with running(probe.service, probe_url, name="probe"):
        await bus.settled()
    assert [letter["reason"] for letter in await _letters(bus)] == ["no_outcome"]
    assert await rows.fetchval("SELECT count(*) FROM echo") == 0


async def test_a_suspect_that_is_innocent_is_handled(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection
) -> None:
    await bus.provision("probe", probe.SUBSCRIPTIONS)
    await bus.publish(probe.goal())
    pull = await bus.js.pull_subscribe_bind(durable="probe-echo", stream="SESSIONS")
    for _ in range(12):
        (message,) = await pull.fetch(1)
        await message.nak()
    async with running(probe.service, probe_url, name="probe"):
        await bus.settled()
    assert await rows.fetchval("SELECT count(*) FROM echo") == 1
    assert await _letters(bus) == []


async def test_the_first_dead_letter_raises_a_count_that_was_there_before(
    bus: Bus, running: Runner, probe_url: str
) -> None:
    async with running(probe.service, probe_url, name="probe") as here:
        page = (await here.client.get("/metrics")).text
    counts = [line for line in page.splitlines() if line.startswith("mentorship_consumer_messages_total{")]
    for outcome in ("dead_lettered", "given_up_by_broker"):
        # Prometheus sees no increase in a series that begins at 1.
        assert any('consumer="probe-echo"' in line and f'outcome="{outcome}"' in line for line in counts), outcome


async def test_what_jetstream_gives_up_is_counted(bus: Bus, running: Runner, probe_url: str) -> None:
    async with running(probe.service, probe_url, name="probe") as here:
        await bus.publish(probe.goal("refuse"))

        async def counted() -> bool:
            page = (await here.client.get("/metrics")).text
            return any('outcome="terminated"' in line and "probe-echo" in line for line in page.splitlines())

        await eventually(counted, True)


async def _publish_again(bus: Bus, goal: GoalSet, event_id: str) -> None:
    """The same CloudEvents id once more, past the broker's own detection of duplicates."""
    envelope = CloudEvent(
        event_id,
        "/mentorship/sessions",
        goal.subject,
        goal.thing_id,
        datetime.now(UTC),
        1,
        goal.model_dump_json().encode(),
    )
    headers = headers_of(envelope)
    headers["Nats-Msg-Id"] = str(uuid4())
    await bus.js.publish(goal.subject, envelope.data, headers=headers, stream="SESSIONS")


async def _count(bus: Bus, subject: str) -> int:
    return len(await bus.messages(subject))


async def _letters(bus: Bus) -> list[dict[str, Any]]:
    return await bus.data("mentorship.dlq.probe.>")
