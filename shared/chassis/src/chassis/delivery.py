"""One message as JetStream delivered it: where it stands in its stream, what it says, and how it is settled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from nats.aio.msg import Msg
from opentelemetry.trace import Span
from pydantic import ValidationError

from chassis.cloudevents import CloudEvent, Undecodable, decode, decode_as_written
from chassis.digests import digest_of
from chassis.ids import identity_of
from chassis.subscription import Received
from chassis.wire import Arrived
from contracts.event import EventClass

_NOBODY = UUID(int=0)


@dataclass(slots=True)
class Delivery:
    """A delivered message, decoded as far as it could be."""

    message: Msg
    stream: str
    sequence: int
    deliveries: int
    stored_at: float
    """When the stream stored it, seconds since the epoch."""
    identity: UUID = _NOBODY
    digest: bytes = b""
    envelope: CloudEvent | None = None
    received: Received[Any] | None = None
    refused: str | None = None
    """Why it can never be handled (a class of reason), if so."""
    handled: bool = False
    """Whether it has been, here or before."""
    span: Span | None = field(default=None, repr=False)

    @property
    def subject(self) -> str:
        """The NATS subject that it was published to."""
        return self.message.subject


def read(message: Msg, events: Mapping[str, EventClass]) -> Delivery:
    """Decode a message; what cannot be decoded keeps its place in the stream as identity."""
    stream, sequence, deliveries, stored_ns = position_of(message)
    return read_at(message, events, stream, sequence, deliveries, stored_ns / 1e9)


def read_at(
    message: Msg, events: Mapping[str, EventClass], stream: str, sequence: int, deliveries: int, stored_at: float
) -> Delivery:
    """Decode a message of which is known where it stands."""
    delivery = Delivery(message, stream, sequence, deliveries, stored_at)
    try:
        delivery.envelope = _envelope_of(message)
        understand(delivery, delivery.envelope, events)
    except Undecodable as error:
        delivery.refused = error.reason
    except Exception:  # noqa: BLE001  whatever it is, it must not take the rest of its batch with it
        delivery.refused = "unreadable"
    if delivery.envelope is None:
        # Without an identity of its own it is known by its place in the stream.
        delivery.identity = identity_of(f"nats:{stream}", str(sequence))
    return delivery


def _envelope_of(message: Msg) -> CloudEvent:
    if isinstance(message, Arrived) and (found := decode_as_written(message.subject, message.block, message.data)):
        return found
    return decode(message.subject, message.headers, message.data)


def understand(delivery: Delivery, envelope: CloudEvent, events: Mapping[str, EventClass]) -> None:
    """Turn the data into the event class of its type; raises `Undecodable`."""
    delivery.identity = identity_of(envelope.source, envelope.id)
    delivery.digest = digest_of(envelope.source, envelope.data)
    event_class = events.get(envelope.type)
    if event_class is None:
        raise Undecodable("unknown_type")
    try:
        event = event_class.model_validate_json(envelope.data)
    except (ValidationError, ValueError, RecursionError) as error:
        raise Undecodable("invalid_data") from error
    delivery.received = Received(
        event,
        envelope.id,
        envelope.source,
        delivery.identity,
        envelope.time,
        envelope.version,
        envelope.type,
        delivery.stream,
        delivery.sequence,
        delivery.stored_at,
    )


def position_of(message: Msg) -> tuple[str, int, int, int]:
    """Stream, sequence, number of deliveries and time of storing (ns since the epoch), from the ack subject.

    `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`, or with domain and
    account hash after `$JS.ACK` (ADR-15).
    """
    parts = message.reply.split(".")
    if len(parts) >= 11:
        parts = parts[2:]
    return parts[2], int(parts[5]), int(parts[4]), int(parts[7])
