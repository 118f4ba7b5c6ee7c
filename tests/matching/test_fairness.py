from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.domain.differences import difference
from matching.domain.fairness import coverage, fairness, gini, load, shown_groups, spread
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.rows import rows_of
from matching.domain.rules import Rules, Weights
from matching.domain.runs import solve
from matching.domain.solutions import Pair, Solution

GOALS = Rules(weights=Weights(goals=1))


def person(name: str, *goals: str, **more: Any) -> Profile:
    return Profile(name, goals=frozenset(goals), **more)


def problem(mentees: list[Profile], mentors: list[Profile], rules: Rules = GOALS) -> Problem:
    return Problem("one_on_one", rules, tuple(mentees), tuple(mentors))


def paired(*pairs: tuple[str, str, int]) -> Solution:
    return Solution(tuple(Pair(*pair, {}) for pair in pairs), {}, 0, 0, 0, "")


def report(of: Problem, solution: Solution | None = None, order: list[int] | None = None) -> dict[str, Any]:
    return fairness(of, solution or solve(of), order or list(range(len(of.mentees))))


def test_scores_are_shown_by_deciles_and_by_thousands() -> None:
    found = spread(np.array([0, 500, 9_999, 10_000]))
    assert (found["worst"], found["mean"], found["deciles"][0], found["deciles"][10]) == (0, 5124, 0, 10_000)
    assert found["histogram"] == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert spread(np.zeros(0, dtype=np.int64))["deciles"] == []


@pytest.mark.parametrize(("values", "expected"), [([1, 1, 1], 0.0), ([0, 0, 0, 4], 0.75), ([], 0.0), ([0, 0], 0.0)])
def test_gini_is_0_for_equal_shares_and_near_1_when_one_has_all(values: list[int], expected: float) -> None:
    assert gini(np.array(values, dtype=np.int64)) == expected


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_gini_is_half_the_mean_difference_over_the_mean(values: list[int]) -> None:
    mean = sum(values) / len(values)
    apart = sum(abs(one - other) for one in values for other in values) / len(values) ** 2
    assert gini(np.array(values)) == pytest.approx(apart / (2 * mean) if mean else 0.0, abs=1e-4)


def test_load_counts_those_who_have_nobody_too() -> None:
    assert load(np.array([0, 3, 1])) == {
        "gini": 0.5,
        "max": 3,
        "mean": 1.333,
        "people_by_load": {"0": 1, "1": 1, "3": 1},
    }


def test_groups_under_five_are_shown_together_and_never_told_from_the_total() -> None:
    assert shown_groups({"a": [6, 3], "b": [2, 1], "c": [4, 4]}) == [("a", 6, 3), ("others", 6, 5)]
    # One small group alone would be the total less the others: the smallest of those is hidden with it.
    assert shown_groups({"a": [9, 3], "b": [2, 1], "c": [6, 4]}) == [("a", 9, 3), ("others", 8, 5)]
    assert shown_groups({"a": [3, 3], "b": [1, 0]}) == []


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.tuples(st.integers(1, 12), st.integers(0, 12)), max_size=8))
def test_no_shown_group_nor_what_is_hidden_is_ever_small(sizes: dict[str, tuple[int, int]]) -> None:
    total = sum(size for size, _ in sizes.values())
    shown = shown_groups({name: [size, found] for name, (size, found) in sizes.items()})
    assert all(people >= 5 for _, people, _ in shown)
    hidden = total - sum(people for _, people, _ in shown)
    assert hidden == 0 or not shown


def test_coverage_counts_who_found_somebody_by_department() -> None:
    people = [person(f"E{number}", department="sales" if number < 6 else "") for number in range(12)]
    matched = np.array([number % 2 == 0 for number in range(12)])
    assert coverage(people, matched, "department") == [
        {"group": "sales", "people": 6, "matched": 3, "share": 0.5},
        {"group": "others", "people": 6, "matched": 3, "share": 0.5},
    ]


def test_two_who_would_rather_have_each_other_block() -> None:
    of = problem([person("E1", "a", "b"), person("E2", "a")], [person("M1", "a", "b"), person("M2", "b")])
    # E1 with M1 is worth 10000; E1 has M2 (5000) and M1 has E2 (10000): M1 would not rather have E1.
    assert report(of, paired(("E1", "M2", 5000), ("E2", "M1", 10_000)))["blocking_pairs"] == 0
    assert report(of, paired(("E1", "M2", 5000)))["blocking_pairs"] == 2


def test_a_place_that_is_free_blocks_with_everybody_who_gains_by_it() -> None:
    of = problem([person("E1", "a")], [person("M1", "a", capacity=2)])
    assert report(of, paired())["blocking_pairs"] == 1
    assert report(of)["blocking_pairs"] == 0


def test_the_outcome_stands_beside_what_first_come_first_served_would_give() -> None:
    of = problem([person("E1", "a", "b"), person("E2", "a")], [person("M1", "a"), person("M2", "b")])
    found = report(of)
    assert found["scores"]["mean"] == 7500
    assert found["first_come_first_served"] == {"pairs": 2, "total_score": 5000, "worst_score": 0, "gini": 0.0}
    late = report(of, order=[1, 0])["first_come_first_served"]
    assert (late["total_score"], late["worst_score"]) == (15_000, 5000)


@given(st.data())
def test_blocking_pairs_and_the_queue_agree_with_counting_one_by_one(data: st.DataObject) -> None:
    goals = st.sets(st.sampled_from("abcd"), max_size=3)
    mentees = [person(f"E{n}", *data.draw(goals), line=(n + 1, n + 1)) for n in range(data.draw(st.integers(1, 6)))]
    mentors = [
        person(f"M{n}", *data.draw(goals), capacity=data.draw(st.integers(1, 2)), line=(50 + n, 50 + n))
        for n in range(data.draw(st.integers(1, 4)))
    ]
    of = problem(mentees, mentors)
    solution, row = solve(of), rows_of(of)
    found = report(of, solution)
    lines = [row.in_order(number).tolist() for number in range(len(mentees))]
    mine = {pair.mentee: pair.score for pair in solution.pairs}
    theirs: dict[str, list[int]] = {}
    for pair in solution.pairs:
        theirs.setdefault(pair.mentor, []).append(pair.score)
    blocking = 0
    for line, mentee in zip(lines, mentees, strict=True):
        for score, mentor in zip(line, mentors, strict=True):
            has = theirs.get(mentor.employee_id, [])
            wants = len(has) < mentor.capacity or score > min(has)
            blocking += score >= 0 and score > mine.get(mentee.employee_id, -1) and wants
    free, total = [mentor.capacity for mentor in mentors], 0
    for line in lines:
        left = [(score, -place) for place, score in enumerate(line) if score >= 0 and free[place]]
        if left:
            score, place = max(left)
            free[-place] -= 1
            total += score
    assert (found["blocking_pairs"], found["first_come_first_served"]["total_score"]) == (blocking, total)


def test_reports_are_compared_figure_by_figure() -> None:
    first = {"scores": {"worst": 10, "deciles": [1]}, "blocking_pairs": 3}
    second = {"scores": {"worst": 30}, "blocking_pairs": 1}
    assert difference(first, second) == {
        "scores.worst": {"first": 10, "second": 30, "change": 20},
        "blocking_pairs": {"first": 3, "second": 1, "change": -2},
    }
