"""Stores messages in a stream and waits until it has them: one by one, or many as one atomic batch (ADR-50)."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from nats.aio.client import Client
from nats.errors import ConnectionClosedError

from chassis.wire import Outgoing, command_of

__all__ = ["BATCH_BYTES", "BATCH_ROWS", "Outgoing", "PublishRefused", "publish_batch", "publish_one"]

BATCH_ROWS = 1_000
"""What the server takes as one batch at most."""
BATCH_BYTES = 4 * 1024 * 1024


class PublishRefused(Exception):
    """The server refused to store a message or batch."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description


async def publish_one(client: Client, stream: str, message: Outgoing) -> bool:
    """Store one message; whether it is new (False: the stream had one of that `Nats-Msg-Id` already)."""
    headers = {**message.headers, "Nats-Expected-Stream": stream}
    answer = await client.request(message.subject, message.payload, timeout=5, headers=headers)
    return not _acknowledged(answer.data, 1).get("duplicate", False)


async def publish_batch(client: Client, stream: str, messages: Iterable[Outgoing]) -> None:
    """Store all messages or none; a single duplicate refuses them all (10201). There must be one at least."""
    batch, count = uuid4().hex, 0
    waiting: list[Outgoing] = []
    for count, message in enumerate(messages, 1):
        place = {"Nats-Expected-Stream": stream, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(count)}
        waiting.append(Outgoing(message.subject, {**message.headers, **place}, message.payload))
        if len(waiting) > _TOGETHER:
            await _send(client, waiting[:-1])
            del waiting[:-1]
    await _send(client, waiting[:-1])
    headers = {**waiting[-1].headers, "Nats-Batch-Commit": "1"}
    answer = await client.request(waiting[-1].subject, waiting[-1].payload, timeout=10, headers=headers)
    _acknowledged(answer.data, count)


_TOGETHER = 100
"""Messages handed to the socket at once: the server stores the first while we write the next."""


async def _send(client: Client, messages: Sequence[Outgoing]) -> None:
    if not client.is_connected or client.is_draining_pubs:
        # Nothing of a batch is buffered until there is a connection: its server would know no beginning.
        raise ConnectionClosedError
    if messages:
        await client._send_command(b"".join(map(command_of, messages)))  # noqa: SLF001  `publish` many times over
        await client._flush_pending()  # noqa: SLF001
        await asyncio.sleep(0)


def _acknowledged(answer: bytes, count: int) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer)
    error = body.get("error")
    if isinstance(error, dict):
        raise PublishRefused(int(error.get("err_code") or error.get("code") or 0), str(error.get("description", "")))
    if not body.get("seq") or (count > 1 and body.get("count") != count):
        raise PublishRefused(0, "incomplete acknowledgement")
    return body
