"""Circles that somebody is pinned to have their minimum like all others, or are not opened and the run says so."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.refusal import BadValue
from matching.domain.rules import Rules
from matching.domain.runs import solve
from matching.domain.scoring import forbidden_by
from matching.domain.undecided import with_full_circles
from matching.domain.verify import verify
from tests.matching.test_verify import company, complaints, run_of


def pinned(problem: Problem, *pins: tuple[str, str]) -> Problem:
    return replace(problem, pins=frozenset(pins))


def with_pins(problem: Problem, count: int) -> Problem:
    """The problem with pins that no rule forbids: of every third mentee, the first mentor who has a place."""
    room = {mentor.employee_id: min(mentor.capacity, problem.rules.circle_max) for mentor in problem.mentors}
    pins = []
    for mentee in problem.mentees[::3][:count]:
        for mentor in problem.mentors:
            if room[mentor.employee_id] and forbidden_by(problem, mentee, mentor) is None:
                room[mentor.employee_id] -= 1
                pins.append((mentee.employee_id, mentor.employee_id))
                break
    return pinned(problem, *pins)


def sizes(problem: Problem) -> Counter[str]:
    return Counter(pair.mentor for pair in solve(problem).pairs)


@pytest.mark.parametrize("objective", ["coverage", "total", "fair"])
@pytest.mark.parametrize("seed", range(4))
def test_every_circle_has_its_minimum_though_people_are_pinned_and_the_run_proves_itself(
    seed: int, objective: Any
) -> None:
    rules = Rules(circle_min=3, circle_max=6, objective=objective)
    roomy = company(rules, "group", seed=seed, size=24)
    roomy = replace(roomy, mentors=tuple(replace(one, capacity=6) for one in roomy.mentors))
    problem, _ = with_full_circles(with_pins(roomy, 3))
    assert problem.pins
    assert min(sizes(problem).values()) >= 3
    verdict = verify(run_of(problem))
    assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]


def crowd(mentees: int, *capacities: int, **rules: Any) -> Problem:
    """People who are all alike."""
    listed = tuple(Profile(f"E{number}") for number in range(mentees))
    mentors = tuple(Profile(f"M{number}", capacity=places) for number, places in enumerate(capacities))
    return Problem("group", Rules(**rules), listed, mentors)


def test_the_circle_of_a_pinned_person_is_filled_before_a_better_one() -> None:
    problem = crowd(3, 3, 3, circle_min=3, circle_max=3)
    assert sizes(pinned(problem, ("E1", "M1"))) == {"M1": 3}


def test_who_is_pinned_counts_for_the_minimum() -> None:
    problem = crowd(4, 4, circle_min=3, circle_max=4)
    pins = [("E0", "M0"), ("E1", "M0"), ("E2", "M0")]
    assert sizes(pinned(problem, *pins)) == {"M0": 4}


@pytest.mark.parametrize(("places", "people"), [(2, 5), (5, 2)])
def test_a_pinned_circle_that_cannot_be_filled_is_refused_by_name(places: int, people: int) -> None:
    problem = pinned(crowd(people, places, 5, circle_min=3, circle_max=5), ("E0", "M0"))
    with pytest.raises(BadValue, match="M0 has pinned mentees, but too few others may join for a circle of 3"):
        solve(problem)


def test_of_two_pinned_circles_with_people_for_one_the_other_is_given_up_and_its_people_go_elsewhere() -> None:
    problem = pinned(crowd(4, 4, 4, circle_min=3, circle_max=4), ("E0", "M0"), ("E1", "M1"))
    possible, short = with_full_circles(problem)
    assert short == 1
    assert list(sizes(possible).values()) == [4]


def test_pins_that_fill_their_circles_themselves_are_kept() -> None:
    problem = pinned(crowd(3, 3, circle_min=2, circle_max=3), ("E0", "M0"), ("E1", "M0"))
    assert with_full_circles(problem) == (problem, 0)


def test_a_pinned_circle_below_its_minimum_is_seen() -> None:
    document = run_of(pinned(crowd(3, 3, circle_min=3, circle_max=3), ("E0", "M0")))
    document["pairs"] = [pair for pair in document["pairs"] if pair["mentee"] != "E2"]
    assert "capacities" in complaints(document)
