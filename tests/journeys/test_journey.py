"""One employee event crosses all four services, as its users see it."""

import email
from datetime import UTC, datetime, timedelta
from email import policy
from typing import Any

import icalendar
import pytest

from tests import builders
from tests.fixtures.machine import Machine
from tests.journeys.story import Story

pytestmark = pytest.mark.timeout(300)


async def test_hired_people_become_a_match_a_relationship_a_session_a_mail_and_a_figure(story: Story) -> None:
    mentees, mentors = await story.hired(6, level=2), await story.hired(6, level=6)
    programme = await story.programme()
    await story.enrol(programme, mentees, mentors)
    pairs = await story.matched(programme)
    assert len(pairs) == 6
    for pair in pairs:
        await story.accepted(pair)
    session = await story.held(pairs[0])
    path = f"/v1/sessions/{session}/feedback"
    words = {"usefulness": 5, "words": "That helped me a lot."}
    await story.call("POST", "sessions", path, story.bearer(pairs[0].mentee), 201, json=words)
    invitation = await _calendar_mail(story, pairs[0].mentor, session)
    assert invitation.get("METHOD") == "REQUEST"

    async def figures() -> dict[str, Any]:
        health = await story.health(programme)
        return {"enrolled": health["participants"]["enrolled"], "accepted": health["offers"]["accepted"]}

    found: dict[str, Any] = {}

    async def complete() -> bool:
        found.update(await figures())
        return "12" in str(found["enrolled"]) and "6" in str(found["accepted"])

    await story.until(complete, True)


async def test_the_words_of_feedback_reach_the_other_member_and_nobody_else(story: Story) -> None:
    (mentee,), (mentor,), (stranger,) = await story.hired(1), await story.hired(1), await story.hired(1)
    programme = await story.programme()
    await story.enrol(programme, [mentee], [mentor])
    (pair,) = await story.matched(programme)
    await story.accepted(pair)
    session = await story.held(pair)
    path = f"/v1/sessions/{session}/feedback"
    words = {"usefulness": 4, "words": "Canary 7f3e"}
    await story.call("POST", "sessions", path, story.bearer(mentee), 201, json=words)
    seen = await story.call("GET", "sessions", path, story.bearer(mentor))
    assert "Canary 7f3e" in seen.text
    for outsider in (
        story.bearer(stranger),
        story.bearer(story.manager, "programme-manager"),
        story.bearer("ADMIN", "platform-admin"),
        story.bearer("OPS", "operator"),
    ):
        url = f"{story.platform.service_url('sessions')}{path}"
        answer = await story.http.get(url, headers=outsider)
        assert answer.status_code in {403, 404}
        assert "Canary" not in answer.text


async def test_a_leaver_has_every_future_session_cancelled_once(story: Story) -> None:
    (mentee,), (mentor,) = await story.hired(1), await story.hired(1)
    programme = await story.programme()
    await story.enrol(programme, [mentee], [mentor])
    (pair,) = await story.matched(programme)
    await story.accepted(pair)
    session = await story.scheduled(pair)
    await _calendar_mail(story, mentor, session["session_id"])
    departure = builders.left(mentee, left_on="2026-01-01")
    await story.publish(departure)
    await story.publish(departure)

    async def status() -> str:
        path = f"/v1/sessions/{session['session_id']}"
        return str((await story.call("GET", "sessions", path, story.bearer(mentor))).json()["status"])

    await story.until(status, "cancelled")
    methods: list[str] = []

    async def cancellations() -> int:
        methods[:] = [
            str(calendar.get("METHOD"))
            for calendar in map(_calendar_of, await story.mails_to(mentor))
            if calendar is not None and _uid(calendar).startswith(session["session_id"])
        ]
        return methods.count("CANCEL")

    await story.until(cancellations, 1)
    assert methods.count("REQUEST") == 1
    await story.call("GET", "sessions", "/v1/me/relationships", story.bearer(mentee), 403)


async def test_reminders_follow_a_session_that_moves(story: Story) -> None:
    (mentee,), (mentor,) = await story.hired(1), await story.hired(1)
    programme = await story.programme(reminder_minutes=[0.05])
    await story.enrol(programme, [mentee], [mentor])
    (pair,) = await story.matched(programme)
    await story.accepted(pair)
    session = await story.scheduled(pair, ahead=timedelta(hours=5))
    start = session["starts_at"]
    sooner = (datetime.now(UTC) + timedelta(seconds=6)).replace(tzinfo=None).isoformat()
    path = f"/v1/sessions/{session['session_id']}/reschedule"
    body = {"local_start": sooner, "timezone": "UTC", "duration_minutes": 30}
    moved = (await story.call("POST", "sessions", path, story.bearer(mentee), json=body)).json()
    assert moved["starts_at"] != start

    async def reminded() -> int:
        return sum("eminder" in mail["subject"] for mail in await story.mails_to(mentor))

    await story.until(reminded, 1)
    (reminder,) = [mail for mail in await story.mails_to(mentor) if "eminder" in mail["subject"]]
    message = email.message_from_string(reminder["raw"], policy=policy.default)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    clicked = await story.http.post(message["List-Unsubscribe"].strip("<>"), data={"List-Unsubscribe": "One-Click"})
    assert clicked.status_code == 200


async def test_poison_from_a_publisher_is_listed_for_that_publisher(story: Story, machine: Machine) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "x1", "ce-source": "/hr", "ce-type": "hr.employee.promoted.v1"}
    await story.publisher.jetstream().publish("hr.employee.promoted.v1", b"{}", headers=headers)

    async def letters() -> list[str]:
        return [letter["reason"] for letter in machine.json("dlq", "list", "--source", "/hr")]

    await story.until(letters, ["unknown_type"])


async def _calendar_mail(story: Story, person: str, session: str) -> icalendar.Calendar:
    found: list[icalendar.Calendar] = []

    async def arrived() -> bool:
        found[:] = [
            calendar
            for calendar in map(_calendar_of, await story.mails_to(person))
            if calendar is not None and _uid(calendar).startswith(session)
        ]
        return bool(found)

    await story.until(arrived, True)
    return found[0]


def _calendar_of(mail: dict[str, Any]) -> icalendar.Calendar | None:
    message = email.message_from_string(mail["raw"], policy=policy.default)
    for part in message.walk():
        if part.get_content_type() == "text/calendar":
            calendar = icalendar.Calendar.from_ical(part.get_content())
            assert isinstance(calendar, icalendar.Calendar)
            return calendar
    return None


def _uid(calendar: icalendar.Calendar) -> str:
    return str(calendar.walk("VEVENT")[0]["UID"])
