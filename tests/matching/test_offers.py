from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.event import Event
from contracts.matching import MatchAccepted, MatchActivated, MatchEnded, MatchExpired, MatchProposed
from matching.domain.offers import Match, Side, Step, accept, decline, end, expire, propose, remind
from matching.domain.refusal import Refused

START = datetime(2026, 6, 1, tzinfo=UTC)
MENTEE, MENTOR = "E1", "E2"


def offer() -> Match:
    sides = (Side(MENTEE, "mentee", UUID(int=1)), Side(MENTOR, "mentor", UUID(int=2)))
    return Match(UUID(int=9), UUID(int=8), UUID(int=7), "one_on_one", sides, 8000, START, START + timedelta(days=7))


def kinds(step: Step) -> list[type[Event]]:
    return [type(event) for event, _ in step.events]


def test_an_offer_asks_both() -> None:
    ((event, version),) = propose(offer()).events
    assert isinstance(event, MatchProposed)
    assert (event.outstanding, event.status, version) == ((MENTEE, MENTOR), "proposed", 1)


def test_the_last_yes_activates() -> None:
    first = accept(offer(), MENTOR, START)
    assert kinds(first) == [MatchAccepted]
    last = accept(first.match, MENTEE, START)
    assert kinds(last) == [MatchAccepted, MatchActivated]
    assert [version for _, version in last.events] == [3, 4]
    assert last.match.status == "active"


def test_saying_yes_twice_says_it_once() -> None:
    first = accept(offer(), MENTOR, START)
    assert accept(first.match, MENTOR, START) == Step(first.match)


def test_a_yes_can_be_taken_back_while_it_is_an_offer() -> None:
    assert decline(accept(offer(), MENTOR, START).match, MENTOR, "no_time", START).match.status == "declined"


def test_nobody_else_can_answer() -> None:
    with pytest.raises(Refused) as refused:
        accept(offer(), "E3", START)
    assert refused.value.code == "not_a_member"


def test_an_offer_cannot_be_accepted_after_its_deadline_even_before_it_has_expired() -> None:
    with pytest.raises(Refused) as refused:
        accept(offer(), MENTOR, START + timedelta(days=7))
    assert refused.value.code == "offer_expired"


def test_an_offer_expires_at_its_deadline_and_not_before() -> None:
    assert not expire(offer(), START + timedelta(days=6)).events
    assert kinds(expire(offer(), START + timedelta(days=7))) == [MatchExpired]


def test_ending_twice_ends_once() -> None:
    ended = end(offer(), "member_departed")
    assert kinds(ended) == [MatchEnded]
    assert not end(ended.match, "member_departed").events


class AMatch(RuleBasedStateMachine):
    """Whatever happens to a match, its events tell its state, and its versions count them."""

    def __init__(self) -> None:
        super().__init__()
        self.match = offer()
        self.now = START
        self.said: list[tuple[Event, int]] = list(propose(self.match).events)

    def take(self, step: Step) -> None:
        self.match = step.match
        self.said += step.events

    @rule(hours=st.integers(0, 60))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(who=st.sampled_from([MENTEE, MENTOR, "E3"]), says=st.sampled_from(["yes", "no"]))
    def somebody_answers(self, who: str, says: str) -> None:
        before = self.match
        try:
            self.take(accept(before, who, self.now) if says == "yes" else decline(before, who, "unsaid", self.now))
        except Refused:
            assert who == "E3" or before.status != "proposed" or self.now >= before.respond_by

    @rule()
    def the_deadline_is_looked_at(self) -> None:
        self.take(expire(self.match, self.now))

    @rule()
    def they_are_reminded(self) -> None:
        self.take(remind(self.match, self.now))

    @rule()
    def somebody_departs(self) -> None:
        if self.match.is_open:
            self.take(end(self.match, "member_departed"))

    @invariant()
    def each_version_has_one_event(self) -> None:
        assert [version for _, version in self.said] == list(range(1, self.match.version + 1))

    @invariant()
    def the_last_event_tells_the_state(self) -> None:
        last = self.said[-1][0]
        assert getattr(last, "status", None) == self.match.status
        assert getattr(last, "outstanding", None) == self.match.outstanding

    @invariant()
    def active_means_that_everybody_said_yes(self) -> None:
        if self.match.status == "active":
            assert all(side.answer == "accepted" for side in self.match.sides)

    @invariant()
    def it_is_activated_and_closed_at_most_once(self) -> None:
        names = [type(event).__name__ for event, _ in self.said]
        assert names.count("MatchActivated") <= 1
        assert sum(names.count(name) for name in ("MatchDeclined", "MatchExpired", "MatchEnded")) <= 1


TestAMatch = AMatch.TestCase
TestAMatch.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
