"""Who is to be forgotten is forgotten, and stays so."""

from tests.builders import changed, match_proposed
from tests.notifications.here import Here, relationship_opened
from tests.notifications.sink import Sink


async def test_erasing_deletes_address_messages_and_preferences(here: Here) -> None:
    await here.know_the_pair()
    await here.call("PUT", "/me/preferences", "E-mentor", json={"kinds": {"session_reminder": {"email": False}}})
    await here.hear(match_proposed())
    (offered,) = await here.inbox("E-mentor")
    kept = {"headers": {"Idempotency-Key": "kept"}}
    await here.call("POST", f"/me/messages/{offered['message_id']}/read", "E-mentor", **kept)
    assert [row.caller for row in await here.sql("SELECT caller FROM idempotency_key")] == ["E-mentor"]
    await here.erase("E-mentor")
    assert await here.sql("SELECT caller FROM idempotency_key") == []
    for table in ("address", "message", "preference", "presence"):
        left = await here.sql(f"SELECT * FROM {table} WHERE employee_id = 'E-mentor'")
        assert left == [], table
    assert len(await here.inbox("E-mentee")) == 1


async def test_no_later_event_brings_the_erased_back(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    await here.erase("E-mentor")
    await here.hear(changed("E-mentor", display_name="Mona Mentor"))
    await here.hear(match_proposed())
    await here.send_all()
    assert await here.sql("SELECT * FROM address WHERE employee_id = 'E-mentor'") == []
    assert {one[0] for one in await here.messages()} == {"E-mentee"}
    assert [one.rcpt_tos for one in sink.envelopes] == [["ken@example.com"]]


async def test_a_mail_that_waits_for_the_erased_is_not_sent(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    await here.hear(match_proposed())
    await here.erase("E-mentor")
    await here.send_all()
    assert sink.to("mona@example.com") == []


async def test_the_erased_are_nameless_in_everybody_elses_messages(here: Here) -> None:
    await here.know_the_pair()
    await here.hear(relationship_opened())
    assert (await here.inbox("E-mentee"))[0]["subject"] == "Your mentorship with Mona Mentor has begun"
    await here.erase("E-mentor")
    (shown,) = await here.inbox("E-mentee")
    assert shown["subject"] == "Your mentorship with a colleague has begun"
    assert "Mona" not in str(shown)


async def test_no_row_but_the_address_holds_a_name_or_a_mail_address(here: Here) -> None:
    await here.know_the_pair()
    await here.hear(match_proposed())
    await here.hear(relationship_opened())
    await here.send_all()
    for table in ("message", "knowledge", "outbox", "due", "preference", "presence"):
        rows = str(await here.sql(f"SELECT * FROM {table}"))
        assert "Mona" not in rows, table
        assert "example.com" not in rows, table


async def test_an_older_record_does_not_replace_a_newer_address(here: Here) -> None:
    await here.hear(changed("E1", version=5, email="new@example.com"))
    await here.hear(changed("E1", version=4, email="old@example.com"))
    assert (await here.sql("SELECT email FROM address"))[0].email == "new@example.com"
