"""An event as a handler gets it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

from contracts.event import Event

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A message that becomes a dead letter: its body, where it stands, and as much of it as could be read."""

    body: bytes
    sequence: int
    stored_at: datetime
    reason: str
    source: str | None = None
    event: Event | None = None


@dataclass(slots=True)
class Received(Generic[E]):
    """An event as it reached a handler, with what of its envelope a handler may need."""

    event: E
    id: str
    source: str
    identity: UUID
    time: datetime
    version: int
    subject: str
    stream: str = ""
    sequence: int = 0
    stored: float = 0.0
    """When the stream stored it, by the broker's clock: seconds since the epoch."""
    traceparent: str | None = None
    """The trace context of this message's own span, for what is published because of it."""

    @property
    def stored_at(self) -> datetime:
        """The same as an instant."""
        return datetime.fromtimestamp(self.stored, UTC)
