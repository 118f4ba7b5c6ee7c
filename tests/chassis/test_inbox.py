"""What is claimed in the inbox, and what is counted beside it."""

import asyncio
from contextlib import suppress
from uuid import UUID

from sqlalchemy import text

from chassis import inbox
from chassis.transaction import Database

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


async def claim(database: Database, *ids: UUID, digest: bytes = b"d", consumer: str = "probe-echo") -> inbox.Claims:
    async with database.transaction() as tx:
        return await inbox.claim(tx.connection, consumer, [(identity, digest) for identity in ids])


async def test_an_event_is_claimed_once_by_each_consumer_until_its_claim_is_undone(database: Database) -> None:
    with suppress(ZeroDivisionError):
        async with database.transaction() as tx:
            await inbox.claim(tx.connection, "probe-echo", [(ONE, b"d"), (TWO, b"d")])
            raise ZeroDivisionError
    assert (await claim(database, ONE)).new == {ONE}
    assert (await claim(database, ONE)) == inbox.Claims(frozenset(), {ONE: b"d"})
    assert (await claim(database, ONE, TWO, digest=b"e")) == inbox.Claims(frozenset({TWO}), {ONE: b"d", TWO: b"e"})
    assert (await claim(database, ONE, TWO, digest=b"f")) == inbox.Claims(frozenset(), {ONE: b"d", TWO: b"e"})
    assert (await claim(database, ONE, consumer="probe-other")).new == {ONE}


async def test_two_who_claim_the_same_events_in_other_orders_do_not_deadlock(database: Database) -> None:
    async with database.transaction() as tx:
        await inbox.claim(tx.connection, "probe-echo", [(ONE, b"d")])
        other = asyncio.create_task(claim(database, THREE, TWO, ONE))
        blocked = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
        while not await tx.connection.scalar(blocked):  # noqa: ASYNC110 - the server sets no event
            await asyncio.sleep(0.02)
        # The other waits for the first and has not taken the last before it.
        await tx.connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        assert (await inbox.claim(tx.connection, "probe-echo", [(TWO, b"d"), (THREE, b"d")])).new == {TWO, THREE}
    assert (await other).new == frozenset()


async def test_failures_are_counted_by_consumer_and_event_and_clear_the_suspicion(database: Database) -> None:
    async with database.transaction() as tx:
        assert [await inbox.begin_alone(tx.connection, "a", ONE) for _ in range(2)] == [1, 2]
        assert [await inbox.count_failure(tx.connection, "a", ONE, "why") for _ in range(3)] == [1, 2, 3]
        assert await inbox.begin_alone(tx.connection, "a", ONE) == 1
        assert await inbox.count_failure(tx.connection, "a", TWO, "why") == 1
        assert await inbox.count_failure(tx.connection, "b", ONE, "why") == 1
        await inbox.forget_failures(tx.connection, "a", [ONE])
        assert await inbox.count_failure(tx.connection, "a", ONE, "why") == 1
        assert await inbox.count_failure(tx.connection, "b", ONE, "why") == 2
