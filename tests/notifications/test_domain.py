"""Decisions, delays, preferences and tokens, without anything around them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.sessions import SessionCancelled, SessionState
from notifications.domain.decisions import DEPARTURE_WAIT, RetryPolicy, decide
from notifications.domain.kinds import CHANNELS, RULES, Kind
from notifications.domain.messages import Facts, Message
from notifications.domain.notices import reminders
from notifications.domain.people import Person
from notifications.domain.preferences import cannot_be_off, effective, stored, wants, without
from notifications.domain.unsubscribing import Signer
from tests.builders import match_activated, match_proposed
from tests.notifications.here import become, session_scheduled

NOW = datetime(2030, 1, 1, tzinfo=UTC)
READER = Person("E-mentee", "Ken", "ken@example.com")


def _message(kind: Kind, facts: Facts, **given: object) -> Message:
    message = Message(UUID(int=1), UUID(int=2), "E-mentee", kind, "email", facts, NOW)
    return replace(message, **given)  # type: ignore[arg-type]


def test_an_offer_is_true_until_its_deadline() -> None:
    offer = match_proposed(respond_by=NOW)
    message = _message(Kind.OFFER_RECEIVED, offer)
    assert decide(message, offer, READER, (), NOW - timedelta(seconds=1)).status == "pending"
    assert decide(message, offer, READER, (), NOW).reason == "stale"


def test_an_offer_is_not_true_for_somebody_who_has_answered() -> None:
    offer = match_proposed(respond_by=NOW + timedelta(days=1))
    answered = offer.model_copy(update={"outstanding": ("E-mentor",)})
    assert decide(_message(Kind.OFFER_RECEIVED, offer), answered, READER, (), NOW).reason == "stale"


def test_having_left_counts_before_everything_else() -> None:
    offer = match_activated()
    gone = replace(READER, departed=True)
    assert decide(_message(Kind.OFFER_RECEIVED, offer), offer, gone, (), NOW).reason == "departed"


def test_an_invitation_to_what_is_over_is_stale() -> None:
    session = session_scheduled(starts_at=NOW, duration_minutes=30)
    message = _message(Kind.SESSION_SCHEDULED, session)
    assert decide(message, session, READER, (), NOW + timedelta(minutes=29)).status == "pending"
    assert decide(message, session, READER, (), NOW + timedelta(minutes=30)).reason == "stale"


@pytest.mark.parametrize(
    ("minutes_before_start", "status"), [(61, "pending"), (60, "suppressed"), (30, "suppressed"), (-10, "suppressed")]
)
def test_a_reminder_holds_until_the_next_one_is_due(minutes_before_start: int, status: str) -> None:
    session = session_scheduled(starts_at=NOW)
    day_before = _message(Kind.SESSION_REMINDER, session, due_at=NOW - timedelta(days=1))
    assert decide(day_before, session, READER, (), NOW - timedelta(minutes=minutes_before_start)).status == status


def test_the_last_reminder_holds_until_shortly_after_the_start() -> None:
    session = session_scheduled(starts_at=NOW)
    last = _message(Kind.SESSION_REMINDER, session, due_at=NOW - timedelta(hours=1))
    assert decide(last, session, READER, (), NOW + timedelta(minutes=4)).status == "pending"
    assert decide(last, session, READER, (), NOW + timedelta(minutes=5)).status == "suppressed"


def test_news_of_a_departure_goes_out_in_the_end_though_nobody_seems_to_have_left() -> None:
    session = session_scheduled()
    gone = become(SessionCancelled, session, status="cancelled", reason="member_departed")
    message = _message(Kind.SESSION_CANCELLED, gone)
    waiting = decide(message, gone, READER, (), NOW)
    assert waiting.again_at == NOW + timedelta(seconds=2)
    assert decide(message, gone, READER, (), NOW + DEPARTURE_WAIT).again_at is None
    assert decide(message, gone, READER, {"E-mentor"}, NOW).again_at is None


@given(st.integers(1, 40), st.floats(0, 1))
def test_delays_grow_up_to_an_hour_and_end_with_the_attempts(attempts: int, chance: float) -> None:
    policy = RetryPolicy()
    outcome = policy.next(
        _message(Kind.OFFER_RECEIVED, match_proposed(), attempts=attempts), "unreachable", NOW, chance
    )
    if attempts >= policy.attempts:
        assert (outcome.status, outcome.again_at) == ("failed", None)
    else:
        assert outcome.again_at is not None
        whole = min(3600.0, 5.0 * 2 ** (attempts - 1))
        assert whole / 2 <= (outcome.again_at - NOW).total_seconds() <= whole


def test_a_mail_is_given_up_after_a_day() -> None:
    message = _message(Kind.OFFER_RECEIVED, match_proposed(), attempts=2)
    outcome = RetryPolicy().next(message, "unreachable", NOW + timedelta(hours=24), 1.0)
    assert (outcome.status, outcome.reason) == ("failed", "unreachable")


def test_a_session_that_is_not_planned_has_no_reminders() -> None:
    session = session_scheduled(starts_at=NOW + timedelta(days=9))
    assert sorted(reminders(session, NOW)) == [60, 1440]
    assert reminders(become(SessionState, session, status="held"), NOW) == {}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_reaches_people_somehow_and_always_includes_what_it_must(kind: Kind) -> None:
    rule = RULES[kind]
    assert rule.default >= rule.always
    assert rule.default


@given(st.dictionaries(st.sampled_from(Kind), st.dictionaries(st.sampled_from(CHANNELS), st.booleans())))
def test_choices_hold_except_against_what_is_always_sent(choices: dict[Kind, dict[str, bool]]) -> None:
    kept = stored(choices)  # type: ignore[arg-type]
    for kind in Kind:
        for channel in CHANNELS:
            chosen = choices.get(kind, {}).get(channel, channel in RULES[kind].default)
            assert wants(kept, kind, channel) == (channel in RULES[kind].always or chosen)
    assert stored({Kind(k): v for k, v in effective(kept).items()}).keys() == {str(kind) for kind in Kind}  # type: ignore[misc]


def test_turning_one_thing_off_leaves_the_rest() -> None:
    choices = without({"session_reminder": {"in_app": False}}, Kind.SESSION_REMINDER, "email")
    assert choices == {"session_reminder": {"in_app": False, "email": False}}
    assert cannot_be_off({Kind.SESSION_CANCELLED: {"email": False}}) == (Kind.SESSION_CANCELLED, "email")
    assert cannot_be_off({Kind.SESSION_REMINDER: {"email": False}}) is None


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", fullmatch=True), st.sampled_from(Kind))
def test_a_token_says_whom_and_what_it_was_made_for(employee_id: str, kind: Kind) -> None:
    assert Signer(b"key").read(Signer(b"key").token(employee_id, kind)) == (employee_id, kind)


@given(st.text(max_size=120))
def test_what_was_not_signed_is_not_read(token: str) -> None:
    assert Signer(b"key").read(token) is None
