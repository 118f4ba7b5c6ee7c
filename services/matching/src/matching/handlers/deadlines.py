"""The clock of a run's offers: all of them have one deadline, and one reminder before it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.transaction import Tx
from matching.adapters.db import matches
from matching.domain.offers import Match, Step, expire, remind
from matching.domain.programmes import Programme
from matching.handlers.steps import take_step

EXPIRE = "expire-offers"
REMIND = "remind-of-offers"
"""Timers; their key is the run's id."""


async def set_clock(tx: Tx, run_id: UUID, programme: Programme, respond_by: datetime) -> None:
    """Set the deadline of a run's offers and the reminder before it.

    Nobody takes the timers back when an offer is settled: whoever answers would wait for a timer that fires just
    then, and it for them. A timer that finds nothing open does nothing.
    """
    await tx.schedule(EXPIRE, str(run_id), respond_by)
    ahead = programme.remind_before_seconds
    if 0 < ahead < programme.respond_within_seconds:
        await tx.schedule(REMIND, str(run_id), respond_by - timedelta(seconds=ahead))


async def expire_offers(tx: Tx, run_id: str, _: dict[str, Any]) -> None:
    """The deadline has come: what is not settled expires."""
    offers = await matches.lock_offers_of_run(tx, UUID(run_id))
    if offers and tx.now < offers[0].respond_by:
        # The database's clock, which called, is ahead of ours.
        await tx.schedule(EXPIRE, run_id, offers[0].respond_by + (offers[0].respond_by - tx.now))
        return
    await _each(tx, offers, expire)


async def remind_of_offers(tx: Tx, run_id: str, _: dict[str, Any]) -> None:
    """The deadline is near: those who have not answered are named."""
    await _each(tx, await matches.lock_offers_of_run(tx, UUID(run_id)), remind)


async def _each(tx: Tx, offers: list[Match], do: Callable[[Match, datetime], Step]) -> None:
    for offer in offers:
        await take_step(tx, do(offer, tx.now))
