"""A hop that stands still can be seen: what waits before it is in the metrics within 15 seconds."""

from time import monotonic

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from chassis import backlog
from tests.chaos import victim
from tests.chaos.proxy import proxied
from tests.chaos.victims import DURABLE, Ledger, asking, report
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.services import Runner

WITHIN = 15.0


async def test_a_consumer_that_stands_still_shows_what_it_has_not_handled_and_how_old_that_is(
    bus: Bus, running: Runner, victim_url: str, ledger: Ledger
) -> None:
    blocker = await asyncpg.connect(victim_url)
    async with running(victim.service, victim_url, name="probe", batch_size=2) as here:
        await eventually(lambda: asking(bus), True)
        transaction = blocker.transaction()
        await transaction.start()
        await blocker.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        started = monotonic()
        await ledger.publish(30)

        async def seen() -> bool:
            found = await _gauges(here.client, consumer=DURABLE, stream="SESSIONS")
            waits = found.get("mentorship_consumer_pending", 0) + found.get("mentorship_consumer_unsettled", 0)
            return waits == 30 and found.get("mentorship_consumer_oldest_age_seconds", 0) > 0

        await eventually(seen, True, seconds=WITHIN)
        report("consumer stopped", seen_after=monotonic() - started)
        await transaction.rollback()
        await ledger.drained()
        await eventually(lambda: _age(here.client), 0.0)
    await blocker.close()


async def test_what_cannot_be_looked_at_is_not_shown_and_how_long_already_is(
    bus: Bus, running: Runner, victim_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "EVERY_SECONDS", 0.1)
    monkeypatch.setattr(backlog, "STALE_SECONDS", 1.0)
    async with (
        proxied(bus.url) as proxy,
        running(victim.service, victim_url, name="probe", nats_url=proxy.url) as here,
    ):

        async def shown() -> tuple[bool, bool]:
            found = await _gauges(here.client, consumer=DURABLE, stream="SESSIONS")
            return "mentorship_consumer_pending" in found, found["mentorship_consumer_figures_age_seconds"] > 1

        await eventually(shown, (True, False))
        proxy.part()
        await eventually(shown, (False, True))
        found = await _gauges(here.client, service="probe")
        assert found["mentorship_database_figures_age_seconds"] < 5, "the database answers all the while"
        proxy.heal()
        await eventually(shown, (True, False), seconds=WITHIN)


async def test_a_relay_that_stands_still_shows_the_depth_of_the_outbox_and_its_age(
    bus: Bus, running: Runner, victim_url: str, ledger: Ledger
) -> None:
    async with (
        proxied(bus.url) as proxy,
        running(victim.service, victim_url, name="probe", nats_url=proxy.url) as here,
    ):
        await eventually(lambda: asking(bus), True)
        proxy.part()
        started = monotonic()
        await ledger.write(here.client, 25)

        async def seen() -> bool:
            found = await _gauges(here.client, service="probe")
            return found.get("mentorship_outbox_depth") == 25 and found["mentorship_outbox_oldest_age_seconds"] > 0

        await eventually(seen, True, seconds=WITHIN)
        report("relay stopped", seen_after=monotonic() - started)
        proxy.heal()
        await ledger.drained()
        await ledger.check()


async def _gauges(client: httpx.AsyncClient, **labels: str) -> dict[str, float]:
    text = (await client.get("/metrics")).text
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if labels.items() <= sample.labels.items()
    }


async def _age(client: httpx.AsyncClient) -> float:
    return (await _gauges(client, consumer=DURABLE, stream="SESSIONS"))["mentorship_consumer_oldest_age_seconds"]
