"""Runs that are stopped before they are done, and what is heard of them until then."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.matching import Format
from matching.domain.export import exported
from matching.domain.people import words
from matching.domain.problems import Problem
from matching.domain.rules import Rules, Weights
from matching.domain.runs import solve
from matching.domain.verify import verify
from tests.matching.people import problems
from tests.matching.test_runs import person


def test_what_there_is_when_time_is_up_is_the_outcome_with_its_honest_gap() -> None:
    mentees = tuple(person(f"E{number:03}", goals=words("a")) for number in range(100))
    mentors = tuple(person(f"M{number:03}", goals=words("a" if number < 50 else "b")) for number in range(100))
    problem = Problem("one_on_one", Rules(weights=Weights(goals=1, level=1)), mentees, mentors)
    best, found = solve(problem), solve(problem, stop=lambda: True)
    assert best.report["certified"]
    assert not found.report["certified"]
    assert found.certificate is not None
    assert best.certificate is not None
    assert found.certificate.value < best.certificate.value <= found.certificate.upper_bound
    verdict = verify(exported(problem, found))
    assert verdict.holds, verdict.findings
    assert verdict.gap


@pytest.mark.parametrize("programme_format", ["one_on_one", "reverse", "group", "peer"])
@settings(max_examples=25)
@given(st.data())
def test_a_run_that_is_stopped_at_once_claims_nothing_that_is_not_so(programme_format: Format, data: Any) -> None:
    problem = data.draw(problems(programme_format))
    found = solve(problem, stop=lambda: True)
    verdict = verify(exported(problem, found))
    assert verdict.holds, verdict.findings
    assert found.total <= found.upper_bound
    if found.report["certified"]:
        assert found.total == solve(problem).total


def test_a_worst_pair_that_may_be_raised_still_is_not_called_proven() -> None:
    mentees, mentors = (person("E1", level=1), person("E2", level=2)), (person("M1", level=5), person("M2", level=9))
    problem = Problem("one_on_one", Rules(weights=Weights(level=1), objective="fair"), mentees, mentors)
    assert solve(problem).report["certified"]
    assert not solve(problem, stop=lambda: True).report["certified"]


def test_progress_rises_to_the_end() -> None:
    heard: list[int] = []
    people = tuple(person(f"E{n}") for n in range(6))
    solve(Problem("one_on_one", Rules(), people[:3], people[3:]), heard.append)
    assert heard == sorted(heard)
    assert 0 < heard[0] <= heard[-1] < 100
