# ruff: noqa: DTZ001, DTZ901 - wall-clock times have no zone of their own
"""Local times: exactly one instant, or a clear answer why not."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.domain.refusal import Refused
from sessions.domain.times import instant_of, wall_time

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Pacific/Apia",  # skipped a whole day in 2011
    "America/Sao_Paulo",
    "Africa/Casablanca",  # winter time during Ramadan
    "Asia/Kathmandu",
    "Antarctica/Troll",  # two hours
    "UTC",
]
instants = st.datetimes(datetime(1972, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
zones = st.sampled_from(ZONES)


@given(instants, zones)
def test_every_instant_comes_back_from_its_wall_time_by_one_of_the_two_readings(instant: datetime, zone: str) -> None:
    local = wall_time(instant, zone)
    assert instant in {instant_of(local, zone, "first"), instant_of(local, zone, "second")}


@given(st.datetimes(datetime(1972, 1, 1), datetime(2100, 1, 1)), zones)
def test_a_local_time_is_one_instant_or_refused_with_the_reason(local: datetime, zone: str) -> None:
    readings = {
        moment
        for fold in (0, 1)
        if wall_time(moment := local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC), zone) == local
    }
    if len(readings) == 1:
        assert {instant_of(local, zone)} == readings
        return
    with pytest.raises(Refused) as refused:
        instant_of(local, zone)
    assert refused.value.code == ("local_time_skipped" if not readings else "local_time_ambiguous")


@given(zones, st.integers(0, 365 * 24 * 4))
def test_wall_times_around_every_change_of_clocks_are_judged_like_any_other(zone: str, quarters: int) -> None:
    instant = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarters)
    local = wall_time(instant, zone)
    first, second = instant_of(local, zone, "first"), instant_of(local, zone, "second")
    assert first <= second
    assert instant in {first, second}


def test_a_time_that_clocks_skip_is_refused_with_its_neighbours() -> None:
    with pytest.raises(Refused, match=r"does not exist in Europe/Berlin.*60 minutes") as refused:
        instant_of(datetime(2027, 3, 28, 2, 30), "Europe/Berlin")
    assert "2027-03-28T01:30 and 2027-03-28T03:30 exist" in refused.value.detail


def test_a_time_that_happens_twice_is_refused_until_one_is_chosen() -> None:
    twice = datetime(2027, 10, 31, 2, 30)
    with pytest.raises(Refused, match=r"first at 2027-10-31T00:30Z, again at 2027-10-31T01:30Z"):
        instant_of(twice, "Europe/Berlin")
    assert instant_of(twice, "Europe/Berlin", "first") == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert instant_of(twice, "Europe/Berlin", "second") == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


def test_the_same_wall_time_is_another_instant_in_summer_than_in_winter() -> None:
    assert instant_of(datetime(2027, 1, 15, 14, 30), "Europe/Berlin") == datetime(2027, 1, 15, 13, 30, tzinfo=UTC)
    assert instant_of(datetime(2027, 7, 15, 14, 30), "Europe/Berlin") == datetime(2027, 7, 15, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("local", [datetime.min, datetime(1, 1, 1, 5), datetime.max])
def test_times_beyond_the_calendar_are_refused_not_failed_on(local: datetime) -> None:
    with pytest.raises(Refused, match="outside the years"):
        instant_of(local, "Asia/Tokyo")
