"""Erasing somebody from the stream too: what was handled, what never was, and what is still to be done."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import matching.main
from chassis.subscription import Received
from chassis.transaction import Tx
from matching.adapters.stream import delete_messages
from matching.handlers.directory import keep_directory as really_keep_directory
from matching.subscribers import SUBSCRIPTIONS
from tests.builders import erased, hired
from tests.conftest import Bearer
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner
from tests.matching.conftest import House, opened

CANARY = "Zanzibar Quux"


async def keep_directory(tx: Tx, batch: Sequence[Received[Any]]) -> None:
    """The directory's handler with a fault: it cannot stand one name."""
    if any(getattr(received.event, "display_name", "") == CANARY for received in batch):
        raise RuntimeError(CANARY)
    await really_keep_directory(tx, batch)


async def stored(bus: Bus) -> str:
    """Bodies and headers of everything that the streams hold."""
    found = [await bus.messages(subject) for subject in ("hr.employee.>", "mentorship.dlq.>", "mentorship.matching.>")]
    return str([(message.headers, message.data) for messages in found for message in messages])


async def test_what_died_of_its_handler_goes_with_the_person(
    postgres: Databases, running: Runner, bus: Bus, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = tuple(dataclasses.replace(row, handler=keep_directory) for row in SUBSCRIPTIONS)
    monkeypatch.setattr(matching.main, "SUBSCRIPTIONS", faulty)
    async with opened(postgres, running, bus, bearer) as house:
        await house.hear(hired("E1", display_name=CANARY), hired("E2"))
        assert [letter["reason"] for letter in await bus.data("mentorship.dlq.>")] == ["RuntimeError"]
        assert CANARY in await stored(bus)
        await house.hear(erased("E1"))
        await house.erased()
        # What comes when nobody expects it any more, and cannot be handled either.
        await house.hear(hired("E1", display_name=CANARY))
        await house.erased()
        assert CANARY not in await stored(bus)
        assert len(await bus.messages("mentorship.dlq.>")) == 2


async def test_what_the_erased_were_answered_goes_with_them_and_nobody_elses(house: House) -> None:
    await house.hear(hired("E1"), hired("E2"), hired("E3"))
    programme = await house.programme()
    await house.enrol(programme, ["E1", "E2"], "mentee")
    await house.enrol(programme, ["E3"], "mentor", capacity=2)
    await house.ok("PUT", f"/programmes/{programme}/offer-policy", json={"self_match": True})
    for name in ("E1", "E2"):
        asked: dict[str, Any] = {"json": {"mentor_id": "E3"}, "headers": {"Idempotency-Key": "kept"}}
        await house.ok("POST", f"/programmes/{programme}/requests", name, **asked)
    await house.hear(erased("E1"))
    await house.erased()
    assert [row.caller for row in await house.rows("SELECT caller FROM idempotency_key")] == ["E2"]


async def test_what_left_no_outcome_goes_with_the_person(
    postgres: Databases, running: Runner, bus: Bus, bearer: Bearer
) -> None:
    await bus.provision("matching", SUBSCRIPTIONS)
    envelope = await bus.publish(hired("E1", display_name=CANARY))
    # As if twelve processes had died of it.
    pull = await bus.js.pull_subscribe_bind(durable="matching-keep-directory", stream="HR")
    for _ in range(12):
        (message,) = await pull.fetch(1)
        await message.nak()
    async with opened(postgres, running, bus, bearer, before=_three_times_alone(envelope.identity)) as house:
        await house.bus.settled()
        assert [letter["reason"] for letter in await bus.data("mentorship.dlq.>")] == ["no_outcome"]
        await house.hear(erased("E1"))
        await house.erased()
        assert CANARY not in await stored(bus)


def _three_times_alone(identity: Any) -> str:
    return f"INSERT INTO inbox_failure (consumer, event_id, alone) VALUES ('matching-keep-directory', '{identity}', 3)"


async def test_it_is_told_for_how_many_people_the_stream_still_has_messages(
    postgres: Databases, running: Runner, bus: Bus, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: Any) -> bool:
        return False

    async def look(house: House) -> dict[str, Any]:
        found: dict[str, Any] = await house.ok("GET", "/employees/erasures", "ops", "operator")
        return found

    with monkeypatch.context() as held:
        held.setattr("matching.handlers.erasure.erase_some", refused)
        async with opened(postgres, running, bus, bearer) as house:
            await house.hear(hired("E1"), hired("E1"), hired("E2"), hired("E3"), erased("E1"), erased("E2"))
            found = await look(house)
            assert (found["people"], found["messages"]) == (2, 3)
            assert 0 <= found["oldest_seconds"] < 60
            held.undo()
            await eventually(lambda: look(house), {"people": 0, "messages": 0, "oldest_seconds": 0.0})
            assert [row.employee_id for row in await house.rows("SELECT employee_id FROM hr_message")] == ["E3"]


async def test_what_an_older_stream_held_is_told_by_the_brokers_clock_alone(bus: Bus) -> None:
    for number in range(2):
        await bus.publish(hired(f"E{number}"))
    created, new = (await bus.js.stream_info("HR")).created, (await bus.js.get_msg("HR", 2)).time
    assert created is not None
    assert new is not None
    old = created - timedelta(seconds=1)
    assert await delete_messages(bus.js, [(1, old), (2, new)]) == [1, 2]
    assert [message.seq for message in await bus.messages("hr.employee.>")] == [1]


async def test_a_clock_of_ours_that_is_behind_keeps_nothing_in_the_stream(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Behind(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Behind":
            return super().now(tz) - timedelta(hours=1)

    monkeypatch.setattr("chassis.transaction.datetime", Behind)
    await house.hear(hired("E1", display_name=CANARY), erased("E1"))
    await house.erased()
    assert CANARY not in await stored(house.bus)
    assert datetime.now(UTC) > Behind.now(UTC)
