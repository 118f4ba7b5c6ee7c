"""Sessions over HTTP: dates, moves, cancellations, reports, and what counts as missed."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from sessions import handlers
from tests.sessions.here import Answer, Here


def code(answer: Answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_session_is_scheduled_in_the_wall_time_of_a_place(here: Here) -> None:
    match_id = await here.activate()
    today = datetime.now(UTC)
    year = today.year + (today.replace(month=1, day=15) <= today)
    body = {"local_start": f"{year}-01-15T14:30", "timezone": "Europe/Berlin", "duration_minutes": 45}
    answer = await here.post("mentee", f"/relationships/{match_id}/sessions", body)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/sessions/{made['session_id']}"
    assert answer.headers["ETag"] == '"1"'
    assert made["starts_at"] == f"{year}-01-15T13:30:00Z"
    assert made["ends_at"] == f"{year}-01-15T14:15:00Z"
    assert made["local_start"] == f"{year}-01-15T14:30:00"
    (said,) = await here.said("session")
    assert said["event"] == "session.scheduled"
    assert said["members"] == ["mentor", "mentee"]
    assert (said["organizer_id"], said["starts_at"], said["timezone"], said["calendar_sequence"]) == (
        "mentee",
        made["starts_at"],
        "Europe/Berlin",
        0,
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"local_start": "2027-03-28T02:30", "timezone": "Europe/Berlin"}, "does not exist in Europe/Berlin"),
        ({"local_start": "2027-10-31T02:30", "timezone": "Europe/Berlin"}, "happens twice in Europe/Berlin"),
        ({"local_start": "9999-12-31T23:59"}, "outside the years"),
        ({"local_start": "0001-01-01T00:00", "timezone": "Asia/Tokyo"}, "outside the years"),
        ({"local_start": "2027-03-28T02:30+01:00"}, "timezone"),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"duration_minutes": 4}, "greater than or equal to 5"),
        ({"status": "held"}, "Nothing of this name is known here"),
    ],
)
async def test_dates_that_cannot_be_meant_are_answered_with_the_reason(
    here: Here, wrong: dict[str, Any], sentence: str
) -> None:
    match_id = await here.activate()
    answer = await here.post("mentor", f"/relationships/{match_id}/sessions", here.date(**wrong))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert await here.events("session") == []


async def test_past_and_far_dates_are_refused(here: Here) -> None:
    match_id = await here.activate()
    made = await here.schedule(match_id)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    for when, expected in ((now - timedelta(minutes=1), "in_the_past"), (now + timedelta(days=367), "too_far_ahead")):
        body = here.date(local_start=when.isoformat())
        for path in (f"/relationships/{match_id}/sessions", f"/sessions/{made['session_id']}/reschedule"):
            assert code(await here.post("mentor", path, body)) == (409, expected)


async def test_nobody_is_in_two_sessions_at_once(here: Here) -> None:
    ours, theirs = await here.activate("anna", "ben"), await here.activate("anna", "cleo")
    made = await here.schedule(ours, "ben")
    half_past = (datetime.fromisoformat(made["local_start"]) + timedelta(minutes=30)).isoformat()
    for who in ("anna", "cleo"):
        answer = await here.post(who, f"/relationships/{theirs}/sessions", here.date(local_start=half_past))
        assert code(answer) == (409, "session_overlaps")
        assert (made["session_id"] in answer.text) == (who == "anna")  # cleo learns nothing of anna's other session
    directly_after = (datetime.fromisoformat(made["local_start"]) + timedelta(minutes=60)).isoformat()
    await here.schedule(theirs, "cleo", local_start=directly_after)


async def test_of_simultaneous_wishes_for_one_hour_exactly_one_is_granted(here: Here) -> None:
    relationships = [await here.activate("anna", f"mentee-{number}") for number in range(4)]
    await here.warm()
    for _ in range(4):
        body = here.date()
        answers = await asyncio.gather(
            *(here.post(f"mentee-{n}", f"/relationships/{one}/sessions", body) for n, one in enumerate(relationships))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_no_session_is_scheduled_in_a_closed_relationship(here: Here) -> None:
    match_id = await here.activate()
    await here.end(match_id)
    answer = await here.post("mentor", f"/relationships/{match_id}/sessions", here.date())
    assert code(answer) == (409, "relationship_closed")


async def test_moving_and_cancelling_count_up_the_calendar_sequence(here: Here) -> None:
    made = await here.schedule(await here.activate())
    path = f"/sessions/{made['session_id']}"
    moved = await here.post("mentee", f"{path}/reschedule", here.date(timezone="Asia/Tokyo"))
    assert (moved.json()["calendar_sequence"], moved.json()["version"], moved.headers["ETag"]) == (1, 2, '"2"')
    cancelled = await here.post("mentor", f"{path}/cancel")
    assert (cancelled.json()["calendar_sequence"], cancelled.json()["status"]) == (2, "cancelled")
    assert [(one["event"], one["calendar_sequence"], one["version"]) for one in await here.said("session")] == [
        ("session.scheduled", 0, 1),
        ("session.rescheduled", 1, 2),
        ("session.cancelled", 2, 3),
    ]
    assert code(await here.post("mentor", f"{path}/cancel")) == (409, "session_cancelled")
    assert code(await here.post("mentor", f"{path}/reschedule", here.date())) == (409, "session_cancelled")


async def test_a_session_may_move_within_its_own_time_but_not_onto_another(here: Here) -> None:
    match_id = await here.activate()
    first, second = await here.schedule(match_id), await here.schedule(match_id)
    later = (datetime.fromisoformat(first["local_start"]) + timedelta(minutes=15)).isoformat()
    path = f"/sessions/{first['session_id']}/reschedule"
    assert code(await here.post("mentor", path, here.date(local_start=later))) == (409, "session_overlaps")
    assert (await here.post("mentor", path, here.date(local_start=later, duration_minutes=30))).status_code == 200
    assert (await here.post("mentor", path, here.date(local_start=second["local_start"]))).status_code == 409


async def test_a_change_made_for_an_older_version_is_refused(here: Here) -> None:
    made = await here.schedule(await here.activate())
    path = f"/sessions/{made['session_id']}"
    assert (await here.post("mentor", f"{path}/reschedule", here.date(), if_match='"1"')).status_code == 200
    for action, body in (("reschedule", here.date()), ("cancel", None), ("hold", None)):
        answer = await here.post("mentor", f"{path}/{action}", body, if_match='"1"')
        assert answer.status_code == 412, action
    assert (await here.post("mentor", f"{path}/cancel", if_match='"2"')).status_code == 200


async def test_a_session_that_has_begun_can_be_held_but_no_longer_moved_or_cancelled(here: Here) -> None:
    made = await here.schedule(await here.activate())
    path = f"/sessions/{made['session_id']}"
    assert code(await here.post("mentor", f"{path}/hold")) == (409, "session_not_started")
    await here.begin(made["session_id"])
    assert code(await here.post("mentor", f"{path}/cancel")) == (409, "session_started")
    assert code(await here.post("mentor", f"{path}/reschedule", here.date())) == (409, "session_started")
    held = await here.post("mentor", f"{path}/hold", {"attended": ["mentee", "mentor"]})
    assert (held.json()["status"], held.json()["attended"]) == ("held", ["mentor", "mentee"])
    assert (await here.said("session"))[-1]["attended"] == ["mentor", "mentee"]
    assert code(await here.post("mentor", f"{path}/hold")) == (409, "session_held")


@pytest.mark.parametrize(("attended", "expected"), [(["mentor"], "nobody_met"), (["mentor", "x"], "not_a_member")])
async def test_a_session_is_held_by_at_least_two_of_its_members(here: Here, attended: list[str], expected: str) -> None:
    made = await here.schedule(await here.activate())
    await here.begin(made["session_id"])
    answer = await here.post("mentor", f"/sessions/{made['session_id']}/hold", {"attended": attended})
    assert code(answer) == (409, expected)


async def test_a_session_nobody_reported_on_is_missed_after_its_time_and_the_grace(here: Here) -> None:
    made = await here.schedule(await here.activate())
    ((due_at,),) = await here.sql("SELECT due_at FROM due")
    assert due_at == datetime.fromisoformat(made["ends_at"]) + timedelta(hours=24)
    await here.sql("UPDATE due SET due_at = now()")
    assert await here.service.loop.work_once()
    assert (await here.get("mentor", f"/sessions/{made['session_id']}")).json()["status"] == "missed"
    assert await here.events("session") == ["session.scheduled", "session.missed"]
    assert code(await here.post("mentor", f"/sessions/{made['session_id']}/hold")) == (409, "session_missed")


async def test_a_moved_session_is_judged_by_its_new_date_alone(here: Here) -> None:
    made = await here.schedule(await here.activate())
    await here.post("mentor", f"/sessions/{made['session_id']}/reschedule", here.date())
    await here.sql("UPDATE due SET due_at = now() WHERE payload->>'calendar_sequence' = '0'")
    assert await here.service.loop.work_once()
    assert await here.events("session") == ["session.scheduled", "session.rescheduled"]
    await here.sql("UPDATE due SET due_at = now()")
    assert await here.service.loop.work_once()
    assert (await here.events("session"))[-1] == "session.missed"


async def test_a_timer_of_a_session_that_is_not_there_does_nothing(here: Here) -> None:
    async with here.database.transaction() as tx:
        await handlers.mark_missed(tx, "", {"session_id": str(uuid4()), "calendar_sequence": 0})
    assert await here.events() == []


async def test_held_and_cancelled_sessions_are_never_missed(here: Here) -> None:
    match_id = await here.activate()
    await here.held(match_id)
    cancelled = await here.schedule(match_id)
    await here.post("mentor", f"/sessions/{cancelled['session_id']}/cancel")
    await here.sql("UPDATE due SET due_at = now()")
    while await here.service.loop.work_once():
        pass
    assert "session.missed" not in await here.events("session")
    assert await here.sql("SELECT 1 FROM due") == []


async def test_sessions_are_listed_by_start_in_pages_and_by_state(here: Here) -> None:
    ours, theirs = await here.activate("anna", "ben"), await here.activate("anna", "cleo")
    made = [(await here.schedule(one, "anna"))["session_id"] for one in (ours, theirs, ours, theirs, ours)]
    await here.post("anna", f"/sessions/{made[0]}/cancel")
    seen: list[str] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        given = {"limit": "2"} | ({"cursor": page["next"]} if page["next"] else {})
        page = (await here.get("anna", "/me/sessions", params=given)).json()
        seen += [one["session_id"] for one in page["items"]]
    assert seen == made
    of_ours = (await here.get("ben", f"/relationships/{ours}/sessions")).json()["items"]
    assert [one["session_id"] for one in of_ours] == [made[0], made[2], made[4]]
    ahead = (await here.get("ben", "/me/sessions", params={"status": "scheduled"})).json()["items"]
    assert [one["session_id"] for one in ahead] == [made[2], made[4]]


async def test_the_same_request_sent_twice_under_one_key_schedules_once(here: Here) -> None:
    match_id = await here.activate()
    body = here.date()
    first = await here.post("mentor", f"/relationships/{match_id}/sessions", body, idempotency_key="once")
    again = await here.post("mentor", f"/relationships/{match_id}/sessions", body, idempotency_key="once")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert await here.events("session") == ["session.scheduled"]


async def test_what_does_not_exist_and_what_is_not_mine_look_the_same(here: Here) -> None:
    made = await here.schedule(await here.activate())
    for session_id in (made["session_id"], uuid4()):
        assert code(await here.get("stranger", f"/sessions/{session_id}")) == (404, "not_found")
        for action, body in (("reschedule", here.date()), ("cancel", None), ("hold", None)):
            answer = await here.post("stranger", f"/sessions/{session_id}/{action}", body)
            assert code(answer) == (404, "not_found")
