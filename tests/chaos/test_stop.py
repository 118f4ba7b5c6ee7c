"""SIGTERM under load: the process ends in time and in order, and nothing that was accepted is dropped."""

import asyncio
import signal
from pathlib import Path

import httpx

from tests.chaos import victim
from tests.chaos.victims import Ledger, Process, asking, report
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.services import Runner


async def test_a_stop_under_load_drops_nothing_and_another_replica_goes_on(
    bus: Bus, running: Runner, victim_url: str, ledger: Ledger, scratch: Path
) -> None:
    environment = await _environment(bus, running, victim_url)
    first, second = Process(scratch, environment), Process(scratch, environment)
    try:
        first.start()
        second.start()
        await asyncio.gather(first.ready(), second.ready())
        await _stop_under_load(ledger, first, second)
    finally:
        first.kill()
        second.kill()


async def _stop_under_load(ledger: Ledger, first: Process, second: Process) -> None:
    async with (
        httpx.AsyncClient(base_url=first.url, timeout=30) as client,
        httpx.AsyncClient(base_url=second.url, timeout=30) as other,
    ):
        # 0.2 s each: both replicas have more in hand and in their buffers than they can finish at once.
        await ledger.publish(60, code="slow")
        load = asyncio.gather(
            ledger.publish(200, every=0.01),
            *(ledger.write(client, 30, every=0.05) for _ in range(8)),
            ledger.write(other, 100, every=0.02),
        )
        await asyncio.sleep(1.0)
        first.signal(signal.SIGTERM)
        took = await first.ended(20)
        assert first.exit_code == 0, first.last_words(20)
        await load
    left = len(ledger.heard) - await ledger.handled()
    drained = await ledger.drained()
    report("stop under load", took=took, left=left, drained_in=drained, refused=dict(ledger.refused))
    await ledger.check()
    # Far from the 60 s after which the broker would have given again what had been dropped.
    assert drained < 5 + left * victim.SLOW * 1.5


async def test_what_a_stopping_replica_cannot_finish_another_has_within_two_seconds(
    bus: Bus, running: Runner, victim_url: str, ledger: Ledger, scratch: Path
) -> None:
    environment = await _environment(bus, running, victim_url)
    first = Process(scratch, {**environment, "MENTORSHIP_SHUTDOWN_DELAY_SECONDS": "5"})
    second = Process(scratch, {**environment, "MENTORSHIP_NIMBLE": "yes"})
    try:
        first.start()
        await first.ready()
        await eventually(lambda: asking(bus), True)
        await ledger.publish(1, code="linger")
        second.start()
        await asyncio.sleep(1)
        await ledger.publish(10)
        await second.ready()
        async with httpx.AsyncClient(base_url=first.url, timeout=30) as client:
            lingering = asyncio.create_task(ledger.write(client, 1, code="linger"))
            await asyncio.sleep(0.5)
            first.signal(signal.SIGTERM)
            took = await first.ended(20)
            await lingering
        drained = await ledger.drained()
        report("stop of what lingers", took=took, drained_in=drained, refused=dict(ledger.refused))
        assert first.exit_code == 0, first.last_words(20)
        assert drained < 2
        await ledger.check()
    finally:
        first.kill()
        second.kill()


async def _environment(bus: Bus, running: Runner, victim_url: str) -> dict[str, str]:
    credentials = await bus.provision("probe", victim.SUBSCRIPTIONS)
    return running.environment(victim_url, credentials) | {
        "MENTORSHIP_BATCH_SIZE": "20",
        "MENTORSHIP_REQUESTS_PER_SECOND": "0",
    }


async def test_a_request_that_is_cut_off_is_told_that_the_instance_stops(
    bus: Bus, running: Runner, victim_url: str, scratch: Path
) -> None:
    first = Process(scratch, await _environment(bus, running, victim_url))
    try:
        first.start()
        await first.ready()
        async with httpx.AsyncClient(base_url=first.url, timeout=30) as client:
            lingering = asyncio.create_task(client.post("/v1/echoes", json={"code": "linger"}))
            await asyncio.sleep(0.5)
            first.signal(signal.SIGTERM)
            answer = await lingering
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert (answer.json()["code"], answer.headers["retry-after"]) == ("stopping", "1")
        assert await first.ended(10) < 10
        assert first.exit_code == 0
        assert "Traceback" not in first.last_words(200)
    finally:
        first.kill()
