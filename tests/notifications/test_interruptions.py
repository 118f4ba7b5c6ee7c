"""Senders that die, servers that hang up and a database that goes away between the handing over and its noting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from chassis.ids import uuid7
from chassis.transaction import Database, Tx
from contracts.matching import MatchEnded
from notifications.adapters import db
from notifications.adapters.smtp import Transport
from notifications.handlers import send_next
from tests.builders import match_proposed, pair
from tests.notifications.here import Here
from tests.notifications.sink import DROP, TAKE_AND_DROP, Sink


class Killed(BaseException):
    """The process is gone: nothing after this line is done."""


class Deadly(Transport):
    """A connection whose sender dies as soon as the server has taken the mail."""

    async def send(self, sender: str, recipient: str, content: bytes) -> None:
        await super().send(sender, recipient, content)
        await self.close()
        raise Killed


async def _one_offer(here: Here) -> MatchEnded:
    """One mail is due, Ken's; gives the event after which nobody wants it any more."""
    await here.know_the_pair()
    offer = match_proposed(pair())
    await here.hear(offer)
    await here.sql("DELETE FROM message WHERE channel = 'in_app' OR employee_id = 'E-mentor'")
    await here.sql("DELETE FROM outbox")
    return MatchEnded.model_validate(offer.model_dump() | {"status": "ended", "reason": "member_departed"})


async def _hand_over_and_die(here: Here) -> None:
    with pytest.raises(Killed):
        await send_next(here.database, replace(here.sender, transport=Deadly(here.transport.server, 5)))


async def _settled(here: Here) -> list[tuple[str, str | None, int]]:
    rows = await here.sql(
        "SELECT status, reason, unconfirmed FROM message WHERE kind = 'offer_received' AND channel = 'email'"
    )
    return [tuple(row) for row in rows]


async def test_a_mail_that_is_out_and_no_longer_wanted_is_not_said_to_have_been_held_back(
    here: Here, sink: Sink
) -> None:
    over = await _one_offer(here)
    await _hand_over_and_die(here)
    await here.hear(over, 2)
    await here.sql("DELETE FROM outbox")
    await here.sql("DELETE FROM message WHERE kind <> 'offer_received'")
    await here.due_now()
    await here.send_all()
    assert len(sink.mails) == 1
    assert await _settled(here) == [("suppressed", "stale", 1)]
    assert [(one["event"], one["unconfirmed"]) for one in await here.said()] == [("suppressed", 1)]


async def test_a_mail_whose_sender_died_goes_out_again_under_the_same_message_id(here: Here, sink: Sink) -> None:
    await _one_offer(here)
    await _hand_over_and_die(here)
    await here.due_now()
    await here.send_all()
    first, second = (mail["Message-ID"] for mail in sink.mails)
    assert first == second
    assert await _settled(here) == [("sent", None, 1)]
    assert [(one["event"], one["unconfirmed"]) for one in await here.said()] == [("sent", 1)]


async def test_an_answer_that_is_lost_after_the_contents_leaves_open_whether_it_arrived(here: Here, sink: Sink) -> None:
    over = await _one_offer(here)
    sink.content_answers.append(TAKE_AND_DROP)
    await here.send_all()
    assert (len(sink.mails), await _settled(here)) == (1, [("pending", "unreachable", 1)])
    await here.hear(over, 2)
    await here.due_now()
    await here.send_all()
    assert await _settled(here) == [("suppressed", "stale", 1)]


@pytest.mark.parametrize("answer", ["451 4.3.0 try later", DROP])
async def test_a_mail_that_never_was_on_the_wire_has_certainly_not_arrived(here: Here, sink: Sink, answer: str) -> None:
    over = await _one_offer(here)
    sink.recipient_answers.append(answer)
    await here.send_all()
    await here.hear(over, 2)
    await here.due_now()
    await here.send_all()
    assert await _settled(here) == [("suppressed", "stale", 0)]


async def test_a_later_refusal_does_not_make_an_earlier_attempt_certain(here: Here, sink: Sink) -> None:
    await _one_offer(here)
    await _hand_over_and_die(here)
    sink.recipient_answers.append("550 5.1.1 no such person")
    await here.due_now()
    await here.send_all()
    assert await _settled(here) == [("failed", "refused", 1)]


async def test_a_mail_that_kills_its_sender_each_time_ends_and_says_how_often_it_may_have_arrived(
    here: Here, sink: Sink
) -> None:
    await _one_offer(here)
    for _ in range(here.policy.attempts):
        await here.due_now()
        await _hand_over_and_die(here)
    await here.due_now()
    await here.send_all()
    assert len(sink.mails) == here.policy.attempts == 3
    assert await _settled(here) == [("failed", "unreachable", 3)]
    assert [(one["event"], one["unconfirmed"]) for one in await here.said()] == [("failed", 3)]


async def test_a_sender_keeps_in_mind_what_the_server_said_while_the_database_is_away(
    here: Here, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _one_offer(here)
    transaction, away = Database.transaction, [ConnectionRefusedError, ConnectionResetError]

    @asynccontextmanager
    async def sometimes(database: Database) -> AsyncIterator[Tx]:
        if sink.mails and away:
            raise away.pop()
        async with transaction(database) as tx:
            yield tx

    monkeypatch.setattr(Database, "transaction", sometimes)
    await here.send_all()
    assert not away
    assert await _settled(here) == [("sent", None, 0)]
    await here.due_now()
    assert (await here.send_all(), len(sink.mails)) == (0, 1)


async def test_a_sender_gives_up_what_it_cannot_note_when_its_lease_is_over_and_asks_seldom_until_then(
    here: Here, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _one_offer(here)
    transaction, asked = Database.transaction, []

    @asynccontextmanager
    async def until_sent(database: Database) -> AsyncIterator[Tx]:
        if sink.mails:
            asked.append(1)
            raise ConnectionRefusedError
        async with transaction(database) as tx:
            yield tx

    monkeypatch.setattr(Database, "transaction", until_sent)
    with pytest.raises(ConnectionRefusedError):
        async with asyncio.timeout(20):
            await send_next(here.database, replace(here.sender, lease_seconds=1.2))
    assert 2 <= len(asked) <= 5


async def test_who_has_lost_the_mail_to_another_sender_does_not_hand_it_over(here: Here) -> None:
    await _one_offer(here)
    async with here.database.transaction() as tx:
        slow = await db.claim_mail(tx, uuid7(), 60)
    assert slow is not None
    await here.due_now()
    async with here.database.transaction() as tx:
        quick = await db.claim_mail(tx, uuid7(), 60)
        assert quick is not None
        assert not await db.begin_attempt(tx, slow, 60)
        assert await db.begin_attempt(tx, quick, 60)
