"""Relationships follow matches, arrivals and departures, in whatever order these are heard."""

from chassis.ids import uuid7
from tests.builders import match_activated, pair, programme_opened
from tests.sessions.here import Here


async def test_an_activated_match_opens_a_relationship_of_the_same_id(here: Here) -> None:
    match_id = await here.activate("anna", "ben")
    found = (await here.get("ben", f"/relationships/{match_id}")).json()
    assert found["status"] == "open"
    assert found["members"] == [
        {"employee_id": "anna", "role": "mentor"},
        {"employee_id": "ben", "role": "mentee"},
    ]
    assert await here.events() == ["relationship.opened"]


async def test_a_second_copy_of_the_activation_changes_nothing(here: Here) -> None:
    match = match_activated(pair("mentor", "mentee"))
    await here.hear(match, 3)
    await here.hear(match, 3)
    assert await here.events() == ["relationship.opened"]


async def test_an_ended_match_closes_its_relationship_with_the_reason(here: Here) -> None:
    match_id = await here.activate()
    await here.end(match_id, reason="completed")
    found = (await here.get("mentor", f"/relationships/{match_id}")).json()
    assert (found["status"], found["reason"]) == ("closed", "completed")
    assert [(one["event"], one["version"]) for one in await here.said()] == [
        ("relationship.opened", 1),
        ("relationship.closed", 2),
    ]


async def test_a_match_that_ended_before_its_activation_was_heard_has_a_closed_relationship(here: Here) -> None:
    match = match_activated(pair("mentor", "mentee"))
    await here.end(match.match_id, reason="completed")
    await here.hear(match, 3)
    found = (await here.get("mentor", f"/relationships/{match.match_id}")).json()
    assert found["status"] == "closed"
    assert await here.events() == ["relationship.opened", "relationship.closed"]


async def test_the_end_of_an_offer_that_nobody_accepted_says_nothing(here: Here) -> None:
    await here.end(uuid7())
    assert await here.events() == []


async def test_the_closing_of_a_relationship_cancels_what_lies_ahead_once(here: Here) -> None:
    match_id = await here.activate()
    ahead, begun = await here.schedule(match_id), await here.schedule(match_id)
    await here.begin(begun["session_id"])
    await here.end(match_id)
    await here.end(match_id)
    cancelled = [one for one in await here.said("session") if one["event"] == "session.cancelled"]
    assert [(one["session_id"], one["reason"]) for one in cancelled] == [(ahead["session_id"], "relationship_closed")]
    assert cancelled[0]["calendar_sequence"] == 1
    kept = (await here.get("mentor", f"/sessions/{begun['session_id']}")).json()
    assert kept["status"] == "scheduled"  # it has begun: its members can still say that it was held


async def test_a_departure_closes_all_relationships_of_that_person_and_no_others(here: Here) -> None:
    first, second = await here.activate("anna", "ben"), await here.activate("anna", "cleo")
    other = await here.activate("dora", "ben")
    for relationship_id, who in ((first, "ben"), (second, "cleo"), (other, "ben")):
        await here.schedule(relationship_id, who)
    await here.depart("anna")
    said = await here.said()
    assert {one["relationship_id"] for one in said if one["event"] == "relationship.closed"} == {
        str(first),
        str(second),
    }
    cancelled = [one for one in said if one["event"] == "session.cancelled"]
    assert {one["relationship_id"] for one in cancelled} == {str(first), str(second)}
    assert {one["reason"] for one in cancelled} == {"member_departed"}
    assert (await here.get("ben", f"/relationships/{other}")).json()["status"] == "open"


async def test_a_match_activated_after_a_departure_is_closed_at_once(here: Here) -> None:
    await here.depart("mentee")
    match_id = await here.activate()
    found = (await here.get("mentor", f"/relationships/{match_id}")).json()
    assert (found["status"], found["reason"]) == ("closed", "member_departed")


async def test_a_stale_departure_does_not_close_what_a_returned_person_does(here: Here) -> None:
    await here.arrive("mentee", version=6)
    match_id = await here.activate()
    await here.depart("mentee", version=5)
    assert (await here.get("mentor", f"/relationships/{match_id}")).json()["status"] == "open"


async def test_a_relationship_closed_for_a_return_not_yet_heard_of_opens_again(here: Here) -> None:
    await here.depart("mentee", version=5)
    match_id = await here.activate()
    await here.arrive("mentee", version=6)
    found = (await here.get("mentee", f"/relationships/{match_id}")).json()
    assert (found["status"], found["reason"], found["closed_at"]) == ("open", None, None)
    assert [(one["event"], one["version"]) for one in await here.said()] == [
        ("relationship.opened", 1),
        ("relationship.closed", 2),
        ("relationship.opened", 3),
    ]
    causes = [row.cause for row in await here.sql("SELECT cause FROM outbox ORDER BY id")]
    assert causes[0] == causes[1]
    assert causes[2] not in {None, causes[0]}, "of the return, whichever others were heard of in the same batch"


async def test_a_return_does_not_revive_what_matching_has_ended(here: Here) -> None:
    match_id = await here.activate()
    await here.depart("mentee", version=5)
    await here.end(match_id, reason="member_departed")
    await here.arrive("mentee", version=6)
    assert (await here.get("mentor", f"/relationships/{match_id}")).json()["status"] == "closed"


async def test_sessions_carry_the_reminders_of_their_programme(here: Here) -> None:
    programme = programme_opened(reminder_minutes=(30, 0.1))
    await here.hear(programme, 2)
    await here.hear(programme_opened(programme.programme_id, reminder_minutes=(5,)), 1)  # older, heard late
    match_id = await here.activate(programme_id=programme.programme_id)
    await here.schedule(match_id)
    assert (await here.said("session"))[0]["reminder_minutes"] == [30, 0.1]


async def test_sessions_of_a_programme_not_heard_of_yet_have_the_usual_reminders(here: Here) -> None:
    await here.schedule(await here.activate())
    assert (await here.said("session"))[0]["reminder_minutes"] == [1440, 60]


async def test_my_relationships_come_newest_first_in_pages(here: Here) -> None:
    made = [str(await here.activate("anna", f"mentee-{number}")) for number in range(5)]
    await here.activate("dora", "ben")
    seen: list[str] = []
    cursor = None
    while True:
        page = (
            await here.get("anna", "/me/relationships", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [one["relationship_id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_a_circle_closes_when_one_of_it_leaves(here: Here) -> None:
    members = (*pair("anna", "ben"), *pair("x", "cleo")[1:])
    match = match_activated(members, format="group")
    await here.hear(match, 3)
    await here.depart("cleo")
    assert (await here.get("ben", f"/relationships/{match.match_id}")).json()["reason"] == "member_departed"
