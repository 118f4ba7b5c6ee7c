"""JetStream's own API as it stands on the wire: JSON over request and reply.

The client library knows a subset of each configuration and would drop the rest on an update, so
provisioning speaks to the server directly.
"""

import json
from typing import Any

import nats.errors
from nats.aio.client import Client

from mentorship.problem import Problem

Config = dict[str, Any]
"""A stream or consumer configuration as JSON; durations are nanoseconds, sizes are bytes."""

_STREAM_NOT_FOUND = 10059
_CONSUMER_NOT_FOUND = 10014


class Refusal(Exception):
    """JetStream's answer to a request it did not carry out."""

    def __init__(self, subject: str, error: dict[str, Any]) -> None:
        super().__init__(f"{subject}: {error.get('description')} ({error.get('err_code')})")
        self.code: int = error.get("err_code", 0)
        self.description: str = error.get("description", "")


async def call(nc: Client, subject: str, body: Config | None = None, *, wait_seconds: float = 10.0) -> Config:
    """Ask `$JS.API.<subject>`; a Refusal where the server declines, a Problem where nobody answers."""
    payload = b"" if body is None else json.dumps(body).encode()
    try:
        message = await nc.request(f"$JS.API.{subject}", payload, timeout=wait_seconds)
    except nats.errors.NoRespondersError:
        raise Problem("The NATS server has JetStream switched off.") from None
    except (nats.errors.TimeoutError, TimeoutError):
        raise Problem(f"NATS did not answer $JS.API.{subject}: is the user allowed to ask it?") from None
    answer: Config = json.loads(message.data)
    if "error" in answer:
        raise Refusal(subject, answer["error"])
    return answer


async def stream_config(nc: Client, name: str) -> Config | None:
    """What the stream is configured as now, or None where there is none."""
    try:
        return dict((await call(nc, f"STREAM.INFO.{name}"))["config"])
    except Refusal as refusal:
        if refusal.code == _STREAM_NOT_FOUND:
            return None
        raise


async def consumer_info(nc: Client, stream: str, name: str) -> Config | None:
    """State and configuration of a durable, or None where there is none."""
    try:
        return await call(nc, f"CONSUMER.INFO.{stream}.{name}")
    except Refusal as refusal:
        if refusal.code in {_CONSUMER_NOT_FOUND, _STREAM_NOT_FOUND}:
            return None
        raise


async def create_consumer(nc: Client, stream: str, config: Config, *, action: str) -> None:
    """Create (`create`) or change (`update`) a durable; either is refused where the other was meant."""
    body = {"stream_name": stream, "config": config, "action": action}
    await call(nc, f"CONSUMER.CREATE.{stream}.{config['name']}", body)
