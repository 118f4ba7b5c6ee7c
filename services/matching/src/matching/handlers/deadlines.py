"""The clock of offers: those of a run have one deadline and one reminder, every later offer has its own."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.transaction import Tx
from matching.adapters.db import matches
from matching.domain.cascade import goes_on_after_expiry
from matching.domain.offers import Match, Step, expire, remind
from matching.domain.programmes import Programme
from matching.handlers.steps import take_steps

EXPIRE = "expire-offers"
REMIND = "remind-of-offers"
"""Timers; their key is the run's id."""
EXPIRE_ONE = "expire-offer"
REMIND_ONE = "remind-of-offer"
"""The same for an offer that no run made; their key is the match's id."""
CASCADE = "offer-next"
"""Timer that looks for the next candidate; its key is the id of the match that came to nothing."""
_AT_ONCE = 1000
_SKEW = timedelta(minutes=1)
"""Clocks that differ by more than this are somebody else's trouble."""


async def set_clock(tx: Tx, run_id: UUID, programme: Programme, respond_by: datetime) -> None:
    """Set the deadline of a run's offers and the reminder before it.

    Nobody takes the timers back when an offer is settled: whoever answers would wait for a timer that fires just
    then, and it for them. A timer that finds nothing open does nothing.
    """
    await _set(tx, EXPIRE, REMIND, str(run_id), programme, respond_by)


async def set_clock_of_one(tx: Tx, match: Match, programme: Programme) -> None:
    """Set the deadline of a single offer and the reminder before it."""
    await _set(tx, EXPIRE_ONE, REMIND_ONE, str(match.id), programme, match.respond_by)


async def _set(tx: Tx, expiry: str, reminder: str, key: str, programme: Programme, respond_by: datetime) -> None:
    await tx.schedule(expiry, key, respond_by)
    ahead = programme.remind_before_seconds
    if 0 < ahead < programme.respond_within_seconds:
        await tx.schedule(reminder, key, respond_by - timedelta(seconds=ahead))


async def expire_offers(tx: Tx, run_id: str, _: dict[str, Any]) -> None:
    """The deadline of a run's offers has come: what is not settled expires, some of it at a time."""
    offers = await matches.lock_offers_of_run(tx, UUID(run_id), None, _AT_ONCE)
    await _expire(tx, offers)
    if late := [offer.respond_by for offer in offers if offer.respond_by > tx.now]:
        await tx.schedule(EXPIRE, run_id, _again(tx, min(late)))
    elif len(offers) == _AT_ONCE:
        await tx.schedule(EXPIRE, run_id, tx.now)


async def expire_offer(tx: Tx, match_id: str, _: dict[str, Any]) -> None:
    """The deadline of one offer has come."""
    offer = await matches.lock_match(tx, UUID(match_id))
    if offer is None:
        return
    if offer.status == "proposed" and offer.respond_by > tx.now:
        await tx.schedule(EXPIRE_ONE, match_id, _again(tx, offer.respond_by))
    await _expire(tx, [offer])


async def remind_of_offers(tx: Tx, run_id: str, payload: dict[str, Any]) -> None:
    """The deadline is near: those who have not answered are named, some of them at a time."""
    after = UUID(payload["after"]) if "after" in payload else None
    offers = await matches.lock_offers_of_run(tx, UUID(run_id), after, _AT_ONCE)
    await _each(tx, offers, remind)
    if len(offers) == _AT_ONCE:
        await tx.schedule(REMIND, run_id, tx.now, {"after": str(offers[-1].id)})


async def remind_of_offer(tx: Tx, match_id: str, _: dict[str, Any]) -> None:
    """The deadline of one offer is near."""
    offer = await matches.lock_match(tx, UUID(match_id))
    if offer is not None:
        await _each(tx, [offer], remind)


async def offer_next(tx: Tx, match: Match) -> None:
    """Have the next candidate looked for, in a transaction of its own: it has other people to lock."""
    await tx.schedule(CASCADE, str(match.id), tx.now)


async def _expire(tx: Tx, offers: Sequence[Match]) -> None:
    for step in await _each(tx, offers, expire):
        if goes_on_after_expiry(step.match):
            await offer_next(tx, step.match)


async def _each(tx: Tx, offers: Sequence[Match], do: Callable[[Match, datetime], Step]) -> list[Step]:
    steps = [step for step in (do(offer, tx.now) for offer in offers) if step.events]
    await take_steps(tx, steps)
    return steps


def _again(tx: Tx, due: datetime) -> datetime:
    """When to look again for what is not due yet: the database's clock, which called, may be ahead of ours."""
    return due + min(due - tx.now, _SKEW)
