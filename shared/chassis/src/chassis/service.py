"""A service put together: settings in, an ASGI application out; `run` is its process."""

import asyncio
import gc
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from nats.aio.client import Client
from nats.js import JetStreamContext

from chassis import telemetry
from chassis.application import application
from chassis.backlog import Backlog
from chassis.cloudevents import CloudEvent
from chassis.consumer import Consumer
from chassis.health import Health
from chassis.messaging import Messaging
from chassis.relay import Relay
from chassis.revisions import head_of
from chassis.settings import ServiceSettings
from chassis.subscription import Subscription, TimerHandler
from chassis.timers import Timers
from chassis.transaction import Database, Tx
from contracts.event import events_of

log = structlog.get_logger()


@dataclass(slots=True)
class Context:
    """What background work of a service may use."""

    name: str
    settings: Any
    database: Database
    stopping: asyncio.Event
    jetstream: Callable[[], JetStreamContext]


Background = Callable[[Context], Awaitable[None]]


@dataclass
class Service:
    """One service: what it answers over HTTP, what it hears, what it does when time has come."""

    name: str
    settings: ServiceSettings
    routers: Sequence[APIRouter] = ()
    subscriptions: Sequence[Subscription] = ()
    timers: Mapping[str, TimerHandler] = field(default_factory=dict)
    background: Sequence[Background] = ()
    refusal: type[Exception] | None = None
    """The domain's refusal by a rule: 409 over HTTP, a dead letter for a message."""
    refuse: Callable[[CloudEvent], str | None] = lambda _: None
    """Why an event that can be read is not taken, if so: a class of reason, for its dead letter."""
    is_departed: Callable[[Tx, str], Awaitable[bool]] | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    """Further attributes of `request.app.state`; every transaction has it at hand, too."""
    revision: str = ""
    """The database revision that it needs; the newest of its migrations unless given."""

    def __post_init__(self) -> None:
        self.telemetry = telemetry.configure(self.name)
        self.health = Health()
        self.failed: str | None = None
        self.on_failure: Callable[[], None] = lambda: None
        settings = self.settings
        self.database = Database(
            settings.database_url.get_secret_value(),
            f"/mentorship/{self.name}",
            pool=settings.database_pool,
            seconds=max(settings.handler_seconds, settings.request_seconds),
            state=self.state,
        )
        self.stopping = asyncio.Event()
        self.consumers = [self._consumer(row, stream) for row in self.subscriptions for stream in row.by_stream]
        _begin_counting(self.consumers)
        self.relay = Relay(settings.database_url.get_secret_value(), self._client, observe=self._count_relayed)
        self.relay.follow(self.database)
        self.messaging = Messaging(
            self.name, settings, self.consumers, self.relay, self.health, self._fail, _record_handled
        )
        self.loop = Timers(self.database, self.timers, retry_base=settings.retry_base_seconds, observe=_record_lateness)
        self.backlog = Backlog(self.database, self.consumers, lambda: self.messaging.connection)
        self.context = Context(self.name, settings, self.database, self.stopping, self.messaging.jetstream)
        self.app: FastAPI = application(
            self.name,
            settings=settings,
            database=lambda: self.database,
            revision=self.revision or head_of(self.name),
            routers=self.routers,
            health_of=self.health,
            refusal=self.refusal,
            is_departed=self.is_departed,
            state=self.state,
            lifespan=self._lifespan,
            subscriptions=self.subscriptions,
            publishes=events_of(self.name),
        )

    def _consumer(self, row: Subscription, stream: str) -> Consumer:
        return Consumer(
            self.name,
            row,
            stream,
            self.database,
            refusals=(self.refusal,) if self.refusal else (),
            refuse=self.refuse,
            retry_base=self.settings.retry_base_seconds,
            time_limit=self.settings.handler_seconds,
            observe=_record_handled,
        )

    def _client(self) -> Client:
        return self.messaging.client()

    def _count_relayed(self, outcome: str, count: int) -> None:
        _relayed.add(count, {"service": self.name, "outcome": outcome})

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        self.stopping.clear()
        forget = self.backlog.offer(self.name)
        work: list[Awaitable[None]] = [
            self.messaging.run(self.stopping),
            self.loop.run(self.stopping),
            self.backlog.run(self.stopping),
            *(background(self.context) for background in self.background),
        ]
        tasks = [asyncio.ensure_future(self._guarded(one)) for one in work]
        log.info("started", service=self.name)
        try:
            yield
        finally:
            self.health.stopping()
            self.stopping.set()
            await self.messaging.stop()
            await asyncio.wait(tasks, timeout=2)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.database.close()
            forget()
            log.info("stopped", service=self.name)
            if self.telemetry:
                await asyncio.to_thread(self.telemetry.flush)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:
            log.exception("background_work_died", service=self.name)
            self._fail("background work died; the log line before this one says where")

    def _fail(self, reason: str) -> None:
        if self.failed is None:
            log.error("service_fails", service=self.name, reason=reason)
            self.failed = reason
            self.on_failure()


_messages = telemetry.meter.create_counter(
    "mentorship.consumer.messages", unit="{message}", description="Messages by outcome"
)
_handling = telemetry.meter.create_histogram(
    "mentorship.consumer.batch.duration", unit="s", description="Handling of a fetched batch"
)
_relayed = telemetry.meter.create_counter(
    "mentorship.outbox.relayed", unit="{event}", description="Outbox rows published"
)
_lateness = telemetry.meter.create_histogram(
    "mentorship.timer.lateness", unit="s", description="How late a timer was handled"
)


def _begin_counting(consumers: Sequence[Consumer]) -> None:
    """Show what alarms are set on from the start: Prometheus sees no increase in a series that begins at 1."""
    for consumer in consumers:
        for outcome in ("dead_lettered", "given_up_by_broker"):
            _messages.add(0, {"consumer": consumer.durable, "outcome": outcome})


def _record_handled(durable: str, outcome: str, count: int, seconds: float) -> None:
    _messages.add(count, {"consumer": durable, "outcome": outcome})
    if outcome == "handled":
        _handling.record(seconds, {"consumer": durable})


def _record_lateness(kind: str, seconds: float) -> None:
    _lateness.record(max(0.0, seconds), {"kind": kind})


class _Server(uvicorn.Server):
    """Uvicorn that goes on serving, not ready, for a while after SIGTERM, and for which a stop is no death."""

    delay = 0.0
    health: Health
    stopping: Callable[[], object]
    """Begins to stop fetching, while requests go on: one after the other would take too long."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and self.delay and not self.health.is_stopping:
            self.health.stopping()
            self.stopping()
            asyncio.get_running_loop().call_later(self.delay, self._leave, sig, frame)
        else:
            self._leave(sig, frame)

    def _leave(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.health.stopping()
        self.stopping()
        # Uvicorn raises the signals once more when all is done, so that an orderly stop would end as a kill.
        self._captured_signals.clear()


def _calm_collector() -> None:
    """Let the garbage collector look less often, and never again at what has been there from the start.

    Messages in hand are many objects and no cycles; looking for some took a tenth of a consumer's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def run(factory: Callable[[], Service]) -> None:
    """Run a service until it is told to stop; exits 1 when it cannot go on, so that it is started anew."""
    service = factory()
    _calm_collector()
    config = uvicorn.Config(
        service.app,
        host=service.settings.host,
        port=service.settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
        server_header=False,
        date_header=False,
    )
    server = _Server(config)
    server.delay = service.settings.shutdown_delay_seconds
    server.health = service.health
    server.stopping = service.messaging.stop_fetching

    def stop() -> None:
        server.should_exit = True

    service.on_failure = stop
    started = time.monotonic()
    server.run()
    log.info("exit", service=service.name, seconds=round(time.monotonic() - started, 1))
    sys.exit(1 if service.failed or not server.started else 0)
