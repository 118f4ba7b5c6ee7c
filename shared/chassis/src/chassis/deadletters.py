"""What a service could not handle: a letter on `mentorship.dlq.<service>.<handler>` that says where the original lies.

It holds no body and no exception text, since both may hold personal data; the original stays in its stream.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from nats.js import JetStreamContext

from chassis.delivery import Delivery
from chassis.received import GivenUp

STREAM = "DLQ"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter, as its JSON body has it."""

    consumer: str
    stream: str
    sequence: int
    subject: str
    reason: str
    deliveries: int
    identity: str
    source: str | None
    event_id: str | None
    traceparent: str | None
    died_at: str


def letter_of(consumer: str, delivery: Delivery, reason: str) -> DeadLetter:
    """Describe a delivery that is given up."""
    envelope = delivery.envelope
    return DeadLetter(
        consumer,
        delivery.stream,
        delivery.sequence,
        delivery.subject,
        reason,
        delivery.deliveries,
        str(delivery.identity),
        envelope.source if envelope else None,
        envelope.id if envelope else None,
        envelope.traceparent if envelope else None,
        datetime.now(UTC).isoformat(),
    )


def given_up_of(delivery: Delivery, reason: str) -> GivenUp:
    """What the service itself is told of a delivery before it is given up."""
    source = delivery.envelope.source if delivery.envelope else None
    event = delivery.received.event if delivery.received else None
    stored_at = datetime.fromtimestamp(delivery.stored_at, UTC)
    return GivenUp(delivery.message.data, delivery.sequence, stored_at, delivery.refused or reason, source, event)


async def bury(jetstream: JetStreamContext, service: str, letter: DeadLetter) -> None:
    """Publish a dead letter and wait until it is stored; the caller then terminates the message."""
    handler = letter.consumer.removeprefix(f"{service}-")
    await jetstream.publish(
        f"mentorship.dlq.{service}.{handler}",
        json.dumps(asdict(letter)).encode(),
        timeout=5,
        stream=STREAM,
        headers={
            "Nats-Msg-Id": f"{letter.consumer}:{letter.stream}:{letter.sequence}",
            "content-type": "application/json",
        },
    )
