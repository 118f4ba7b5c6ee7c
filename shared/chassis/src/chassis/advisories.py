"""The net beneath the dead letters: JetStream says itself when it gives a message up, and that is counted and logged.

A terminated message has its dead letter; `MAX_DELIVERIES` means that a durable has a limit and skips messages.
"""

from collections.abc import Callable, Sequence

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.consumer import Consumer

log = structlog.get_logger()

KINDS = {"MAX_DELIVERIES": "given_up_by_broker", "MSG_TERMINATED": "terminated"}
"""The advisories that are heard, and the outcome under which each is counted."""


async def watch_advisories(
    connection: Client, service: str, consumers: Sequence[Consumer], observe: Callable[[str, str, int, float], None]
) -> None:
    """Count the advisories about a service's own durables; of its replicas one hears each."""

    async def heard(message: Msg) -> None:
        kind, stream, durable = message.subject.split(".")[4:7]
        observe(durable, KINDS[kind], 1, 0.0)
        if kind == "MAX_DELIVERIES":
            log.error("given_up_by_broker", consumer=durable, stream=stream)

    for consumer in consumers:
        for kind in KINDS:
            subject = f"$JS.EVENT.ADVISORY.CONSUMER.{kind}.{consumer.stream}.{consumer.durable}"
            await connection.subscribe(subject, queue=service, cb=heard)
