"""Publishes employees as HR events: many at once in atomic batches, and none twice however often it is repeated."""

import asyncio
import random
import secrets
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.errors import Error as NatsError

from chassis.cloudevents import CloudEvent, header_lines_of, size_of
from chassis.publishing import BATCH_BYTES, BATCH_ROWS, Outgoing, PublishRefused, publish_batch, publish_one
from chassis.records import Refused
from contracts.event import Event
from mentorship.importing.rows import Row
from mentorship.problem import Problem

STREAM = "HR"
_BATCHES_IN_FLIGHT = 3
_SINGLES_IN_FLIGHT = 128
_ATTEMPTS = 6
_RECORDED = 0.01
_YEAR_2100 = 4_102_444_800_000

T = TypeVar("T")
Refuse = Callable[[Refused], None]


@dataclass
class Outcome:
    """What became of the rows. `repeated` were in the stream already, from an earlier run."""

    published: int = 0
    repeated: int = 0
    refused: int = 0


def envelope(event: Event, version: int, source: str, traceparent: str | None = None) -> CloudEvent:
    """The CloudEvent of an HR event, under an id that is the same when the same is published again."""
    data = event.model_dump_json().encode()
    digest = blake2b(data, digest_size=8).hexdigest()
    # Where the version is what it should be, epoch milliseconds, it says when this became true.
    time = datetime.fromtimestamp(version / 1000, UTC) if 0 < version < _YEAR_2100 else datetime.now(UTC)
    id_ = f"{event.thing_id}-{event.subject.split('.')[-2]}-{version}-{digest}"
    return CloudEvent(id_, source, event.subject, event.thing_id, time, version, data, traceparent)


def outgoing(event: CloudEvent) -> Outgoing:
    """The message that carries an event."""
    return Outgoing(event.type, header_lines_of(event), event.data)


async def send(client: Client, rows: Iterable[Row | Refused], source: str, refuse: Refuse) -> Outcome:
    """Publish the good rows and hand the others to `refuse`; a Problem where NATS takes no more."""
    outcome = Outcome()

    def counted(refused: Refused) -> None:
        outcome.refused += 1
        refuse(refused)

    sending: set[asyncio.Task[None]] = set()
    try:
        for batch in _batches(rows, source, counted):
            sending.add(asyncio.create_task(_send_batch(client, batch, outcome)))
            await asyncio.sleep(0)  # reading is busy work: let what was read go out
            sending = await _fewer_than(_BATCHES_IN_FLIGHT, sending)
        await _fewer_than(1, sending)
    finally:
        for task in sending:
            task.cancel()
    return outcome


async def send_one(client: Client, message: Outgoing) -> bool:
    """Store one message, trying again while NATS is away; whether the stream did not have it yet."""
    for attempt in range(_ATTEMPTS):
        try:
            return await _unless_forbidden(client, message.subject, publish_one(client, STREAM, message))
        except PublishRefused as refused:
            raise Problem(f"NATS refused {message.subject}: {refused.description or 'no reason given'}.") from None
        except (NatsError, TimeoutError):
            # The same message id again: what was stored after all is not stored twice.
            await asyncio.sleep(0.2 * 2**attempt)
    raise Problem("NATS does not acknowledge. Run the same command again: what it has is not repeated.")


def _batches(rows: Iterable[Row | Refused], source: str, refuse: Refuse) -> Iterator[list[Outgoing]]:
    batch: list[Outgoing] = []
    size = 0
    for row in rows:
        if isinstance(row, Refused):
            refuse(row)
            continue
        message = outgoing(envelope(row.event, row.event.version, source, _trace()))
        # The limits of a record's fields keep it below what one message may be, so only the batch has to be watched.
        bytes_ = size_of(message.head, message.payload)
        if len(batch) == BATCH_ROWS or size + bytes_ > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += bytes_
    if batch:
        yield batch


def _trace() -> str:
    """Each row is a trace of its own; one in a hundred is recorded, or spans would outweigh the work of an import."""
    sampled = random.random() < _RECORDED  # noqa: S311  a sample, no secret
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{int(sampled):02x}"


async def _send_batch(client: Client, batch: list[Outgoing], outcome: Outcome) -> None:
    try:
        await _unless_forbidden(client, batch[0].subject, publish_batch(client, STREAM, batch))
    except (PublishRefused, NatsError, TimeoutError):
        # One that the stream has already refuses them all, and no answer says nothing: each on its own tells.
        await _send_singly(client, batch, outcome)
    else:
        outcome.published += len(batch)


async def _unless_forbidden(client: Client, subject: str, publishing: Coroutine[Any, Any, T]) -> T:
    """What `publishing` gives; a Problem soon where the user may not: the server answers that past the request."""
    task = asyncio.create_task(publishing)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=0.1)
            if "permissions violation" in str(client.last_error).lower():
                raise Problem(f"This NATS user may not publish {subject}.")
        return task.result()
    finally:
        task.cancel()


async def _send_singly(client: Client, batch: list[Outgoing], outcome: Outcome) -> None:
    room = asyncio.Semaphore(_SINGLES_IN_FLIGHT)

    async def one(message: Outgoing) -> None:
        async with room:
            if await send_one(client, message):
                outcome.published += 1
            else:
                outcome.repeated += 1

    async with asyncio.TaskGroup() as tasks:
        for message in batch:
            tasks.create_task(one(message))


async def _fewer_than(limit: int, sending: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Wait until fewer than `limit` are on their way, and raise what went wrong with those that are done."""
    while len(sending) >= limit:
        done, sending = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            try:
                task.result()
            except* Problem as problems:
                raise problems.exceptions[0] from None
    return sending
