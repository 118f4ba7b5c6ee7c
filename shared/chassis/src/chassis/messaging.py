"""The part of a service that talks to NATS: connect, check, consume, relay; and let go in good order."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from chassis.advisories import watch_advisories
from chassis.broker import FlowingSubscriber, attach, make_broker
from chassis.consumer import Consumer
from chassis.health import Health
from chassis.relay import Relay
from chassis.replays import Replays
from chassis.settings import ServiceSettings
from chassis.sockets import is_plain, lose_when_silent
from chassis.wire import quicken

log = structlog.get_logger()


class TopologyMissing(Exception):
    """Something that the service uses is missing or incompatible: provision it with `mentorship topology apply`."""


class Messaging:
    """Holds the broker and everything that runs on it."""

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        consumers: Sequence[Consumer],
        relay: Relay,
        health: Health,
        fail: Callable[[str], None],
        observe: Callable[[str, str, int, float], None] = lambda *_: None,
    ) -> None:
        self._name = name
        self._settings = settings
        self._consumers = consumers
        self._relay = relay
        self._health = health
        self._fail = fail
        self._observe = observe
        self._broker: NatsBroker | None = None
        self._subscribers: list[FlowingSubscriber] = []
        self._stopping = False
        self._fetching_ends: asyncio.Task[None] | None = None

    @property
    def connection(self) -> Client | None:
        """The connection to NATS, once there was one."""
        if self._broker is None:
            return None
        connection: Client | None = self._broker._connection  # noqa: SLF001  FastStream shows it nowhere else
        return connection

    def jetstream(self) -> JetStreamContext:
        """JetStream on the service's connection; ConnectionError before the first one stands."""
        if self.connection is None:
            raise ConnectionError("not connected to NATS yet")
        return self.connection.jetstream()

    def client(self) -> Client:
        """The connection; ConnectionError before the first one stands."""
        if self.connection is None:
            raise ConnectionError("not connected to NATS yet")
        return self.connection

    async def run(self, stopping: asyncio.Event) -> None:
        """Wait for NATS, check what is used, start consuming, and relay until `stopping`."""
        broker = await self._connected(stopping)
        if broker is None:
            return
        try:
            if not await self._checked(stopping):
                return
        except TopologyMissing as error:
            self._fail(str(error))
            return
        for consumer in self._consumers:
            consumer.jetstream = self.jetstream()
            consumer.turned = _turner(self._health, f"{consumer.durable}/{consumer.stream}")
            self._subscribers.append(attach(broker, consumer, self._settings.batch_size))
        await broker.start()
        await Replays(self._name, self._consumers).listen(self.client())
        await watch_advisories(self.client(), self._name, self._consumers, self._observe)
        self._health.connected(True)
        # Not before: an orchestrator takes the old pods away when the new ones say this.
        self._health.started()
        watch = asyncio.create_task(self._watch(stopping))
        await self._relay.run(stopping)
        await watch

    async def _connected(self, stopping: asyncio.Event) -> NatsBroker | None:
        delay = 0.2
        while not stopping.is_set():
            broker = make_broker(self._settings, self._name, closed=self._closed)
            try:
                async with asyncio.timeout(10):
                    connection: Client = await broker.connect()
                if is_plain(connection):
                    raise ConnectionError("the server does not speak TLS")
                connection.options["allow_reconnect"] = True
                if connection.is_closed:
                    raise ConnectionError("lost at once")
            except (NatsError, OSError, TimeoutError) as error:
                log.warning("waiting_for_nats", reason=type(error).__name__, detail=str(error)[:120])
                await _forget(broker)
                await asyncio.sleep(delay)
                delay = min(5.0, delay * 2)
                continue
            self._broker = broker
            quicken(self.client())
            _lose_when_silent(self.client())
            return broker
        return None

    async def _checked(self, stopping: asyncio.Event) -> bool:
        """Whether all is there that is used; waits while JetStream, which starts after NATS itself, does not say."""
        delay = 0.2
        while not stopping.is_set():
            try:
                await self._check()
            except (NatsError, TimeoutError) as error:
                if "permissions violation" in str(self.client().last_error).lower():
                    raise TopologyMissing(
                        "this NATS user may not ask for its durables; run `mentorship topology apply`"
                    ) from error
                log.warning("waiting_for_nats", reason=type(error).__name__, detail=str(error)[:120])
                await asyncio.sleep(delay)
                delay = min(5.0, delay * 2)
            else:
                return True
        return False

    async def _check(self) -> None:
        """Refuse to start without a durable; additions by others are none of our business."""
        for consumer in self._consumers:
            wanted = consumer.subscription.by_stream[consumer.stream]
            subject = f"$JS.API.CONSUMER.INFO.{consumer.stream}.{consumer.durable}"
            info: dict[str, Any] = json.loads((await self.client().request(subject, b"", timeout=5)).data)
            if (refused := info.get("error")) and refused.get("code") != 404:
                raise NatsError(str(refused.get("description", "")))
            if refused:
                raise TopologyMissing(
                    f"durable {consumer.durable} on stream {consumer.stream} is missing;"
                    " run `mentorship topology apply`"
                )
            config = info["config"]
            heard = config.get("filter_subjects") or [config.get("filter_subject", ">")]
            # It may hear more: while versions take turns, what the later one hears is delivered to both.
            if not set(wanted) <= set(heard) or config.get("max_deliver", -1) != -1:
                raise TopologyMissing(
                    f"durable {consumer.durable} on stream {consumer.stream} lacks subjects or has other limits than"
                    " this version needs; run `mentorship topology apply`"
                )

    async def _watch(self, stopping: asyncio.Event) -> None:
        """Tell health whether the broker is there, and ask anew for messages after each reconnect."""
        reconnects = 0
        while not stopping.is_set():
            connection = self.client()
            self._health.connected(connection.is_connected)
            if connection.stats["reconnects"] != reconnects:
                reconnects = connection.stats["reconnects"]
                if is_plain(connection):
                    self._fail("NATS came back without TLS")
                _lose_when_silent(connection)
                for subscriber in self._subscribers:
                    subscriber.forget_requests()
            await asyncio.sleep(0.1)

    def _closed(self) -> None:
        if not self._stopping and self._broker is not None:
            self._fail("the connection to NATS was closed for good")

    def stop_fetching(self) -> asyncio.Task[None]:
        """Stop fetching, finish what is in hand within 15 s, put back the rest."""
        if self._fetching_ends is None:
            self._stopping = True
            for consumer in self._consumers:
                consumer.stopping.set()
            self._fetching_ends = asyncio.create_task(self._end_fetching())
        return self._fetching_ends

    async def _end_fetching(self) -> None:
        await asyncio.gather(*(subscriber.stop() for subscriber in self._subscribers), return_exceptions=True)

    async def stop(self) -> None:
        """Stop fetching, then disconnect; a server that is silent is not waited for."""
        await self.stop_fetching()
        connection, broker = self.connection, self._broker
        if connection is None or broker is None:
            return
        try:
            await connection.flush(timeout=1)
            await broker.stop()
        except (NatsError, OSError) as error:
            log.warning("nats_not_told", reason=type(error).__name__)
            with suppress(NatsError, OSError):
                await asyncio.wait_for(connection.close(), 2)
            with suppress(NatsError, OSError):
                await broker.stop()


def _lose_when_silent(connection: Client) -> None:
    # A reconnect waits until the old socket is closed, and so until the kernel has given up what was not yet sent.
    lose_when_silent(getattr(connection._transport, "_io_writer", None))  # noqa: SLF001


def _turner(health: Health, loop: str) -> Callable[[], None]:
    return lambda: health.turned(loop)


async def _forget(broker: NatsBroker) -> None:
    try:
        await broker.stop()
    except (NatsError, OSError):
        return
