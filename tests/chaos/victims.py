"""What the tests of single faults share: the victim with its database and durables, its ledger, its processes."""

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
import httpx

from mentorship.local.child import Child
from mentorship.local.ports import free_port
from mentorship.topology import jetstream
from tests.chassis import probe
from tests.eventually import eventually
from tests.fixtures.bus import Bus

ECHO = "mentorship.probe.echo.made.v1"
DURABLE = "probe-echo"
ROOT = Path(__file__).parents[2]


SEED = int(os.environ.get("CHAOS_SEED", "20261123"))


def report(what: str, **figures: object) -> None:
    """Write down what was measured, with the seed."""
    line = ", ".join(
        f"{name} {round(value, 2) if isinstance(value, float) else value}" for name, value in figures.items()
    )
    sys.stderr.write(f"\n[chaos] seed {SEED}, {what}: {line}\n")


class Ledger:
    """What was accepted, and what has become of it."""

    def __init__(self, bus: Bus, rows: asyncpg.Connection) -> None:
        self.bus = bus
        self.rows = rows
        self.heard: set[Any] = set()
        """Identities of the events that the stream took."""
        self.written: set[Any] = set()
        """What HTTP answered 201 for."""
        self.refused: Counter[object] = Counter()

    async def publish(self, count: int, every: float = 0.0, code: str = "ok") -> None:
        """Publish good events, one each so many seconds."""
        for _ in range(count):
            self.heard.add((await self.bus.publish(probe.goal(code))).identity)
            await asyncio.sleep(every)

    async def write(self, client: httpx.AsyncClient, count: int, every: float = 0.0, code: str = "written") -> None:
        """Write over HTTP, one each so many seconds; what is not answered 201 is not expected to be there."""
        for _ in range(count):
            try:
                answer = await client.post("/v1/echoes", json={"code": code})
            except httpx.TransportError as error:
                self.refused[type(error).__name__] += 1
            else:
                self.refused[answer.status_code] += answer.status_code != 201
                if answer.status_code == 201:
                    self.written.add(answer.json()["echo_id"])
            await asyncio.sleep(every)

    async def handled(self) -> int:
        """How many of the published events have had their effect."""
        return int(await self.rows.fetchval("SELECT count(DISTINCT event_id) FROM echo WHERE code <> 'written'"))

    async def fresh(self, seconds: float) -> float:
        """How long a new event takes until it has had its effect."""
        started = monotonic()
        await self.publish(1)
        await eventually(self.handled, len(self.heard), seconds=seconds)
        return monotonic() - started

    async def unpublished(self) -> int:
        """Events that wait for the relay."""
        return int(await self.rows.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL"))

    async def drained(self, seconds: float = 60.0) -> float:
        """Wait until everything is handled and published; gives how long that took."""
        started = monotonic()
        await eventually(self.handled, len(self.heard), seconds=seconds)
        await eventually(self.unpublished, 0, seconds=seconds)
        await self.bus.settled(seconds=seconds)
        return monotonic() - started

    async def check(self, letters: int = 0) -> None:
        """Nothing lost, nothing twice, nothing in the dead letters that does not belong there."""
        rows = [row["event_id"] for row in await self.rows.fetch("SELECT event_id FROM echo WHERE code <> 'written'")]
        assert len(rows) == len(set(rows)), "an effect happened twice"
        assert set(rows) == self.heard, "an event was lost"
        written = [
            str(row["event_id"]) for row in await self.rows.fetch("SELECT event_id FROM echo WHERE code = 'written'")
        ]
        assert set(written) >= self.written, "an accepted write was lost"
        said = [message.headers["ce-id"] for message in await self.bus.messages(ECHO) if message.headers]
        assert len(said) == len(set(said)), "an event was published twice"
        assert len(said) == len(rows) + len(written), "an effect and its event are not one"
        assert len(await self.bus.messages("mentorship.dlq.probe.>")) == letters


async def asking(bus: Bus) -> bool:
    """Whether somebody asks for the victim's events, as it does once it consumes."""
    info = await jetstream.consumer_info(bus.nc, "SESSIONS", DURABLE)
    return bool(info and info["num_waiting"])


async def set_ack_wait(bus: Bus, seconds: float) -> None:
    """Let the victim's durable redeliver sooner than in production."""
    info = await jetstream.consumer_info(bus.nc, "SESSIONS", DURABLE)
    assert info
    config = {**info["config"], "ack_wait": int(seconds * 1e9)}
    await jetstream.call(
        bus.nc, f"CONSUMER.DURABLE.CREATE.SESSIONS.{DURABLE}", {"stream_name": "SESSIONS", "config": config}
    )


class Process(Child):
    """The victim as a process of its own."""

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str) -> None:
        self.port = free_port()
        super().__init__(
            "victim",
            [sys.executable, "-m", "tests.chaos.victim", *arguments],
            log=folder / f"victim-{self.port}.log",
            environment={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "MENTORSHIP_HOST": "127.0.0.1",
                "MENTORSHIP_PORT": str(self.port),
                **environment,
            },
            folder=ROOT,
        )
        self.url = f"http://127.0.0.1:{self.port}"

    async def ready(self, seconds: float = 60.0) -> None:
        """Return when it answers that it is ready; fail with what it said last when it ended."""
        deadline = monotonic() + seconds
        async with httpx.AsyncClient(base_url=self.url) as client:
            while monotonic() < deadline:
                assert self.running, self.last_words(20)
                try:
                    if (await client.get("/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        raise AssertionError(self.last_words(20))

    async def ended(self, seconds: float) -> float:
        """How long it took to end; fails when it took longer than that."""
        started = monotonic()
        while self.running:
            assert monotonic() - started < seconds, self.last_words(20)
            await asyncio.sleep(0.02)
        return monotonic() - started
