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
    batch = f"Nats-Expected-Stream: {stream}\r\nNats-Batch-Id: {uuid4().hex}\r\nNats-Batch-Sequence: "
    commands: list[bytes] = []
    waiting, count = iter(messages), 1
    last = next(waiting)
    for count, message in enumerate(waiting, 2):
        commands.append(command_of(last, more=f"{batch}{count - 1}\r\n"))
        last = message
        if len(commands) == _TOGETHER:
            await _send(client, commands)
            commands.clear()
    await _send(client, commands)
    closing = Outgoing(last.subject, f"{last.head}{batch}{count}\r\nNats-Batch-Commit: 1\r\n", last.payload)
    answer = await client.request(last.subject, last.payload, timeout=10, headers=closing.headers)
    _acknowledged(answer.data, count)


_TOGETHER = 100
"""Messages handed to the socket at once: the server stores the first while we write the next."""


async def _send(client: Client, commands: Sequence[bytes]) -> None:
    if not client.is_connected or client.is_draining_pubs:
        # Nothing of a batch is buffered until there is a connection: its server would know no beginning.
        raise ConnectionClosedError
    if commands:
        await client._send_command(b"".join(commands))  # noqa: SLF001  `publish` many times over
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
