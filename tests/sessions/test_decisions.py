"""What the domain refuses whoever asks, a handler that looked before included."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.ids import uuid7
from sessions.domain.refusal import Refused
from sessions.domain.session import Session, Slot
from sessions.domain.times import instant_of

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


def test_a_session_that_took_place_cannot_have_been_missed() -> None:
    scheduled = Session(
        session_id=uuid7(),
        relationship_id=uuid7(),
        programme_id=uuid7(),
        members=("anna", "ben"),
        organizer_id="anna",
        slot=Slot(starts_at=NOW, timezone="UTC", duration_minutes=30),
        reminder_minutes=(),
    )
    held, _ = scheduled.hold(("anna", "ben"), NOW + timedelta(hours=1))
    with pytest.raises(Refused, match="the session is held already"):
        held.miss()


def test_a_wall_clock_time_has_no_offset() -> None:
    with pytest.raises(ValueError, match="has no offset"):
        instant_of(NOW, "Europe/Berlin")
