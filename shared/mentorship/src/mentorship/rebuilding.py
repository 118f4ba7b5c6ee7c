"""Rebuilds projections from their streams: stop the consumers, empty the tables, hear everything again, compare."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

import asyncpg
from nats.aio.client import Client

from mentorship.problem import Problem
from mentorship.topology import Consumer, jetstream
from mentorship.topology.provision import consumer_wanted

_PAUSE = timedelta(minutes=10)
_IN_HAND_SECONDS = 75.0
"""A little over ack_wait: by then a message that somebody still has in hand is settled or given up."""
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Content:
    """How many rows a table has, and a checksum over all of them in any order."""

    rows: int
    checksum: int


@dataclass(frozen=True)
class Rebuilt:
    """A table before and after."""

    table: str
    before: Content
    after: Content


def projections(consumers: Sequence[Consumer], service: str, name: str | None) -> list[Consumer]:
    """The durables of a service's projections, or those of the one named; a Problem where it is none."""
    own = [one for one in consumers if one.owner == service]
    if not own:
        raise Problem(f"There is no service {service} in the topology.")
    chosen = [one for one in own if name is None or name in {one.name, one.name.removeprefix(f"{service}-")}]
    if not chosen:
        raise Problem(f"{service} has no consumer {name}: it has {', '.join(sorted({one.name for one in own}))}.")
    if name is not None and not all(one.tables for one in chosen):
        raise Problem(f"{chosen[0].name} has effects and cannot be replayed: only projections can.")
    chosen = [one for one in chosen if one.tables]
    if not chosen:
        raise Problem(f"{service} has no projections.")
    tables = {table for one in chosen for table in one.tables}
    if sharing := sorted(one.name for one in own if one not in chosen and tables & set(one.tables)):
        raise Problem(f"These keep the same tables and must be replayed with it: {', '.join(sharing)}.")
    return chosen


async def stop(nc: Client, durables: Sequence[Consumer]) -> None:
    """Pause the durables and return when nothing that they delivered is in anybody's hand."""
    until = (datetime.now(UTC) + _PAUSE).isoformat().replace("+00:00", "Z")
    for one in durables:
        await jetstream.call(nc, f"CONSUMER.PAUSE.{one.stream}.{one.name}", {"pause_until": until})
    deadline = monotonic() + _IN_HAND_SECONDS
    while await _in_hand(nc, durables):
        if monotonic() > deadline:
            return  # held by somebody who is gone; whatever comes of it is refused by version or identity
        await asyncio.sleep(0.1)


async def empty(connection: asyncpg.Connection, durables: Sequence[Consumer]) -> None:
    """Empty the projections' tables and forget what the durables have handled, in one transaction."""
    async with connection.transaction():
        # In the order in which a handler takes them: the inbox first. No other handler gets between.
        await connection.execute("LOCK TABLE inbox IN SHARE ROW EXCLUSIVE MODE")
        for table in tables_of(durables):
            await connection.execute(f"DELETE FROM {_quoted(table)}")  # noqa: S608  a name from our own topology
        names = sorted({one.name for one in durables})
        await connection.execute("DELETE FROM inbox WHERE consumer = ANY($1::text[])", names)
        await connection.execute("DELETE FROM inbox_failure WHERE consumer = ANY($1::text[])", names)


async def begin_anew(nc: Client, durables: Sequence[Consumer]) -> int:
    """Make the durables again from the first message on; gives how many messages they have before them."""
    total = 0
    for one in durables:
        await jetstream.call(nc, f"CONSUMER.DELETE.{one.stream}.{one.name}")
        await jetstream.create_consumer(nc, one.stream, consumer_wanted(one), action="create")
        total += await _left(nc, one)
    return total


async def caught_up(nc: Client, durables: Sequence[Consumer], total: int, heard: Callable[[int], None]) -> None:
    """Return when the durables have handled everything, telling `heard` how many more are done."""
    done, moved_at = 0, monotonic()
    while left := sum([await _left(nc, one) for one in durables]):
        if total - left > done:
            heard(total - left - done)
            done, moved_at = total - left, monotonic()
        elif monotonic() - moved_at > _PATIENCE_SECONDS:
            raise Problem(
                f"{left} messages wait and none is handled: is the service up? It goes on by itself once it is."
            )
        await asyncio.sleep(0.1)
    heard(total - done)


async def contents(connection: asyncpg.Connection, durables: Sequence[Consumer]) -> dict[str, Content]:
    """What the projections hold now."""
    found = {}
    for table in tables_of(durables):
        query = f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {_quoted(table)} t"  # noqa: S608
        [(rows, checksum)] = await connection.fetch(query)
        found[table] = Content(rows, int(checksum))
    return found


def tables_of(durables: Sequence[Consumer]) -> list[str]:
    """The tables that these durables keep."""
    return sorted({table for one in durables for table in one.tables})


async def _in_hand(nc: Client, durables: Sequence[Consumer]) -> int:
    return sum([(await _info(nc, one))["num_ack_pending"] for one in durables])


async def _left(nc: Client, one: Consumer) -> int:
    info = await _info(nc, one)
    return int(info["num_pending"]) + int(info["num_ack_pending"])


async def _info(nc: Client, one: Consumer) -> jetstream.Config:
    info = await jetstream.consumer_info(nc, one.stream, one.name)
    if info is None:
        raise Problem(f"The durable {one.name} on {one.stream} is missing: run `mentorship topology apply`.")
    return info


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
