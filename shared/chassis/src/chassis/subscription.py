"""What a service listens to: one row per handler, from which the durables, the docs and the consumers are made."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chassis.received import E, GivenUp, Received
from chassis.transaction import Tx
from contracts.event import EventClass

__all__ = ["GivenUp", "Received", "Subscription", "TimerHandler", "newest", "on", "on_batch", "project", "stream_of"]

Kind = Literal["each", "batch", "projection"]
TimerHandler = Callable[[Tx, str, dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One handler and the events it hears."""

    events: tuple[EventClass, ...]
    handler: Callable[..., Awaitable[None]]
    kind: Kind
    tables: tuple[str, ...] = ()
    everything_under: str | None = None
    """A wildcard to filter by instead of the subjects of `events`, so that what is unknown is dead-lettered."""
    copies: Callable[[Tx, Sequence[Received[Any]]], Awaitable[None]] | None = None
    """Is told of messages whose event was handled before: they are no news, but they lie in the stream too."""
    given_up: Callable[[Tx, Sequence[GivenUp]], Awaitable[None]] | None = None
    """Is told of messages before they become dead letters, for whatever reason: they stay in the stream."""

    @property
    def name(self) -> str:
        """The handler's name, as it stands in the durable: `open-relationship`."""
        return str(self.handler.__name__).replace("_", "-")

    @property
    def by_stream(self) -> dict[str, tuple[str, ...]]:
        """The subjects to hear, by the name of the stream that holds them."""
        if self.everything_under:
            return {stream_of(self.everything_under): (self.everything_under,)}
        subjects: dict[str, list[str]] = {}
        for event in self.events:
            subjects.setdefault(stream_of(event.subject), []).append(event.subject)
        return {stream: tuple(sorted(names)) for stream, names in sorted(subjects.items())}


def stream_of(subject: str) -> str:
    """The stream that holds a subject: one per owner, named after it."""
    first, second = subject.split(".")[:2]
    return "HR" if first == "hr" else second.upper()


def prefix_of(stream: str) -> str:
    """What every subject of a stream begins with."""
    return "hr." if stream == "HR" else f"mentorship.{stream.lower()}."


def on(*events: type[E], do: Callable[[Tx, Received[E]], Awaitable[None]]) -> Subscription:
    """Call `do(tx, received)` once per message; its effects happen once."""
    return Subscription(events, do, "each")


def on_batch(
    *events: type[E],
    do: Callable[[Tx, Sequence[Received[E]]], Awaitable[None]],
    everything_under: str | None = None,
    copies: Callable[[Tx, Sequence[Received[E]]], Awaitable[None]] | None = None,
    given_up: Callable[[Tx, Sequence[GivenUp]], Awaitable[None]] | None = None,
) -> Subscription:
    """Call `do(tx, batch)` with all new messages of a fetch; it may publish, naming each one's cause."""
    return Subscription(events, do, "batch", everything_under=everything_under, copies=copies, given_up=given_up)


def project(
    *events: type[E],
    do: Callable[[Tx, Sequence[Received[E]]], Awaitable[None]],
    tables: Iterable[str],
) -> Subscription:
    """Call `do(tx, batch)` to keep `tables`, which can be emptied and rebuilt from the stream; it publishes nothing."""
    return Subscription(events, do, "projection", tables=tuple(tables))


def newest(batch: Sequence[Received[E]], key: Callable[[Received[E]], str]) -> list[Received[E]]:
    """Of each thing the message with the highest version; sorted, so that row locks are taken in one order."""
    best: dict[str, Received[E]] = {}
    for received in batch:
        thing = key(received)
        if thing not in best or received.version > best[thing].version:
            best[thing] = received
    return [best[thing] for thing in sorted(best)]
