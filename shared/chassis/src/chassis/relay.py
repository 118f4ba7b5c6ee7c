"""The one relay of a database: reads unpublished outbox rows by id, publishes them, marks what was acknowledged.

It holds an advisory lock on the connection that it reads and marks with, so that a relay which lost the lock has
lost the connection too and can mark nothing (that is the fence). No event passes an earlier unpublished event of the
same thing. Many rows go as one atomic batch (ADR-50 of the NATS architecture decisions), few one by one in flight.
While a full read is published the next is read, without what is on its way.
"""

import asyncio
import math
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import asyncpg
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from chassis.failures import DRIVER_ERRORS
from chassis.outbox import CHANNEL
from chassis.publishing import BATCH_ROWS, PublishRefused, publish_batch, publish_one
from chassis.subscription import prefix_of, stream_of
from chassis.tracing import is_anything_kept
from chassis.transaction import KEEPALIVE, Database
from chassis.underway import COLUMNS, Waiting, batches_of, begin_span, outgoing_of, spans_of, waiting_of

log = structlog.get_logger()

LOCK = 7310246
BATCH_FROM = 100
"""From this many rows on a batch is faster than single publishes in flight."""
_IN_FLIGHT = 256
COMMAND_SECONDS = 10.0
IDLE_SECONDS = 30.0
"""The server ends a relay's session that says nothing for so long: with a lost connection its lock would stay."""

_READ = (
    f"SELECT {COLUMNS} FROM outbox"  # noqa: S608
    " WHERE published_at IS NULL AND NOT subject LIKE ANY($2::text[]) AND NOT id <@ $3::int8multirange"
    " ORDER BY id LIMIT $1"
)
_MARK = "UPDATE outbox SET published_at = now() WHERE id = ANY($1::bigint[])"


@dataclass(frozen=True, slots=True)
class Rest:
    """How often in a row a stream refused, and until when (monotonic seconds) it is left alone."""

    failures: int
    until: float


class Relay:
    """Publishes the outbox of one database for as long as it runs."""

    def __init__(
        self,
        database_url: str,
        connection: Callable[[], Client],
        *,
        observe: Callable[[str, int], None] = lambda *_: None,
    ) -> None:
        self._url = database_url
        self._nats = connection
        self._observe = observe
        self._wake = asyncio.Event()
        self.active = False
        self._resting: dict[str, Rest] = {}
        self._ahead: list[Waiting] | None = None
        """What was read while something else was published."""
        self._unmarked: list[int] = []
        """What was published since, and will be marked while the next is."""
        self._more = False
        """Whether the last read was full, so that there may be more."""

    def follow(self, database: Database) -> None:
        """Be woken by the commits of this process at once: while it leads, PostgreSQL has nobody to tell of them.

        A notification costs more than its delivery: PostgreSQL lets those who commit with one do so only in turn.
        """
        database.published = self._wake.set
        database.is_relayed = lambda: self.active

    async def run(self, stopping: asyncio.Event) -> None:
        """Relay until `stopping`; what fails is logged and tried again after a growing pause."""
        watch = asyncio.create_task(self._wake_when(stopping))
        try:
            await self._lead_again_and_again(stopping)
        finally:
            watch.cancel()

    async def _wake_when(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._wake.set()

    async def _lead_again_and_again(self, stopping: asyncio.Event) -> None:
        delay = 0.1
        while not stopping.is_set():
            try:
                await self._lead(stopping)
                delay = 0.1
            except (OSError, *DRIVER_ERRORS) as error:
                # Of its own database alone: what NATS refuses, or does not answer, makes a stream rest in `move`.
                log.warning("relay_waits", reason=type(error).__name__)
            await _pause(stopping, random.uniform(0, delay))  # noqa: S311  full jitter
            delay = min(10.0, delay * 2)

    async def _lead(self, stopping: asyncio.Event) -> None:
        self._ahead, self._unmarked, self._more = None, [], False
        database = await connected(self._url)
        try:
            while not await database.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                await _pause(stopping, 1.0)
                if stopping.is_set():
                    return
            await database.add_listener(CHANNEL, self._heard)
            self.active = True
            while not stopping.is_set():
                self._wake.clear()
                await self.move(database)
                if not self._more and not self._wake.is_set():
                    await self._sleep()
            await self._mark(database, self._unmarked)
        finally:
            self.active = False
            await database.close(timeout=2)

    def _heard(self, *_: object) -> None:
        self._wake.set()

    async def _sleep(self) -> None:
        rested = min((rest.until for rest in self._resting.values()), default=math.inf) - time.monotonic()
        timer = asyncio.get_running_loop().call_later(min(1.0, max(0.01, rested)), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    async def move(self, database: asyncpg.Connection) -> int:
        """Publish what waits, mark it, and give how many rows; a stream that refuses something rests for a while.

        Of a full read the marks follow with the next call, if there is more.
        """
        rows = await self._read(database, []) if self._ahead is None else self._ahead
        self._ahead, self._more = None, len(rows) == BATCH_ROWS
        ahead: list[Waiting] = []
        if self._more:
            done, ahead = await self._while_reading_ahead(database, rows)
        else:
            done = await self._published(rows)
        if ahead and len(done) == len(rows):
            self._ahead, self._unmarked = ahead, done
        else:
            # What was read ahead may follow something that failed, so it is read again.
            await self._mark(database, self._unmarked + done)
            self._unmarked = []
        return len(done)

    async def _while_reading_ahead(
        self, database: asyncpg.Connection, rows: list[Waiting]
    ) -> tuple[list[int], list[Waiting]]:
        publishing = asyncio.ensure_future(self._published(rows))
        try:
            await self._mark(database, self._unmarked)
            self._unmarked = []
            ahead = await self._read(database, [row.id for row in rows])
        finally:
            done = await publishing
        return done, ahead

    async def _read(self, database: asyncpg.Connection, underway: list[int]) -> list[Waiting]:
        now = time.monotonic()
        resting = [f"{prefix_of(stream)}%" for stream, rest in self._resting.items() if rest.until > now]
        return [waiting_of(record) for record in await database.fetch(_READ, BATCH_ROWS, resting, spans_of(underway))]

    async def _mark(self, database: asyncpg.Connection, done: list[int]) -> None:
        if done:
            await database.execute(_MARK, done)
            self._observe("published", len(done))

    async def _published(self, rows: list[Waiting]) -> list[int]:
        """Publish rows, each stream's in their order; gives those that the streams have."""
        by_stream: dict[str, list[Waiting]] = {}
        for row in rows:
            by_stream.setdefault(stream_of(row.subject), []).append(row)
        # What a stream refused may have been erased meanwhile: a rest that is over and has nothing left is forgotten.
        now = time.monotonic()
        self._resting = {one: rest for one, rest in self._resting.items() if rest.until > now or one in by_stream}
        done: list[int] = []
        for stream, waiting in by_stream.items():
            before = len(done)
            try:
                await self._publish(stream, waiting, done)
                self._resting.pop(stream, None)
            except (NatsError, PublishRefused, TimeoutError, ConnectionError) as error:
                self._rest(stream, error, progress=len(done) > before)
        return done

    def _rest(self, stream: str, error: Exception, *, progress: bool) -> None:
        """Leave a stream alone for 0.1 to 10 s with full jitter; the others go on meanwhile."""
        failures = 1 if progress or stream not in self._resting else self._resting[stream].failures + 1
        pause = min(10.0, 0.1 * 2 ** min(failures, 10)) * random.uniform(0, 1)  # noqa: S311
        self._resting[stream] = Rest(failures, time.monotonic() + pause)
        log.warning("relay_refused", stream=stream, reason=type(error).__name__, code=getattr(error, "code", None))

    async def _publish(self, stream: str, rows: list[Waiting], done: list[int]) -> None:
        if is_anything_kept():
            for row in rows:
                begin_span(row)
        if len(rows) < BATCH_FROM:
            await self._singly(stream, rows, done)
            return
        for batch in batches_of(rows):
            try:
                await publish_batch(self._nats(), stream, map(outgoing_of, batch))
                done.extend(row.id for row in batch)
            except PublishRefused as refused:
                # A duplicate, or a server without batches: each row on its own says which it is.
                log.info("batch_refused", stream=stream, code=refused.code, rows=len(batch))
                await self._singly(stream, batch, done)

    async def _singly(self, stream: str, rows: Sequence[Waiting], done: list[int]) -> None:
        things: dict[str, list[Waiting]] = {}
        for row in rows:
            things.setdefault(row.thing, []).append(row)
        if len(rows) == 1:
            await publish_one(self._nats(), stream, outgoing_of(rows[0]))
            done.append(rows[0].id)
            return
        room = asyncio.Semaphore(_IN_FLIGHT)

        async def in_order(waiting: list[Waiting]) -> None:
            for row in waiting:
                async with room:
                    await publish_one(self._nats(), stream, outgoing_of(row))
                done.append(row.id)

        results = await asyncio.gather(*(in_order(waiting) for waiting in things.values()), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result


async def connected(database_url: str) -> asyncpg.Connection:
    """The connection that a relay holds its lock on, reads and marks with."""
    return await asyncpg.connect(
        database_url,
        timeout=5,
        command_timeout=COMMAND_SECONDS,
        server_settings={
            **KEEPALIVE,
            "idle_session_timeout": str(int(IDLE_SECONDS * 1000)),
            # The index has what waits in its order. Before PostgreSQL has counted anew, it takes a backlog of thousands
            # for a few rows, and would read and sort all of it each time.
            "enable_sort": "off",
        },
    )


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
