"""Words and dates for whatever language and time zone HR says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from contracts.sessions import RelationshipClosed, SessionCancelled
from contracts.words import _ZONES
from notifications.adapters import calendar
from notifications.adapters.words import Writer
from notifications.domain.kinds import RULES, Kind
from notifications.domain.messages import Facts
from notifications.domain.people import Person
from tests.builders import match_proposed
from tests.notifications.here import become, relationship_opened, session_scheduled

NOW = datetime(2030, 6, 1, tzinfo=UTC)
AT = datetime(2030, 6, 2, 12, tzinfo=UTC)
WRITER = Writer()
PEOPLE = {"E-mentor": Person("E-mentor", "Mona"), "E-mentee": Person("E-mentee", "Ken", "ken@example.com")}


def _facts(kind: Kind) -> Facts:
    if kind is Kind.SESSION_CANCELLED:
        return become(SessionCancelled, session_scheduled(), status="cancelled", reason="by_member")
    if kind is Kind.RELATIONSHIP_CLOSED:
        return RelationshipClosed.model_validate(relationship_opened().model_dump() | {"status": "closed"})
    made: dict[str, Facts] = {
        "match": match_proposed(),
        "session": session_scheduled(),
        "relationship": relationship_opened(),
    }
    return made[RULES[kind].about]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words_that_greet_the_reader_and_name_the_other(kind: Kind) -> None:
    words = WRITER.write(kind, _facts(kind), PEOPLE["E-mentee"], PEOPLE, NOW)
    assert words.paragraphs[0] == "Hello Ken,"
    assert "Mona" in words.subject + words.text
    assert "  " not in words.text
    assert "\n" not in words.subject


def test_completing_a_mentorship_is_congratulated() -> None:
    closed = RelationshipClosed.model_validate(
        relationship_opened().model_dump() | {"status": "closed", "reason": "completed"}
    )
    words = WRITER.write(Kind.RELATIONSHIP_CLOSED, closed, PEOPLE["E-mentee"], PEOPLE, NOW)
    assert "has ended: you have completed it. Congratulations." in words.text


@pytest.mark.parametrize(
    ("language", "timezone", "expected"),
    [
        ("en", "America/New_York", "Sunday, June 2, 2030, 8:00 AM (Eastern Daylight Time)"),
        ("en-GB", "Europe/London", "Sunday, 2 June 2030, 13:00 (British Summer Time)"),
        ("de", "Asia/Kolkata", "Sunday, June 2, 2030, 5:30 PM (GMT+05:30, Kolkata)"),
        ("Klingon", "Pacific/Kiritimati", "Monday, June 3, 2030, 2:00 AM (Line Islands Time)"),
    ],
)
def test_a_date_stands_on_the_readers_clock(language: str, timezone: str, expected: str) -> None:
    reader = Person("E-mentee", "Ken", timezone=timezone, language=language)
    words = WRITER.write(Kind.SESSION_SCHEDULED, session_scheduled(starts_at=AT), reader, PEOPLE, NOW)
    assert expected in words.text


@settings(deadline=None)
@given(st.text(max_size=100))
def test_any_language_has_words(language: str) -> None:
    reader = Person("E-mentee", "Ken", language=language)
    assert WRITER.write(Kind.OFFER_RECEIVED, match_proposed(), reader, PEOPLE, NOW).subject


def test_a_session_in_any_time_zone_begins_and_ends_when_it_should() -> None:
    for zone in sorted(_ZONES)[::7]:
        for month in (1, 7):
            at = datetime(2030, month, 15, 12, tzinfo=UTC)
            session = session_scheduled(starts_at=at, timezone=zone)
            words = WRITER.write_calendar(session, PEOPLE)
            raw = calendar.entry(session, list(PEOPLE.values()), "mentorship@company.example", words, NOW)
            event: Any = Calendar.from_ical(raw).walk("VEVENT")[0]
            assert (event["DTSTART"].dt, event["DTEND"].dt) == (at, at + timedelta(hours=1)), zone


@pytest.mark.parametrize(
    ("hour", "start", "end"),
    [
        (0, b"TZID=Europe/Berlin:20301027T020000", b"TZID=Europe/Berlin:20301027T023000"),
        (1, b"DTSTART:20301027T010000Z", b"DTEND:20301027T013000Z"),  # 02:00 for the second time
        (2, b"TZID=Europe/Berlin:20301027T030000", b"TZID=Europe/Berlin:20301027T033000"),
    ],
)
def test_an_hour_that_comes_twice_is_told_apart(hour: int, start: bytes, end: bytes) -> None:
    at = datetime(2030, 10, 27, hour, tzinfo=UTC)  # the clocks of Berlin go back at 01:00 UTC
    session = session_scheduled(starts_at=at, timezone="Europe/Berlin", duration_minutes=30)
    raw = calendar.entry(session, [], "m@company.example", WRITER.write_calendar(session, PEOPLE), NOW)
    assert start in raw
    assert end in raw
