"""Latency, resets, partitions and lost connections between a service and its servers, by a proxy of ours."""

import asyncio
import random
from time import monotonic

import httpx
import pytest

from chassis import relay
from tests.chaos import victim
from tests.chaos.proxy import Proxy, proxied
from tests.chaos.victims import SEED, Ledger, asking, report, set_ack_wait
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.services import Runner

ACK_WAIT = 8.0
PARTED = 3.0


async def test_a_bad_network_to_nats_loses_nothing_and_writes_go_on(
    bus: Bus, running: Runner, victim_url: str, ledger: Ledger
) -> None:
    async with (
        proxied(bus.url) as proxy,
        running(victim.service, victim_url, name="probe", nats_url=proxy.url) as here,
    ):
        await set_ack_wait(bus, ACK_WAIT)
        await eventually(lambda: asking(bus), True)
        await _under_load(ledger, here.client, proxy)
        await ledger.drained()
        assert not +ledger.refused, "a write was refused because NATS was away"

        proxy.part()
        started = monotonic()
        await asyncio.gather(ledger.publish(50), ledger.write(here.client, 50, every=0.05))
        slowest = monotonic() - started
        await asyncio.sleep(max(0.0, PARTED - slowest))
        proxy.heal()
        healed = await ledger.fresh(ACK_WAIT + 5)
        await ledger.drained()
        assert not +ledger.refused

        forgotten = await _after_being_forgotten(ledger, here.client, proxy)
        assert forgotten < ACK_WAIT + 15  # it takes the client nine seconds to see it
        report("NATS", parted_writes=slowest, back_after_partition=healed, back_after_lost_connections=forgotten)
        await ledger.check()


async def test_a_bad_network_to_postgresql_loses_nothing_and_kills_no_message(
    bus: Bus, running: Runner, victim_url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "COMMAND_SECONDS", 2.0)
    monkeypatch.setattr(relay, "IDLE_SECONDS", 4.0)
    async with (
        proxied(victim_url) as proxy,
        running(
            victim.service,
            proxy.url,
            name="probe",
            request_seconds=2,
            handler_seconds=3,
        ) as here,
    ):
        await set_ack_wait(bus, ACK_WAIT)
        await eventually(lambda: asking(bus), True)
        await _under_load(ledger, here.client, proxy)
        await ledger.drained()

        proxy.part()
        await asyncio.gather(ledger.publish(50), ledger.write(here.client, 3))
        await asyncio.sleep(PARTED)
        proxy.heal()
        healed = await ledger.fresh(ACK_WAIT + 5)
        await ledger.drained()

        forgotten = await _after_being_forgotten(ledger, here.client, proxy)
        report(
            "PostgreSQL",
            back_after_partition=healed,
            back_after_lost_connections=forgotten,
            refused=dict(+ledger.refused),
        )
        await ledger.check()


async def _under_load(ledger: Ledger, client: httpx.AsyncClient, proxy: Proxy) -> None:
    """Latency first, then resets at random, while events come in and requests are written."""
    chance = random.Random(SEED)

    async def mistreat() -> None:
        proxy.latency = 0.02
        await asyncio.sleep(1.5)
        proxy.latency = 0.0
        for _ in range(6):
            await asyncio.sleep(chance.uniform(0.1, 0.8))
            proxy.reset()

    await asyncio.gather(mistreat(), ledger.publish(300, every=0.01), ledger.write(client, 150, every=0.02))


async def _after_being_forgotten(ledger: Ledger, client: httpx.AsyncClient, proxy: Proxy) -> float:
    """The present connections are never heard of again while work is in hand; new ones are fine."""
    load = asyncio.gather(ledger.publish(100, every=0.01), ledger.write(client, 20, every=0.01))
    await asyncio.sleep(0.2)
    proxy.forget()
    started = monotonic()
    await load
    await ledger.drained(30)
    return monotonic() - started
