"""FastStream's NATS broker, set up so that it never goes deaf, never creates streams and never settles on its own."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, cast

import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.message import NatsBatchMessage
from faststream.nats.security import NatsCredentials
from faststream.nats.subscriber.usecases import BatchPullStreamSubscriber
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig

from chassis.consumer import Consumer
from chassis.pull import PullLoop
from chassis.settings import ServiceSettings

log = structlog.get_logger()

_PUTTING_BACK = 2.0


class FlowingSubscriber(BatchPullStreamSubscriber):
    """FastStream's batch subscriber with the callback-fed pull loop beneath it."""

    consumer: Consumer
    inbox: str
    _loop: PullLoop | None = None
    _handling: set[asyncio.Task[None]]

    async def _create_subscription(self) -> None:
        self._loop = PullLoop(
            self.connection, self.consumer.stream, self.consumer.durable, self.inbox, self.pull_sub.batch_size
        )
        await self._loop.start()
        self._handling = set()
        self.add_task(self._consume_pull)

    async def _consume_pull(self) -> None:
        """While the database commits one batch, the next is decoded: bulk handlers have two in hand."""
        in_hand = asyncio.Semaphore(1 if self.consumer.subscription.kind == "each" else 2)

        async def handle(messages: list[Msg]) -> None:
            try:
                if self.running:
                    await self.consume(messages)
                else:
                    await _put_back(messages)
            finally:
                in_hand.release()

        while self.running and (loop := self._loop) is not None:
            await in_hand.acquire()
            messages = await loop.next_batch(self.consumer.paused)
            self.consumer.turned()
            if not messages:
                in_hand.release()
                continue
            task = asyncio.create_task(handle(messages))
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)

    def forget_requests(self) -> None:
        """After a reconnect: what was asked for is no longer known to the server."""
        if self._loop:
            self._loop.forget_requests()

    async def stop(self) -> None:
        """Put back what was fetched and not begun; finish what is in hand, or put that back too."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        await _put_back(await loop.stop())
        await super().stop()
        for task in (unfinished := list(self._handling)):
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished, timeout=_PUTTING_BACK)


async def _put_back(messages: Sequence[Msg]) -> None:
    with suppress(NatsError):
        for message in messages:
            await message.nak()


def connect_options(settings: ServiceSettings, name: str, *, closed: Callable[[], None]) -> dict[str, Any]:
    """Options of a connection that, once it stands, is made anew for ever and tells when it gave up all the same."""

    async def on_closed() -> None:
        closed()

    async def on_error(error: Exception) -> None:
        log.warning("nats_error", error=type(error).__name__, detail=str(error)[:200])
        if "permissions violation for subscription" in str(error).lower():
            log.error("nats_subscription_refused", detail=str(error)[:200])
            closed()

    return {
        "servers": [server.strip() for server in settings.nats_url.split(",")],
        "name": name,
        # Until it stands, whoever asks for it tries again: after a failure of TLS nats-py would wait for ever.
        "allow_reconnect": False,
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": 0.2,
        "connect_timeout": 5,
        # A connection that was lost without a word is given up after nine seconds, not at the third ping in a minute.
        "ping_interval": 3,
        "max_outstanding_pings": 2,
        "inbox_prefix": f"_INBOX_{name}".encode(),
        "security": NatsCredentials(str(settings.nats_credentials)) if settings.nats_credentials else None,
        "closed_cb": on_closed,
        "error_cb": on_error,
    }


def make_broker(settings: ServiceSettings, name: str, *, closed: Callable[[], None]) -> NatsBroker:
    """A broker that is not yet connected."""
    return NatsBroker(
        **connect_options(settings, name, closed=closed),
        ack_policy=AckPolicy.MANUAL,
        apply_types=False,
        graceful_timeout=15.0,
        logger=None,
    )


async def _unread(messages: Sequence[Msg]) -> NatsBatchMessage:
    """A batch as it came: the consumer reads each message itself, and FastStream would read all headers before."""
    return NatsBatchMessage(raw_message=list(messages), body=[])


async def _undecoded(message: NatsBatchMessage) -> Sequence[Msg]:
    return message.raw_message


def attach(broker: NatsBroker, consumer: Consumer, batch_size: int) -> FlowingSubscriber:
    """Let `consumer` work off its durable, which must exist already."""
    subscriber = broker.subscriber(
        durable=consumer.durable,
        stream=JStream(consumer.stream, declare=False),
        config=ConsumerConfig(filter_subjects=list(consumer.subscription.by_stream[consumer.stream])),
        pull_sub=PullSub(batch_size=batch_size, batch=True),
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        parser=_unread,
        decoder=_undecoded,
        title=consumer.durable,
    )
    # FastStream has no factory to hand a subscriber class to; the subclass adds no slots, so its place can be taken.
    subscriber.__class__ = FlowingSubscriber
    flowing: Any = subscriber
    flowing.consumer = consumer
    # Outside FastStream's `subscriber()`: that ignores the broker's inbox prefix for pull subscribers.
    flowing.inbox = f"_INBOX_{consumer.service}.{consumer.durable}.{consumer.stream}.{id(consumer):x}"

    async def consume(messages: Sequence[Msg]) -> None:
        try:
            await consumer.handle(messages)
        except Exception:
            # A fault of ours, in settling: FastStream would swallow it. The messages come again after ack_wait.
            log.exception("consumer_fault", consumer=consumer.durable)

    subscriber(consume)
    return cast("FlowingSubscriber", flowing)
