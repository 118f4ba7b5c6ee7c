"""Sending mail against a real SMTP server that takes, refuses, fails for a while or hangs up."""

import asyncio

import pytest

from chassis.ids import uuid7
from notifications.adapters import db
from notifications.adapters.smtp import Server, Transport, Unreachable
from notifications.handlers import Sender, send_next
from tests.builders import match_proposed, pair
from tests.notifications.here import Here, relationship_opened
from tests.notifications.sink import DROP, Sink, body_of


async def _one_mail(here: Here) -> None:
    """Exactly one mail is due: Ken's, whose address is known."""
    await here.know_the_pair()
    await here.hear(match_proposed(pair()))
    await here.sql("DELETE FROM message WHERE channel = 'in_app' OR employee_id = 'E-mentor'")
    await here.sql("DELETE FROM outbox")


async def _try_again(here: Here) -> None:
    await here.due_now()
    await here.send_all()


async def test_a_refused_recipient_ends_the_message_visibly_and_at_once(here: Here, sink: Sink) -> None:
    await _one_mail(here)
    sink.recipient_answers.append("550 5.1.1 no such person as ken@example.com")
    await here.send_all()
    await _try_again(here)
    assert sink.envelopes == []
    assert await here.messages() == [("E-mentee", "offer_received", "failed", "refused")]
    (said,) = await here.said()
    assert (said["event"], said["reason"]) == ("failed", "refused")
    assert "ken@" not in str(said)


async def test_refused_contents_end_the_message_too(here: Here, sink: Sink) -> None:
    await _one_mail(here)
    sink.content_answers.append("554 5.7.1 no")
    await here.send_all()
    assert await here.messages() == [("E-mentee", "offer_received", "failed", "refused")]


@pytest.mark.parametrize("when", ["recipient", "content"])
@pytest.mark.parametrize("failure", ["451 4.3.0 try later", DROP])
async def test_a_passing_failure_is_tried_again_under_the_same_message_id(
    here: Here, sink: Sink, when: str, failure: str
) -> None:
    await _one_mail(here)
    getattr(sink, f"{when}_answers").append(failure)
    claimed = await here.sql("SELECT next_attempt_at FROM message")
    await here.send_all()
    assert sink.envelopes == []
    waiting = await here.sql("SELECT status, attempts, next_attempt_at FROM message")
    assert (waiting[0].status, waiting[0].attempts) == ("pending", 1)
    assert waiting[0].next_attempt_at > claimed[0].next_attempt_at
    await _try_again(here)
    (mail,) = sink.mails
    (message_id,) = await here.message_ids()
    assert mail["Message-ID"] == f"<{message_id}@company.example>"
    assert [one["event"] for one in await here.said()] == ["sent"]


async def test_after_its_last_attempt_a_message_fails_visibly(here: Here, sink: Sink) -> None:
    await _one_mail(here)
    sink.recipient_answers.extend(["451 later"] * 10)
    for _ in range(5):
        await _try_again(here)
    assert len(sink.recipient_answers) == 7
    (said,) = await here.said()
    assert (said["event"], said["reason"]) == ("failed", "unreachable")


async def test_nobody_listening_is_a_passing_failure(here: Here) -> None:
    await _one_mail(here)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    assert await send_next(
        here.database, Sender(here.letters, Transport(Server.of(f"smtp://127.0.0.1:{port}")), here.policy)
    )
    assert (await here.messages())[0][2:] == ("pending", "unreachable")


async def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    over = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        transport = Transport(Server.of(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"), seconds=0.2)
        with pytest.raises(Unreachable):
            async with asyncio.timeout(5):
                await transport.send("a@example.com", "b@example.com", b"x")
        over.set()


async def test_somebody_without_an_address_gets_it_when_the_address_comes(here: Here, sink: Sink) -> None:
    await here.know("E-mentor")
    await here.hear(match_proposed(pair()))
    await here.send_all()
    assert ("E-mentee", "offer_received", "pending", "no_address") in await here.messages()
    await here.know("E-mentee", email="ken@example.com")
    await _try_again(here)
    assert len(sink.to("ken@example.com")) == 1


async def test_an_address_that_never_comes_is_a_visible_failure(here: Here) -> None:
    await here.hear(match_proposed(pair()))
    for _ in range(4):
        await _try_again(here)
    failed = [one for one in await here.said() if one["event"] == "failed"]
    assert {(one["employee_id"], one["reason"]) for one in failed} == {
        ("E-mentee", "no_address"),
        ("E-mentor", "no_address"),
    }


async def test_many_senders_send_each_mail_once(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    for _ in range(20):
        await here.hear(match_proposed(pair()))

    async def work() -> None:
        sender = Sender(here.letters, Transport(here.transport.server), here.policy)
        while await send_next(here.database, sender):
            pass
        await sender.transport.rest()

    await asyncio.gather(*(work() for _ in range(5)))
    ids = [mail["Message-ID"] for mail in sink.mails]
    assert len(ids) == len(set(ids)) == 40
    assert sink.connections <= 5


async def test_the_mail_of_a_sender_that_died_is_taken_over_after_its_lease(here: Here, sink: Sink) -> None:
    await _one_mail(here)
    async with here.database.transaction() as tx:
        died = await db.claim_mail(tx, uuid7(), 60)
    assert died is not None
    assert await here.send_all() == 0
    await _try_again(here)
    assert len(sink.mails) == 1
    async with here.database.transaction() as tx:
        assert not await db.mark_settled(tx, died, "sent", None)  # it was not dead after all: it settles nothing more


async def test_no_connection_is_opened_per_mail(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    for _ in range(5):
        await here.hear(relationship_opened())
    await here.send_all()
    assert (len(sink.mails), sink.connections) == (10, 1)


async def test_a_connection_that_the_server_closed_meanwhile_costs_no_mail(here: Here, sink: Sink) -> None:
    await _one_mail(here)
    sink.recipient_answers.append("550 gone")
    await here.send_all()
    await here.hear(relationship_opened())
    await here.send_all()
    assert len(sink.to("ken@example.com")) == 1


async def test_an_address_outside_ascii_is_delivered_as_it_is(here: Here, sink: Sink) -> None:
    await here.know("E-mentor", display_name="Zoë", email="zoë@bücher.example")
    await here.know("E-mentee")
    await here.hear(match_proposed(pair()))
    await here.send_all()
    (mail,) = sink.to("zoë@xn--bcher-kva.example")
    assert "Hello Zoë" in body_of(mail)
