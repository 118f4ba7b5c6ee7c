"""The inbox, preferences and unsubscribing over HTTP."""

import asyncio
from uuid import uuid4

import pytest

from notifications.domain.kinds import RULES, Kind
from notifications.domain.unsubscribing import Signer
from tests.builders import match_activated, match_proposed
from tests.notifications.here import Here, relationship_opened, session_scheduled
from tests.notifications.sink import Sink

SIGNER = Signer(b"k" * 32)


async def test_messages_come_in_pages_newest_first(here: Here) -> None:
    await here.know_the_pair()
    matches = [match_proposed() for _ in range(5)]
    for match in matches:
        await here.hear(match)
    found, cursor = [], None
    for _ in range(3):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await here.call("GET", "/me/messages", "E-mentor", params=query)).json()
        found += [item["about"]["id"] for item in page["items"]]
        cursor = page["next"]
    assert cursor is None
    assert found == [str(match.match_id) for match in reversed(matches)]


async def test_a_message_that_was_read_is_no_longer_among_the_unread(here: Here) -> None:
    await here.know_the_pair()
    await here.hear(match_proposed())
    await here.hear(relationship_opened())
    newest, _ = await here.inbox("E-mentor")
    first = await here.call("POST", f"/me/messages/{newest['message_id']}/read", "E-mentor")
    again = await here.call("POST", f"/me/messages/{newest['message_id']}/read", "E-mentor")
    assert (first.status_code, first.json()) == (200, again.json())
    unread = (await here.call("GET", "/me/messages", "E-mentor", params={"unread": True})).json()["items"]
    assert [item["kind"] for item in unread] == ["offer_received"]
    assert [item["read_at"] is None for item in await here.inbox("E-mentor")] == [False, True]


async def test_nobody_sees_or_reads_anothers_messages(here: Here) -> None:
    await here.know_the_pair()
    await here.hear(match_proposed())
    (mine,) = await here.inbox("E-mentor")
    assert await here.inbox("E-other") == []
    answer = await here.call("POST", f"/me/messages/{mine['message_id']}/read", "E-mentee")
    assert answer.status_code == 404
    assert (await here.call("GET", "/me/messages")).status_code == 401


async def test_a_mail_is_no_message_of_the_inbox(here: Here) -> None:
    await here.know_the_pair()
    await here.hear(match_proposed())
    ids = await here.sql("SELECT message_id FROM message WHERE channel = 'email' AND employee_id = 'E-mentor'")
    answer = await here.call("POST", f"/me/messages/{ids[0].message_id}/read", "E-mentor")
    assert answer.status_code == 404


async def test_a_leaver_is_locked_out(here: Here) -> None:
    await here.depart("E-mentor")
    assert (await here.call("GET", "/me/messages", "E-mentor")).status_code == 403


async def test_preferences_change_only_at_the_version_that_was_read(here: Here) -> None:
    read = await here.call("GET", "/me/preferences", "E-mentor")
    assert read.json()["kinds"]["session_reminder"] == {"in_app": True, "email": True}
    body = {"kinds": {"session_reminder": {"email": False}}}
    tag = {"If-Match": read.headers["ETag"]}
    changed = await here.call("PUT", "/me/preferences", "E-mentor", json=body, headers=tag)
    assert changed.status_code == 200, changed.text
    assert changed.json()["kinds"]["session_reminder"] == {"in_app": True, "email": False}
    assert (await here.call("PUT", "/me/preferences", "E-mentor", json=body, headers=tag)).status_code == 412
    now = await here.call("GET", "/me/preferences", "E-mentor")
    assert now.headers["ETag"] == changed.headers["ETag"] != read.headers["ETag"]
    assert (await here.call("GET", "/me/preferences", "E-mentee")).headers["ETag"] == read.headers["ETag"]


@pytest.mark.parametrize(("kind", "channel"), [("session_cancelled", "email"), ("offer_received", "in_app")])
async def test_what_must_not_be_lost_cannot_be_turned_off(here: Here, kind: str, channel: str) -> None:
    body = {"kinds": {kind: {channel: False}}}
    answer = await here.call("PUT", "/me/preferences", "E-mentor", json=body)
    assert answer.status_code == 422
    assert f"{kind} always goes out by {channel}" in answer.text
    assert channel in (await here.call("GET", "/me/preferences", "E-mentor")).json()["always"][kind]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kinds": {"no_such_kind": {"email": False}}},
        {"kinds": {"session_reminder": {"pigeon": False}}},
        {"kinds": {"session_reminder": {"email": "no"}}},
        {"kinds": {}, "version": 7},
        {"kinds": {}, "employee_id": "E-mentee"},
        {"kinds": {}, "always": {}},
    ],
)
async def test_preferences_hold_nothing_but_known_kinds_and_channels(here: Here, body: object) -> None:
    assert (await here.call("PUT", "/me/preferences", "E-mentor", json=body)).status_code == 422


async def test_a_mail_that_was_turned_off_is_suppressed_and_stands_in_the_app(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    body = {"kinds": {"relationship_opened": {"email": False}}}
    await here.call("PUT", "/me/preferences", "E-mentor", json=body)
    await here.hear(relationship_opened())
    await here.send_all()
    assert [one.rcpt_tos for one in sink.envelopes] == [["ken@example.com"]]
    assert [one["kind"] for one in await here.inbox("E-mentor")] == ["relationship_opened"]
    suppressed = [one for one in await here.said() if one["event"] == "suppressed"]
    assert [(one["employee_id"], one["channel"], one["reason"]) for one in suppressed] == [
        ("E-mentor", "email", "preference")
    ]


async def test_turning_mail_off_holds_for_what_already_waits(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    await here.hear(relationship_opened())
    await here.call("PUT", "/me/preferences", "E-mentor", json={"kinds": {"relationship_opened": {"email": False}}})
    await here.send_all()
    assert sink.to("mona@example.com") == []


async def test_a_kind_that_is_off_by_default_can_be_turned_on(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    await here.call("PUT", "/me/preferences", "E-mentor", json={"kinds": {"match_activated": {"email": True}}})
    await here.hear(match_activated())
    await here.send_all()
    assert [one.rcpt_tos for one in sink.envelopes] == [["mona@example.com"]]


async def test_one_click_in_a_mail_program_turns_that_kind_off(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    await here.hear(relationship_opened())
    await here.send_all()
    (mail,) = sink.to("mona@example.com")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = mail["List-Unsubscribe"].strip("<>").removeprefix("https://mentorship.example/v1")
    asked = await here.call("GET", path)
    assert (asked.status_code, '<form method="post">' in asked.text) == (200, True)
    assert (await here.call("GET", "/me/preferences", "E-mentor")).json()["kinds"]["relationship_opened"]["email"]
    for _ in range(2):
        answer = await here.call("POST", path, data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, "no more mails" in answer.text) == (200, True)
    found = await here.call("GET", "/me/preferences", "E-mentor")
    assert found.headers["ETag"] == '"1"', "the second click changes nothing"
    assert found.json()["kinds"]["relationship_opened"] == {"in_app": True, "email": False}
    assert found.json()["kinds"]["session_reminder"]["email"]


async def test_clicks_on_links_of_several_kinds_at_once_all_count(here: Here) -> None:
    kinds = [kind for kind in Kind if "email" in RULES[kind].default - RULES[kind].always]
    await asyncio.gather(*(here.call("POST", f"/unsubscribe/{SIGNER.token('E-mentor', kind)}") for kind in kinds))
    found = await here.call("GET", "/me/preferences", "E-mentor")
    assert found.headers["ETag"] == f'"{len(kinds)}"'
    assert not any(found.json()["kinds"][kind]["email"] for kind in kinds)


async def test_a_link_of_somebody_who_was_erased_keeps_nothing_about_them(here: Here) -> None:
    await here.erase("E-mentor")
    path = f"/unsubscribe/{SIGNER.token('E-mentor', Kind.SESSION_REMINDER)}"
    assert (await here.call("POST", path)).status_code == 200
    assert await here.sql("SELECT 1 FROM preference") == []


async def test_mails_that_cannot_be_turned_off_offer_no_unsubscribing(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    await here.hear(session_scheduled())
    await here.send_all()
    assert {mail["List-Unsubscribe"] for mail in sink.mails} == {None}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_forged_link_unsubscribes_nobody(here: Here, method: str) -> None:
    good = SIGNER.token("E-mentor", Kind.SESSION_REMINDER)
    other = Signer(b"x" * 32).token("E-mentor", Kind.SESSION_REMINDER)
    for token in (other, good[:-4], "A" + good[1:], "x", str(uuid4()), "ä"):
        assert (await here.call(method, f"/unsubscribe/{token}")).status_code == 404
    kinds = (await here.call("GET", "/me/preferences", "E-mentor")).json()["kinds"]
    assert kinds["session_reminder"]["email"]
