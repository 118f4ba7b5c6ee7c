"""How deliveries are handled: claimed, given to the handler and committed, in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import trace

from chassis import inbox
from chassis.delivery import Delivery
from chassis.subscription import Subscription
from chassis.tracing import span_of
from chassis.transaction import Database, Tx

Audit = Callable[[Tx, inbox.Claims], Awaitable[None]]


class Handling:
    """Handles what a durable delivers, each event once; it settles nothing."""

    def __init__(self, durable: str, subscription: Subscription, database: Database, time_limit: float) -> None:
        self._durable = durable
        self._subscription = subscription
        self._database = database
        self._time_limit = time_limit

    async def attempt(self, deliveries: list[Delivery], audit: Audit | None = None) -> inbox.Claims:
        """Claim and handle deliveries in one transaction; raises what the handler raises."""
        try:
            async with asyncio.timeout(self._time_limit):
                return await self._attempt(deliveries, audit)
        except TimeoutError:
            self._database.distrust()
            raise

    async def _attempt(self, deliveries: list[Delivery], audit: Audit | None) -> inbox.Claims:
        first: dict[Any, Delivery] = {}
        for delivery in deliveries:
            first.setdefault(delivery.identity, delivery)
        async with self._database.transaction() as tx:
            claims = await inbox.claim(
                tx.connection, self._durable, [(identity, delivery.digest) for identity, delivery in first.items()]
            )
            new = list(first.values())
            if len(claims.new) < len(new):
                new = [delivery for identity, delivery in first.items() if identity in claims.new]
            if new:
                await self._call(tx, new)
            if self._subscription.copies and len(new) < len(deliveries):
                handled = {id(delivery) for delivery in new}
                copies = [one.received for one in deliveries if one.received and id(one) not in handled]
                if copies:
                    await self._subscription.copies(tx, copies)
            if any(delivery.deliveries > 1 for delivery in deliveries):
                await inbox.forget_failures(tx.connection, self._durable, list(first))
            if audit:
                await audit(tx, claims)
        return claims

    async def _call(self, tx: Tx, deliveries: list[Delivery]) -> None:
        if self._subscription.kind != "each":
            with _within(deliveries[0]):
                await self._subscription.handler(tx, [delivery.received for delivery in deliveries])
            return
        for delivery in deliveries:
            tx.cause = delivery.received
            with _within(delivery):
                await self._subscription.handler(tx, delivery.received)
        tx.cause = None


def _within(delivery: Delivery) -> AbstractContextManager[trace.Span]:
    """The message's span, which hears of no exception: its text may be somebody's, and another attempt may succeed."""
    return trace.use_span(span_of(delivery), end_on_exit=False, record_exception=False, set_status_on_exception=False)
