"""What waits, looked at every few seconds: outbox, consumers, timers. SREs alarm on these figures.

A figure that could not be looked at anew is not shown any longer: an old one would say that all is well. How old
each is shows beside it, also while it is away.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from sqlalchemy import text

from chassis.consumer import Consumer
from chassis.failures import reason_of
from chassis.telemetry import Reading, observe
from chassis.transaction import Database

log = structlog.get_logger()

EVERY_SECONDS = 5.0
STALE_SECONDS = 15.0
"""Age from which a figure says nothing about now."""
_DATABASE = "database"

_OUTBOX = text(
    "SELECT count(*) AS depth, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) AS age"
    " FROM outbox WHERE published_at IS NULL"
)
# One that failed is put off by at most five minutes, so all of these are near the beginning of the index.
_DUE = text(
    "SELECT count(*) FILTER (WHERE due_at < clock_timestamp()) AS waiting, count(*) FILTER (WHERE attempts > 0) AS"
    " failing, greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0)) AS age"
    " FROM due WHERE due_at < clock_timestamp() + interval '5 minutes'"
)


@dataclass(slots=True)
class Figures:
    """The newest look."""

    outbox_depth: int = 0
    outbox_age: float = 0.0
    timers_late: int = 0
    timers_age: float = 0.0
    timers_failing: int = 0
    pending: dict[str, int] = field(default_factory=dict)
    unsettled: dict[str, int] = field(default_factory=dict)
    redelivered: dict[str, int] = field(default_factory=dict)
    age: dict[str, float] = field(default_factory=dict)
    looked_at: dict[str, float] = field(default_factory=dict)
    """When each consumer, and the database, answered last (monotonic)."""
    began_at: float = field(default_factory=time.monotonic)

    def since(self, what: str) -> float:
        """Seconds since that was looked at; since the beginning where it never was."""
        return time.monotonic() - self.looked_at.get(what, self.began_at)

    def is_fresh(self, what: str) -> bool:
        """Whether the figures of that can still be shown."""
        return what in self.looked_at and self.since(what) < STALE_SECONDS


class Backlog:
    """Looks at what waits and offers it as metrics."""

    def __init__(
        self, database: Database, consumers: Sequence[Consumer], connection: Callable[[], Client | None]
    ) -> None:
        self._database = database
        self._consumers = consumers
        self._connection = connection
        self.figures = Figures()

    async def run(self, stopping: asyncio.Event) -> None:
        """Look again and again until `stopping`."""
        while not stopping.is_set():
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001  figures only: look again in five seconds
                log.info("backlog_unknown", reason=reason_of(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), EVERY_SECONDS)

    async def look(self) -> None:
        """Ask the database and the broker; either may be away without hiding the other."""
        connection = self._connection()
        if connection is not None and connection.is_connected:
            # Side by side: a broker that is silent must not hide the outbox for two seconds per consumer.
            await asyncio.gather(*(self._look_at(connection, consumer) for consumer in self._consumers))
        async with asyncio.timeout(5), self._database.engine.connect() as database:
            outbox = (await database.execute(_OUTBOX)).one()
            due = (await database.execute(_DUE)).one()
        self.figures.outbox_depth, self.figures.outbox_age = int(outbox.depth), float(outbox.age)
        self.figures.timers_late, self.figures.timers_age = int(due.waiting), float(due.age)
        self.figures.timers_failing = int(due.failing)
        self.figures.looked_at[_DATABASE] = time.monotonic()

    async def _look_at(self, connection: Client, consumer: Consumer) -> None:
        subject = f"$JS.API.CONSUMER.INFO.{consumer.stream}.{consumer.durable}"
        try:
            info: dict[str, Any] = json.loads((await connection.request(subject, b"", timeout=2)).data)
        except (NatsError, TimeoutError):
            return
        if "error" in info:
            return
        key = f"{consumer.durable}/{consumer.stream}"
        self.figures.pending[key] = int(info.get("num_pending", 0))
        self.figures.unsettled[key] = int(info.get("num_ack_pending", 0))
        self.figures.redelivered[key] = int(info.get("num_redelivered", 0))
        waiting = self.figures.pending[key] + self.figures.unsettled[key]
        # What waits was stored after the message handled last, so this is the most that the oldest can be old.
        since = consumer.last_stored_at or consumer.started_at
        self.figures.age[key] = max(0.0, time.time() - since) if waiting else 0.0
        self.figures.looked_at[key] = time.monotonic()

    def offer(self, service: str) -> Callable[[], None]:
        """Show the figures as gauges; gives the function that ends it."""
        figures, own = self.figures, {"service": service}

        def each(values: Callable[[], dict[str, Any]]) -> Callable[[], Iterable[Reading]]:
            return lambda: [(value, {**own, **_labels(key)}) for key, value in list(values().items())]

        def fresh(values: dict[str, Any]) -> Callable[[], Iterable[Reading]]:
            return each(lambda: {key: value for key, value in list(values.items()) if figures.is_fresh(key)})

        def one(value: Callable[[], float]) -> Callable[[], Iterable[Reading]]:
            return lambda: [(value(), own)]

        def asked(value: Callable[[], float]) -> Callable[[], Iterable[Reading]]:
            return lambda: [(value(), own)] if figures.is_fresh(_DATABASE) else []

        def waiting() -> dict[str, int]:
            return {f"{consumer.durable}/{consumer.stream}": consumer.waiting for consumer in self._consumers}

        def ages() -> dict[str, float]:
            keys = [f"{consumer.durable}/{consumer.stream}" for consumer in self._consumers]
            return {key: figures.since(key) for key in keys}

        ends = [
            observe(f"mentorship.{name}", read, unit=unit, description=description)
            for name, unit, description, read in (
                ("outbox.depth", "{event}", "Events not yet published", asked(lambda: figures.outbox_depth)),
                ("outbox.oldest_age", "s", "Age of the oldest unpublished event", asked(lambda: figures.outbox_age)),
                ("timer.late", "{timer}", "Timers past their time", asked(lambda: figures.timers_late)),
                ("timer.oldest_age", "s", "How late the latest timer is", asked(lambda: figures.timers_age)),
                (
                    "timer.failing",
                    "{timer}",
                    "Timers that failed, to be tried again",
                    asked(lambda: figures.timers_failing),
                ),
                ("consumer.pending", "{message}", "Messages not yet delivered", fresh(figures.pending)),
                ("consumer.unsettled", "{message}", "Delivered and not settled", fresh(figures.unsettled)),
                (
                    "consumer.redelivered",
                    "{message}",
                    "Unsettled, delivered repeatedly",
                    fresh(figures.redelivered),
                ),
                ("consumer.oldest_age", "s", "Most that a waiting message can be old", fresh(figures.age)),
                ("consumer.figures_age", "s", "Since JetStream answered about a consumer", each(ages)),
                ("database.figures_age", "s", "Since the database answered", one(lambda: figures.since(_DATABASE))),
                ("consumer.waiting_for_retry", "{message}", "Put back with a delay", each(waiting)),
                ("database.connections_in_use", "{connection}", "Pooled connections handed out", one(self._in_use)),
            )
        ]

        def end_all() -> None:
            for end in ends:
                end()

        return end_all

    def _in_use(self) -> float:
        pool: Any = self._database.engine.pool
        return float(pool.checkedout())


def _labels(key: str) -> dict[str, str]:
    consumer, stream = key.split("/")
    return {"consumer": consumer, "stream": stream}
