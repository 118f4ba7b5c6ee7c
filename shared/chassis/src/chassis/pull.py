"""A JetStream pull loop fed by callbacks: a request for more is always in flight while a batch is handled.

nats-py's own `fetch` waits a round trip per batch (0.6 of this rate, measured) and sometimes raises a bare
`asyncio.TimeoutError`, which kills FastStream's task with what it had fetched. This loop replaces it beneath
FastStream's batch subscriber.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from chassis.wire import divert, undivert

if TYPE_CHECKING:
    from nats.aio.subscription import Subscription

log = structlog.get_logger()

_HEARTBEAT = 5.0
_EXPIRES = 30.0
_LAST_WORDS = 2.0


class PullLoop:
    """Keeps up to two batches requested or buffered, and hands them out as they are asked for."""

    def __init__(self, connection: Client, stream: str, durable: str, inbox: str, batch: int) -> None:
        self._connection = connection
        self._request_subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._inbox = inbox
        self._batch = batch
        self._buffer: deque[Msg] = deque()
        self._requested = 0
        self._heard_at = time.monotonic()
        self._arrived = asyncio.Event()
        self._subscription: Subscription | None = None
        self._durable = durable
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Subscribe to the inbox that the server delivers to."""
        self._subscription = await self._connection.subscribe(
            self._inbox, cb=self._receive, pending_msgs_limit=-1, pending_bytes_limit=-1
        )
        divert(self._connection, self._subscription, self._take)

    async def stop(self) -> list[Msg]:
        """Stop asking, and give back what was fetched but not handed out."""
        self._stopping.set()
        if self._subscription is not None and self._connection.is_connected:
            # Not `unsubscribe`: that drops what the server has sent already, and nobody would see it before ack_wait.
            with suppress(NatsError, TimeoutError):
                await asyncio.wait_for(self._subscription.drain(), _LAST_WORDS)  # type: ignore[no-untyped-call]
        if self._subscription is not None:
            undivert(self._connection, self._subscription)
        self._subscription = None
        left = list(self._buffer)
        self._buffer.clear()
        return left

    async def next_batch(self, paused: Callable[[], bool]) -> list[Msg]:
        """Wait up to a second for messages and give those that are there, at most a batch; none when paused."""
        if paused() or self._stopping.is_set():
            await asyncio.sleep(0.05)
            return []
        if not self._buffer:
            await self._request()
            self._arrived.clear()
            # Not `wait_for`: that is two tasks for each message that comes alone.
            timer = asyncio.get_running_loop().call_later(1.0, self._arrived.set)
            try:
                await self._arrived.wait()
            finally:
                timer.cancel()
            if not self._buffer:
                self._notice_silence()
                return []
        if self._stopping.is_set():
            return []
        take = min(len(self._buffer), self._batch)
        messages = [self._buffer.popleft() for _ in range(take)]
        await self._request()
        return messages

    async def _receive(self, message: Msg) -> None:
        if message.reply:
            self._take(message)
        else:
            self._heard_at = time.monotonic()
            self._status(message)

    def _take(self, message: Msg) -> None:
        self._heard_at = time.monotonic()
        self._requested = max(0, self._requested - 1)
        self._buffer.append(message)
        self._arrived.set()

    def _status(self, message: Msg) -> None:
        headers = message.headers or {}
        status = headers.get("Status", "")
        if status == "100":
            return
        unsent = headers.get("Nats-Pending-Messages")
        self._requested = max(0, self._requested - int(unsent)) if unsent else 0
        if status not in {"404", "408"}:
            log.warning("pull_refused", durable=self._durable, status=status, reason=headers.get("Description", ""))

    def _notice_silence(self) -> None:
        # A request is gone when not even heartbeats come: the server was restarted, or the durable made anew.
        if self._requested and time.monotonic() - self._heard_at > 2 * _HEARTBEAT:
            self._requested = 0

    async def _request(self) -> None:
        wanted = self._batch * 2 - len(self._buffer) - self._requested
        if wanted < self._batch or self._stopping.is_set() or not self._connection.is_connected:
            return
        request = {
            "batch": wanted,
            "expires": int(_EXPIRES * 1e9),
            "idle_heartbeat": int(_HEARTBEAT * 1e9),
        }
        try:
            await self._connection.publish(self._request_subject, json.dumps(request).encode(), reply=self._inbox)
        except NatsError:
            return
        self._requested += wanted
        self._heard_at = time.monotonic()

    def forget_requests(self) -> None:
        """After a reconnect the server knows none of our requests."""
        self._requested = 0
