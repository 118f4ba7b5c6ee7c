"""Poison among good events neither blocks them nor vanishes: all of it is in the dead letters and can be replayed."""

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import nats.errors
import nats.js.errors
import pytest

from tests.chaos import poison, victim
from tests.chaos.victims import SEED, Ledger, Process, report, set_ack_wait
from tests.chassis import probe
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.services import Runner

LETTERS = "mentorship.dlq.probe.>"


async def test_poison_of_every_kind_is_a_dead_letter_and_every_good_event_is_handled_once(
    bus: Bus, running: Runner, victim_url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = poison.kinds()
    bad = [*kinds, poison.Poison("RuntimeError", lambda bus: bus.publish(probe.goal("mended")))]
    monkeypatch.setitem(probe.FLAKY, "mended", 1_000_000)
    order: list[poison.Poison | None] = [*bad, *[None] * (len(bad) * 19)]
    random.Random(SEED).shuffle(order)
    async with running(victim.service, victim_url, name="probe", handler_seconds=0.3):
        for one in order:
            await (one.publish(bus) if one else ledger.publish(1))
        await bus.settled(seconds=40)
        letters = await bus.data(LETTERS)
        report("poison", good=len(ledger.heard), bad=len(bad), letters=len(letters))
        assert Counter(letter["reason"] for letter in letters) == Counter(one.reason for one in bad)
        await ledger.check(letters=len(bad))

        outcomes = Counter([await _replayed(bus, letter) for letter in letters])
        assert outcomes == {"refused": len(kinds) - 3, "failed": 4}
        probe.FLAKY["mended"] = 0
        again = Counter([await _replayed(bus, letter) for letter in letters if letter["reason"] == "RuntimeError"])
        assert again == {"failed": 1, "handled": 1}
        assert await ledger.rows.fetchval("SELECT count(*) FROM echo WHERE code = 'mended'") == 1


async def test_events_that_kill_their_process_are_given_up_and_the_others_are_handled(
    bus: Bus, running: Runner, victim_url: str, ledger: Ledger, scratch: Path
) -> None:
    credentials = await bus.provision("probe", victim.SUBSCRIPTIONS)
    await set_ack_wait(bus, 0.5)
    environment = running.environment(victim_url, credentials) | {"MENTORSHIP_BATCH_SIZE": "10"}
    process = Process(scratch, environment, "--again")
    order = ["die"] * 2 + ["ok"] * 38
    random.Random(SEED).shuffle(order)
    try:
        process.start()
        for code in order:
            await (ledger.publish(1) if code == "ok" else bus.publish(probe.goal("die")))
        await eventually(lambda: _count(bus), 2, seconds=90)
        await ledger.drained()
    finally:
        process.stop()
    started = process.log.read_text().count('"event": "started"')
    report("killers", deaths=started - 1)
    letters = await bus.data(LETTERS)
    assert {(letter["reason"], letter["deliveries"] >= 12) for letter in letters} == {("no_outcome", True)}
    await ledger.check(letters=2)


async def test_an_event_too_big_is_refused_to_its_publisher(
    bus: Bus, running: Runner, victim_url: str, ledger: Ledger
) -> None:
    body = probe.goal().model_dump_json().encode()
    async with running(victim.service, victim_url, name="probe") as here:
        with pytest.raises(nats.js.errors.APIError, match="message size exceeds maximum allowed"):
            await bus.js.publish(poison.SUBJECT, body + b" " * 300_000, stream="SESSIONS")
        with pytest.raises(nats.errors.MaxPayloadError):
            await bus.js.publish(poison.SUBJECT, body + b" " * 700_000, stream="SESSIONS")
        answer = await here.client.post("/v1/echoes", json={"code": "x" * 300_000})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        await ledger.publish(1)
        await ledger.drained()
        await ledger.check()


async def _replayed(bus: Bus, letter: dict[str, Any]) -> str:
    """What the service answers to the operator who sends the original of a dead letter once more."""
    raw = await bus.js.get_msg(letter["stream"], letter["sequence"])
    headers = {
        **(raw.headers or {}),
        "Mentorship-Stream": letter["stream"],
        "Mentorship-Sequence": str(letter["sequence"]),
        "Mentorship-Subject": letter["subject"],
    }
    async with asyncio.timeout(5):
        answer = await bus.nc.request("mentorship.replay.probe.echo", raw.data or b"", headers=headers, timeout=5)
    return str(json.loads(answer.data)["outcome"])


async def _count(bus: Bus) -> int:
    return len(await bus.messages(LETTERS))
