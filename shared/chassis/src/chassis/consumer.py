"""How a durable is worked off: a batch in one transaction, one by one if that fails, and every message settled.

Done, duplicate or stale: commit, then ack. Transient: nak with a growing delay. Permanent, eight counted failures,
or a message that leaves no outcome (it kills the process): a dead letter, then term.
"""

import asyncio
import heapq
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from opentelemetry import trace

from chassis import inbox
from chassis.cloudevents import CloudEvent
from chassis.deadletters import bury, given_up_of, letter_of
from chassis.delivery import Delivery, read
from chassis.failures import Meaning, meaning_of, reason_of
from chassis.handling import Handling
from chassis.subscription import Subscription
from chassis.tracing import finish_spans, start_spans
from chassis.transaction import Database
from chassis.wire import acknowledge

log = structlog.get_logger()

MAX_FAILURES = 8
MAX_SILENT_DELIVERIES = 12
MAX_ALONE = 3
MAX_WAITING = 5_000
_MAX_DELAY = 300.0
_STILL_WORKING_EVERY = 15.0


class Consumer:
    """Works off one durable: the messages of one subscription in one stream."""

    def __init__(  # noqa: PLR0913
        self,
        service: str,
        subscription: Subscription,
        stream: str,
        database: Database,
        *,
        refusals: tuple[type[Exception], ...] = (),
        retry_base: float = 1.0,
        time_limit: float = 20.0,
        refuse: Callable[[CloudEvent], str | None] = lambda _: None,
        observe: Callable[[str, str, int, float], None] = lambda *_: None,
    ) -> None:
        self.service = service
        self.subscription = subscription
        self.stream = stream
        self.durable = f"{service}-{subscription.name}"
        self.database = database
        self.started_at = time.time()
        self.last_stored_at = 0.0
        self.stopping = asyncio.Event()
        self.turned: Callable[[], None] = lambda: None
        self._refusals = refusals
        self._retry_base = retry_base
        self._refuse = refuse
        self._observe = observe
        self.handling = Handling(self.durable, subscription, database, time_limit)
        self.events = {event.subject: event for event in subscription.events}
        self._waiting: list[float] = []
        self.jetstream: JetStreamContext | None = None

    def paused(self) -> bool:
        """Whether so many messages wait for a retry that no more should be fetched."""
        return self.waiting >= MAX_WAITING

    @property
    def waiting(self) -> int:
        """Messages that were put back with a delay that has not passed."""
        now = time.monotonic()
        while self._waiting and self._waiting[0] <= now:
            heapq.heappop(self._waiting)
        return len(self._waiting)

    async def handle(self, messages: Sequence[Msg]) -> None:
        """Handle and settle a fetched batch."""
        started = time.perf_counter()
        deliveries = [read(message, self.events) for message in messages]
        start_spans(deliveries, self.durable)
        try:
            await self._settle(self._sorted_out(deliveries))
        except asyncio.CancelledError:
            # The process is told to stop and this takes too long: somebody else may have it at once.
            await self._answer(*(one.message.nak for one in deliveries if not one.message.is_acked))
            raise
        self.last_stored_at = deliveries[-1].stored_at
        finish_spans(deliveries)
        handled = sum(delivery.handled for delivery in deliveries)
        self._observe(self.durable, "handled", handled, time.perf_counter() - started)

    def _sorted_out(self, deliveries: Sequence[Delivery]) -> tuple[list[Delivery], list[Delivery], list[Delivery]]:
        """Refused; suspected of killing; and the rest with their further copies behind."""
        refused, suspects, sound = [], [], []
        for delivery in deliveries:
            self.judge(delivery)
            if delivery.refused:
                refused.append(delivery)
            elif delivery.deliveries >= MAX_SILENT_DELIVERIES:
                suspects.append(delivery)
            else:
                sound.append(delivery)
        return refused, suspects, sound

    async def _settle(self, groups: tuple[list[Delivery], list[Delivery], list[Delivery]]) -> None:
        refused, suspects, sound = groups
        if later := [delivery for delivery in refused if self._is_of_later(delivery)]:
            await self._put_back(later, Meaning.TRANSIENT, "later_version")
            refused = [delivery for delivery in refused if not self._is_of_later(delivery)]
        if refused and await self._told(refused):
            for delivery in refused:
                await self._bury(delivery, delivery.refused or "undecodable")
        if sound:
            await self._together(sound)
        for delivery in suspects:
            await self._alone(delivery)

    def _is_of_later(self, delivery: Delivery) -> bool:
        """Whether only a later version hears this: its durable, which it shares with us, has more subjects."""
        return self.subscription.everything_under is None and delivery.subject not in self.events

    def judge(self, delivery: Delivery) -> None:
        """Note why a message that can be read is not taken all the same, if so."""
        if delivery.refused is None and delivery.envelope is not None:
            delivery.refused = self._refuse(delivery.envelope)

    async def _told(self, deliveries: list[Delivery], reason: str = "") -> bool:
        """Whether the service knows what is about to be given up; if not, it is tried again later."""
        if self.subscription.given_up is None:
            return True
        try:
            async with self.database.transaction() as tx:
                await self.subscription.given_up(tx, [given_up_of(one, reason) for one in deliveries])
        except Exception as error:  # noqa: BLE001  whatever it is, nothing is given up unheard
            await self._put_back(deliveries, meaning_of(error, self._refusals), reason_of(error))
            return False
        return True

    async def _together(self, deliveries: list[Delivery]) -> None:
        try:
            outcome = await self.handling.attempt(deliveries)
        except Exception as error:  # noqa: BLE001  every failure is classified and settled
            if len(deliveries) == 1 or meaning_of(error, self._refusals) is Meaning.DATABASE_AWAY:
                await self._failed(deliveries, error)
            else:
                await self._one_by_one(deliveries)
            return
        await self._done(deliveries, outcome)

    async def _one_by_one(self, deliveries: list[Delivery]) -> None:
        told = time.monotonic()
        for position, delivery in enumerate(deliveries):
            self.turned()
            if time.monotonic() - told > _STILL_WORKING_EVERY:
                told = time.monotonic()
                await self._answer(*(waiting.message.in_progress for waiting in deliveries[position:]))
            try:
                outcome = await self.handling.attempt([delivery])
            except Exception as error:  # noqa: BLE001  every failure is classified and settled
                if meaning_of(error, self._refusals) is Meaning.DATABASE_AWAY:
                    await self._failed(deliveries[position:], error)
                    return
                await self._failed([delivery], error)
            else:
                await self._done([delivery], outcome)

    async def _done(self, deliveries: list[Delivery], claims: inbox.Claims) -> None:
        good = []
        for delivery in deliveries:
            if claims.is_reused(delivery.identity, delivery.digest):
                await self._bury(delivery, "identity_reused")
            else:
                delivery.handled = True
                good.append(delivery.message)
        if good:
            await self._answer(lambda: acknowledge(good))

    async def _failed(self, deliveries: list[Delivery], error: BaseException) -> None:
        meaning = meaning_of(error, self._refusals)
        reason = reason_of(error)
        for delivery in deliveries:
            if delivery.span:
                delivery.span.set_attribute("error.type", reason)
                delivery.span.set_status(trace.StatusCode.ERROR, meaning.value)
        if meaning is Meaning.PERMANENT:
            for delivery in deliveries:
                await self._bury(delivery, reason)
            return
        if meaning is Meaning.UNKNOWN:
            for delivery in deliveries:
                await self._counted(delivery, reason)
            return
        await self._put_back(deliveries, meaning, meaning.value)

    async def _counted(self, delivery: Delivery, reason: str) -> None:
        try:
            async with self.database.transaction() as tx:
                failures = await inbox.count_failure(tx.connection, self.durable, delivery.identity, reason)
        except Exception:  # noqa: BLE001  the database went away with the handler: an outage is not poison
            await self._put_back([delivery], Meaning.DATABASE_AWAY, Meaning.DATABASE_AWAY.value)
            return
        if failures >= MAX_FAILURES:
            await self._bury(delivery, reason)
        else:
            await self._put_back([delivery], Meaning.UNKNOWN, reason, failures)

    async def _alone(self, delivery: Delivery) -> None:
        try:
            async with self.database.transaction() as tx:
                attempts = await inbox.begin_alone(tx.connection, self.durable, delivery.identity)
        except Exception as error:  # noqa: BLE001  every failure is classified and settled
            await self._failed([delivery], error)
            return
        if attempts > MAX_ALONE:
            await self._bury(delivery, "no_outcome")
            return
        await self._together([delivery])
        try:
            async with self.database.transaction() as tx:
                await inbox.end_alone(tx.connection, self.durable, delivery.identity)
        except Exception as error:  # noqa: BLE001  at worst it is tried alone once more
            log.warning("outcome_not_noted", consumer=self.durable, reason=reason_of(error))

    async def _put_back(
        self, deliveries: Sequence[Delivery], meaning: Meaning, reason: str, failures: int | None = None
    ) -> None:
        """Have messages delivered again later, and handle nothing while the database is away."""
        delays = [self._delay(failures or delivery.deliveries) for delivery in deliveries]
        for delay in delays:
            heapq.heappush(self._waiting, time.monotonic() + delay)
        # One line however many they are: in an outage thousands are put back.
        log.info(
            "retry_later",
            consumer=self.durable,
            messages=len(deliveries),
            identity=str(deliveries[0].identity),
            reason=reason,
            delay=round(max(delays), 3),
        )
        self._observe(self.durable, "retried", len(deliveries), 0.0)
        await self._answer(
            *(partial(one.message.nak, delay=delay) for one, delay in zip(deliveries, delays, strict=True))
        )
        if meaning is Meaning.DATABASE_AWAY:
            await self._until_database_answers()

    def _delay(self, attempts: int) -> float:
        longest = min(_MAX_DELAY, self._retry_base * 2.0 ** min(attempts - 1, 12))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  jitter

    async def _bury(self, delivery: Delivery, reason: str) -> None:
        if not delivery.refused and not await self._told([delivery], reason):
            return
        letter = letter_of(self.durable, delivery, reason)
        try:
            if self.jetstream is None:
                raise ConnectionError("not connected")
            await bury(self.jetstream, self.service, letter)
        except (NatsError, ConnectionError, TimeoutError):
            await self._put_back([delivery], Meaning.TRANSIENT, "dead_letter_refused")
            return
        log.warning("dead_letter", consumer=self.durable, identity=str(delivery.identity), reason=reason)
        if delivery.span:
            delivery.span.set_attribute("error.type", reason)
            delivery.span.set_status(trace.StatusCode.ERROR, "dead_letter")
        self._observe(self.durable, "dead_lettered", 1, 0.0)
        await self._answer(delivery.message.term)

    async def _answer(self, *settle: Callable[[], Awaitable[None]]) -> None:
        refused: list[NatsError] = []
        for answer in settle:
            try:
                await answer()
            except NatsError as error:
                refused.append(error)
        if refused:
            # They come again after ack_wait; the inbox row makes that harmless.
            reason = type(refused[0]).__name__
            log.info("not_settled", consumer=self.durable, messages=len(refused), reason=reason)

    async def _until_database_answers(self) -> None:
        began, delay = time.monotonic(), 0.1
        while not self.stopping.is_set():
            self.turned()
            if await self.database.answers():
                log.info("database_back", consumer=self.durable, seconds=round(time.monotonic() - began, 1))
                return
            await asyncio.sleep(delay)
            delay = min(5.0, delay * 2)
