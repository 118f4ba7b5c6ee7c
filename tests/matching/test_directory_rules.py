from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from matching.domain.directory import (
    Entry,
    Person,
    Verdict,
    acts_at,
    advance,
    learn,
    midnight,
    next_change,
    reporting_intervals,
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ZONES = ("Pacific/Kiritimati", "Europe/Berlin", "UTC", "America/Los_Angeles", "Pacific/Honolulu")


def record(version: int, acts_on: date | None = None, zone: str = "Europe/Berlin", source: str = "/hr") -> Entry:
    return Entry(version, source, leaves=False, acts_on=acts_on, zone=zone, document=f'{{"version":{version}}}')


def leaving(version: int, acts_on: date, source: str = "/hr") -> Entry:
    return Entry(version, source, leaves=True, acts_on=acts_on, zone=None, document=f'{{"version":{version}}}')


def after(*entries: Entry, now: datetime = NOW) -> Person:
    person = Person("E1")
    for entry in entries:
        person, _ = learn(person, entry, now)
    return person


@st.composite
def _history(draw: st.DrawFn) -> list[Entry]:
    versions = draw(st.lists(st.integers(1, 1000), min_size=1, max_size=8, unique=True))
    days = st.one_of(st.none(), st.dates(NOW.date() - timedelta(days=5), NOW.date() + timedelta(days=5)))
    entries = []
    for version in versions:
        day = draw(days)
        if day is not None and draw(st.booleans()):
            entries.append(leaving(version, day))
        else:
            entries.append(record(version, day, draw(st.sampled_from(ZONES))))
    return entries


@given(st.data())
def test_any_order_and_repetition_of_the_same_entries_ends_in_the_same_state(data: st.DataObject) -> None:
    history = data.draw(_history())
    shuffled = data.draw(st.permutations(history))
    repeated = [*shuffled, *data.draw(st.lists(st.sampled_from(history), max_size=8))]
    # Each arrival has a time of its own, and the days pass meanwhile.
    arrivals = sorted(data.draw(st.lists(st.integers(0, 240), min_size=len(repeated), max_size=len(repeated))))
    person = Person("E1")
    for entry, hours in zip(repeated, arrivals, strict=True):
        person, _ = learn(person, entry, NOW - timedelta(days=6) + timedelta(hours=hours))
    end = NOW + timedelta(days=30)
    settled, in_order = advance(person, end), advance(after(*sorted(history, key=lambda e: e.version)), end)
    assert (settled.status, settled.current, settled.pending) == (in_order.status, in_order.current, in_order.pending)


@given(_history())
def test_the_state_is_the_highest_version_whose_day_has_come(history: list[Entry]) -> None:
    person = advance(after(*history), NOW + timedelta(days=30))
    assert person.version == max(entry.version for entry in history)


@given(_history(), st.integers(-10, 10))
def test_waiting_entries_rise_in_version_and_in_day(history: list[Entry], days: int) -> None:
    person = after(*history, now=NOW + timedelta(days=days))
    assert all(entry.version > person.version for entry in person.pending)
    waiting = [(entry.version, entry.acts_on or date.min) for entry in person.pending]
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(waiting))


def test_a_record_for_a_day_ahead_waits_for_its_day() -> None:
    person = after(record(1), record(2, date(2026, 6, 20)))
    assert (person.version, next_change(person)) == (1, datetime(2026, 6, 19, 22, tzinfo=UTC))
    assert advance(person, datetime(2026, 6, 19, 22, tzinfo=UTC)).version == 2


def test_a_newer_version_that_acts_earlier_cancels_an_older_one_that_acts_later() -> None:
    person = after(record(1), record(2, date(2026, 7, 1)), record(3, date(2026, 6, 20)))
    assert [entry.version for entry in person.pending] == [3]


def test_a_day_begins_at_midnight_where_the_employee_lives() -> None:
    today = date(2026, 6, 16)
    assert after(record(1, today, "Pacific/Kiritimati")).status == "active"
    assert after(record(1, today, "America/Los_Angeles")).status == "expected"


def test_somebody_leaves_at_midnight_in_the_zone_of_their_newest_record() -> None:
    person = after(record(1, zone="Pacific/Honolulu"), leaving(2, date(2026, 6, 16)))
    assert acts_at(person.pending[0], person) == datetime(2026, 6, 16, 10, tzinfo=UTC)


def test_a_leaver_stays_gone_when_an_older_record_comes_late() -> None:
    person, verdict = learn(after(record(1), leaving(3, date(2026, 6, 1))), record(2), NOW)
    assert (person.status, verdict) == ("departed", Verdict.REORDERED)


def test_a_higher_version_hires_a_leaver_again() -> None:
    assert after(record(1), leaving(2, date(2026, 6, 1)), record(3)).status == "active"


def test_leaving_before_being_hired_leaves_nobody_behind() -> None:
    assert after(leaving(2, date(2026, 6, 1)), record(1)).status == "departed"


def test_what_another_source_says_too_late_is_stale() -> None:
    _, verdict = learn(after(record(5)), record(4, source="/payroll"), NOW)
    assert verdict is Verdict.STALE


def test_the_same_version_again_is_a_repetition() -> None:
    _, verdict = learn(after(record(5)), record(5, source="/payroll"), NOW)
    assert verdict is Verdict.REPEATED


def test_the_ends_of_the_calendar_are_days_too() -> None:
    assert midnight(date.max, "America/Los_Angeles") > NOW > midnight(date.min, "Pacific/Kiritimati")


def in_line(intervals: dict[str, tuple[int, int]], above: str, below: str) -> bool:
    return intervals[above][0] < intervals[below][0] < intervals[above][1]


def test_reporting_lines_are_nested_at_any_depth() -> None:
    found = reporting_intervals({"ceo": None, "vp": "ceo", "lead": "vp", "dev": "lead", "other": "ceo"})
    assert in_line(found, "ceo", "dev")
    assert in_line(found, "vp", "dev")
    assert not in_line(found, "other", "dev")
    assert not in_line(found, "dev", "vp")


def test_a_circle_of_managers_is_one_line() -> None:
    found = reporting_intervals({"a": "c", "b": "a", "c": "b", "below": "b", "own": "own"})
    assert in_line(found, "a", "b")
    assert in_line(found, "b", "c")
    assert in_line(found, "a", "below")


def test_a_manager_without_a_record_still_joins_two_lines() -> None:
    found = reporting_intervals({"a": "gone", "b": "a"})
    assert in_line(found, "gone", "b")


def test_a_very_long_line_is_no_problem() -> None:
    found = reporting_intervals({f"E{n}": f"E{n + 1}" for n in range(10_000)})
    assert in_line(found, "E10000", "E0")
