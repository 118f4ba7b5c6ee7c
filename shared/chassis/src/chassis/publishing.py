"""Stores messages in a stream and waits until it has them: one by one, or many as one atomic batch (ADR-50)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from nats.aio.client import Client

BATCH_ROWS = 1_000
"""What the server takes as one batch at most."""
BATCH_BYTES = 4 * 1024 * 1024


class PublishRefused(Exception):
    """The server refused to store a message or batch."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description


@dataclass(slots=True)
class Outgoing:
    """A message to be stored."""

    subject: str
    headers: Mapping[str, str]
    payload: bytes


async def publish_one(client: Client, stream: str, message: Outgoing) -> bool:
    """Store one message; whether it is new (False: the stream had one of that `Nats-Msg-Id` already)."""
    headers = {**message.headers, "Nats-Expected-Stream": stream}
    answer = await client.request(message.subject, message.payload, timeout=5, headers=headers)
    return not _acknowledged(answer.data, 1).get("duplicate", False)


async def publish_batch(client: Client, stream: str, messages: Sequence[Outgoing]) -> None:
    """Store all messages or none; a single duplicate refuses them all (10201)."""
    batch, last = uuid4().hex, len(messages)
    for position, message in enumerate(messages, 1):
        headers = {
            **message.headers,
            "Nats-Expected-Stream": stream,
            "Nats-Batch-Id": batch,
            "Nats-Batch-Sequence": str(position),
        }
        if position < last:
            await client.publish(message.subject, message.payload, headers=headers)
            continue
        headers["Nats-Batch-Commit"] = "1"
        answer = await client.request(message.subject, message.payload, timeout=10, headers=headers)
        _acknowledged(answer.data, last)


def _acknowledged(answer: bytes, count: int) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer)
    error = body.get("error")
    if isinstance(error, dict):
        raise PublishRefused(int(error.get("err_code") or error.get("code") or 0), str(error.get("description", "")))
    if not body.get("seq") or (count > 1 and body.get("count") != count):
        raise PublishRefused(0, "incomplete acknowledgement")
    return body
