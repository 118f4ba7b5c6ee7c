"""Reminders follow their session and end with it."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.sessions import SessionCancelled, SessionHeld, SessionRescheduled
from notifications import handlers
from tests.notifications.here import Here, become, session_scheduled
from tests.notifications.sink import Sink, body_of


async def test_a_session_is_reminded_of_a_day_and_an_hour_before(here: Here) -> None:
    session = session_scheduled()
    await here.hear(session)
    assert await here.timers() == [session.starts_at - timedelta(days=1), session.starts_at - timedelta(hours=1)]


async def test_reminders_move_with_the_session(here: Here) -> None:
    session = session_scheduled()
    later = session.starts_at + timedelta(days=2)
    await here.hear(session)
    moved = become(SessionRescheduled, session, starts_at=later, calendar_sequence=1, reminder_minutes=(60, 0.5))
    await here.hear(moved, 2)
    assert await here.timers() == [later - timedelta(hours=1), later - timedelta(seconds=30)]


async def test_reminders_disappear_when_the_session_is_cancelled_or_held(here: Here) -> None:
    for end in (
        {"kind": SessionCancelled, "status": "cancelled", "reason": "by_member"},
        {"kind": SessionHeld, "status": "held", "attended": ("E-mentor", "E-mentee")},
    ):
        session = session_scheduled()
        await here.hear(session)
        await here.hear(become(end.pop("kind"), session, **end), 2)  # type: ignore[arg-type]
        assert await here.timers() == []


async def test_an_older_date_that_comes_late_does_not_bring_its_reminders_back(here: Here) -> None:
    session = session_scheduled()
    cancelled = become(SessionCancelled, session, status="cancelled", calendar_sequence=1, reason="by_member")
    await here.hear(cancelled, 2)
    await here.hear(session, 1)
    assert await here.timers() == []


async def test_a_reminder_that_was_over_when_the_session_was_planned_is_none(here: Here) -> None:
    session = session_scheduled(starts_at=datetime.now(UTC) + timedelta(minutes=90))
    await here.hear(session)
    assert await here.timers() == [session.starts_at - timedelta(hours=1)]


async def test_a_reminder_that_came_due_while_its_event_was_on_the_way_still_goes_out(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    session = session_scheduled(starts_at=datetime.now(UTC) + timedelta(minutes=40, seconds=20))
    await here.hear(session, time=datetime.now(UTC) - timedelta(minutes=30))
    assert await here.ring() == 1
    await here.send_all()
    assert "begins in 40 minutes" in body_of(sink.to("ken@example.com")[-1])


async def test_a_reminder_reaches_both_once_and_says_how_late_it_was(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    session = session_scheduled(starts_at=datetime.now(UTC) + timedelta(minutes=90), reminder_minutes=(90, 0))
    await here.hear(session, time=datetime.now(UTC) - timedelta(minutes=5))
    await here.send_all()
    rang = await here.ring()
    await here.send_all()
    assert rang == 1
    subjects = [mail["Subject"] for mail in sink.to("ken@example.com")]
    assert subjects == ["Mentorship session: Mona Mentor", "Reminder: mentorship session with Mona Mentor"]
    late = [one["late_seconds"] for one in await here.said() if one["kind"] == "session_reminder"]
    assert len(late) == 4
    assert all(0 <= seconds < 60 for seconds in late)


async def test_what_is_sent_before_its_time_is_not_late(here: Here) -> None:
    await here.know_the_pair()
    session = session_scheduled(reminder_minutes=(60,))
    await here.hear(session)
    async with here.database.transaction() as tx:
        await handlers.remind(
            tx, "early", {"session_id": str(session.session_id), "minutes": 60, "calendar_sequence": 0}
        )
    assert {one["late_seconds"] for one in await here.said() if one["kind"] == "session_reminder"} == {0}


async def test_a_reminder_whose_session_moved_after_it_was_written_is_not_sent(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    session = session_scheduled(starts_at=datetime.now(UTC) + timedelta(hours=2), reminder_minutes=(60,))
    await here.hear(session)
    await here.send_all()
    await here.due_now()
    assert await here.ring() == 1
    moved = become(SessionRescheduled, session, starts_at=session.starts_at + timedelta(days=1), calendar_sequence=1)
    await here.hear(moved, 2)
    await here.send_all()
    assert not [mail for mail in sink.mails if mail["Subject"].startswith("Reminder")]
    assert ("E-mentee", "session_reminder", "suppressed", "stale") in await here.messages()


async def test_a_day_before_is_not_said_when_the_hour_before_has_come(here: Here) -> None:
    await here.know_the_pair()
    session = session_scheduled(starts_at=datetime.now(UTC) + timedelta(minutes=30))
    await here.hear(session, time=datetime.now(UTC) - timedelta(days=3))  # the service was away for days
    await here.ring()
    reminders = [one for one in await here.messages() if one[:2] == ("E-mentee", "session_reminder")]
    assert sorted(reminders, key=str) == [
        ("E-mentee", "session_reminder", "pending", None),
        ("E-mentee", "session_reminder", "suppressed", "stale"),
    ]


async def test_a_timer_that_rings_twice_reminds_once(here: Here) -> None:
    await here.know_the_pair()
    session = session_scheduled(starts_at=datetime.now(UTC) + timedelta(hours=2), reminder_minutes=(60,))
    await here.hear(session)
    (timer,) = await here.sql("SELECT key, payload FROM due")
    for _ in range(2):
        async with here.database.transaction() as tx:
            await here.service.timers["session-reminder"](tx, timer.key, timer.payload)
    assert len([one for one in await here.messages() if one[1] == "session_reminder"]) == 2


@pytest.mark.parametrize("held", [True, False])
async def test_a_timer_of_an_earlier_date_or_of_a_session_that_was_held_tells_nobody_anything(
    here: Here, held: bool
) -> None:
    await here.know_the_pair()
    session = session_scheduled(reminder_minutes=(60,))
    await here.hear(session)
    later = become(SessionRescheduled, session, calendar_sequence=1)
    over = become(SessionHeld, session, status="held", attended=session.members)
    await here.hear(over if held else later, 2)
    async with here.database.transaction() as tx:
        await handlers.remind(
            tx, "rang", {"session_id": str(session.session_id), "minutes": 60, "calendar_sequence": 0}
        )
    assert not [one for one in await here.messages() if one[1] == "session_reminder"]
