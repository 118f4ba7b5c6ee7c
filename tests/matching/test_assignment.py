from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.domain.assignment import BoolArray, IntArray, assign, assign_peers
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.rules import Rules
from matching.domain.runs import solve


def instance(seed: int, rows: int, columns: int) -> tuple[IntArray, BoolArray, IntArray]:
    rng = np.random.default_rng(seed)
    top = int(rng.choice([1, 3, 10_001]))
    return (
        rng.integers(0, top, (rows, columns)),
        rng.random((rows, columns)) < rng.random(),
        rng.integers(0, 3, columns),
    )


def best_by_hand(scores: IntArray, allowed: BoolArray, capacity: IntArray) -> tuple[int, int]:
    rows = scores.shape[0]
    slots = [column for column, places in enumerate(capacity) for _ in range(places)] + [-1] * rows
    best = (0, 0)
    for order in set(permutations(slots, rows)):
        pairs = [(row, column) for row, column in enumerate(order) if column >= 0]
        if all(allowed[pair] for pair in pairs):
            best = max(best, (len(pairs), sum(int(scores[pair]) for pair in pairs)))
    return best


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 4), st.integers(0, 3))
def test_the_assignment_is_the_best_there_is(seed: int, rows: int, columns: int) -> None:
    scores, allowed, capacity = instance(seed, rows, columns)
    found = assign(scores, allowed, capacity)
    assert (len(found.left), found.total) == best_by_hand(scores, allowed, capacity)
    assert found.gap == 0
    assert all(allowed[pair] for pair in zip(found.left, found.right, strict=True))
    assert (np.bincount(found.right, minlength=columns) <= capacity).all()


def best_peers_by_hand(scores: IntArray, allowed: BoolArray) -> tuple[int, int]:
    edges = [(i, j) for i, j in combinations(range(len(scores)), 2) if allowed[i, j]]
    best = (0, 0)
    for size in range(len(scores) // 2, 0, -1):
        for chosen in combinations(edges, size):
            if len({person for edge in chosen for person in edge}) == 2 * size:
                best = max(best, (size, sum(int(scores[edge]) for edge in chosen)))
    return best


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 7))
def test_peers_are_paired_the_best_way_there_is(seed: int, size: int) -> None:
    scores, allowed, _ = instance(seed, size, size)
    scores = (scores + scores.T) // 2
    allowed = (allowed | allowed.T) & ~np.eye(size, dtype=np.bool_)
    found = assign_peers(scores, allowed)
    assert (len(found.left), found.total) == best_peers_by_hand(scores, allowed)
    assert found.gap == 0
    assert len({*found.left, *found.right}) == 2 * len(found.left)


def person(name: str, **given: object) -> Profile:
    number = int(name[1:])
    return Profile(name, line=(2 * number, 2 * number + 1), **given)  # type: ignore[arg-type]


def test_a_full_mentor_gets_nobody_and_the_reasons_are_told() -> None:
    mentees = (person("E1"), person("E2"), person("E3", blocks=frozenset({"E9"})))
    found = solve(Problem("one_on_one", Rules(), mentees, (person("E9"),)))
    assert len(found.pairs) == 1
    assert sorted(found.unmatched.values()) == ["all_full", "no_candidates"]


def test_a_pair_below_the_floor_is_left_unmatched() -> None:
    found = solve(Problem("one_on_one", Rules(score_min=10_000), (person("E1"),), (person("E2"),)))
    assert found.unmatched == {"E1": "below_floor"}


def test_people_who_have_met_are_not_offered_to_each_other_again() -> None:
    one, other = (person("E1"), person("E2")), person("E3")
    assert not solve(Problem("one_on_one", Rules(), one[:1], (other,), frozenset({("E1", "E3")}))).pairs
    assert not solve(Problem("peer", Rules(), one, (), frozenset({("E2", "E1")}))).pairs


def test_somebody_who_is_both_is_never_matched_with_themselves() -> None:
    both = person("E1")
    assert not solve(Problem("one_on_one", Rules(), (both,), (both,))).pairs


def test_a_group_takes_as_many_as_its_mentor_has_room_for() -> None:
    mentees = tuple(person(f"E{number}") for number in range(5))
    found = solve(Problem("group", Rules(), mentees, (person("E9", capacity=4),)))
    assert len(found.pairs) == 4


@pytest.mark.parametrize("programme_format", ["one_on_one", "group", "peer", "reverse"])
def test_nobody_at_all_is_a_run_without_pairs(programme_format: str) -> None:
    found = solve(Problem(programme_format, Rules(), ()))  # type: ignore[arg-type]
    assert (found.pairs, found.unmatched, found.people) == ((), {}, 0)


def test_the_same_people_give_the_same_pairs_and_digest() -> None:
    mentees = tuple(person(f"E{number}", goals=frozenset({"a", "b"})) for number in range(9))
    mentors = tuple(person(f"E{number}", capacity=2) for number in range(20, 24))
    one, other = (solve(Problem("one_on_one", Rules(), mentees, mentors)) for _ in range(2))
    assert one == other


def test_the_contributions_of_each_pair_add_up_to_the_total() -> None:
    mentees = tuple(person(f"E{number}", goals=frozenset({"a"})) for number in range(300))
    mentors = tuple(person(f"E{number}", capacity=2, goals=frozenset({"a"})) for number in range(400, 500))
    found = solve(Problem("one_on_one", Rules(), mentees, mentors))
    assert sum(sum(pair.contributions.values()) for pair in found.pairs) == found.total
