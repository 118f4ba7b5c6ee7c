from itertools import product
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.domain.engine.deferred import (
    Rankings,
    blocking_by_score,
    blocking_pairs,
    deferred_acceptance,
    rankings,
    rankings_by_score,
)
from matching.domain.engine.market import Indices, Terms
from tests.matching.dense import market_of, random_scores

Names = list[list[int]]


def terms(lists: Names) -> Terms:
    start = np.concatenate([[0], np.cumsum([len(names) for names in lists])])
    return Terms(start.astype(np.int64), np.array([name for names in lists for name in names], np.int32))


@st.composite
def two_sides(draw: st.DrawFn) -> tuple[Names, Names, Indices]:
    rows, columns = draw(st.integers(0, 5)), draw(st.integers(0, 4))
    wishes = [draw(st.lists(st.integers(0, columns - 1), unique=True)) if columns else [] for _ in range(rows)]
    lists = [draw(st.lists(st.integers(0, rows - 1), unique=True)) if rows else [] for _ in range(columns)]
    capacity = draw(st.lists(st.integers(0, 3), min_size=columns, max_size=columns))
    return wishes, lists, np.array(capacity, np.int32)


def blocks(row: int, column: int, mate: list[int], wishes: Names, lists: Names, capacity: Indices) -> bool:
    """Whether a pair blocks a matching of acceptable pairs, word by word."""
    if column not in wishes[row] or row not in lists[column] or mate[row] == column:
        return False
    if mate[row] >= 0 and wishes[row].index(mate[row]) < wishes[row].index(column):
        return False
    held = [other for other, place in enumerate(mate) if place == column]
    return len(held) < capacity[column] or any(lists[column].index(row) < lists[column].index(other) for other in held)


def blocking_by_hand(mate: list[int], wishes: Names, lists: Names, capacity: Indices) -> set[tuple[int, int]]:
    pairs = product(range(len(wishes)), range(len(lists)))
    return {pair for pair in pairs if blocks(*pair, mate, wishes, lists, capacity)}


def acceptable(wishes: Names, lists: Names, capacity: Indices) -> list[list[int]]:
    """All matchings of acceptable pairs."""
    choices = [[-1, *(j for j in wish if row in lists[j])] for row, wish in enumerate(wishes)]
    return [
        list(mate)
        for mate in product(*choices)
        if all(mate.count(column) <= places for column, places in enumerate(capacity))
    ]


@settings(max_examples=150, deadline=None)
@given(two_sides())
def test_the_result_is_stable_and_nobody_has_better_in_any_stable_matching(
    sides: tuple[Names, Names, Indices],
) -> None:
    wishes, lists, capacity = sides
    found = deferred_acceptance(rankings(terms(wishes), terms(lists)), capacity).mate.tolist()
    every = acceptable(wishes, lists, capacity)
    stable = [mate for mate in every if not blocking_by_hand(mate, wishes, lists, capacity)]
    assert found in stable
    for row, wish in enumerate(wishes):
        order = [*wish, -1]
        assert order.index(found[row]) == min(order.index(mate[row]) for mate in stable)


@settings(max_examples=150, deadline=None)
@given(two_sides(), st.randoms(use_true_random=False))
def test_blocking_pairs_are_those_that_one_finds_by_hand(sides: tuple[Names, Names, Indices], choice: Random) -> None:
    wishes, lists, capacity = sides
    mate = choice.choice(acceptable(wishes, lists, capacity))
    rows, columns = blocking_pairs(rankings(terms(wishes), terms(lists)), capacity, np.array(mate, np.int32))
    found = set(zip(rows.tolist(), columns.tolist(), strict=True))
    assert found == blocking_by_hand(mate, wishes, lists, capacity)


def test_mentees_get_the_stable_matching_that_suits_them() -> None:
    lists = rankings(terms([[0, 1], [1, 0]]), terms([[1, 0], [0, 1]]))
    found = deferred_acceptance(lists, np.ones(2, np.int32))
    assert (found.mate.tolist(), found.place.tolist()) == ([0, 1], [0, 0])
    assert not blocking_pairs(lists, np.ones(2, np.int32), np.array([1, 0], np.int32))[0].size


def test_a_pair_that_one_side_does_not_list_or_that_is_forbidden_is_never_made() -> None:
    wishes, lists = terms([[0, 1], [0, 1]]), terms([[1], [0, 1]])
    capacity = np.array([2, 2], np.int32)
    assert deferred_acceptance(rankings(wishes, lists), capacity).mate.tolist() == [1, 0]
    barred = rankings(wishes, lists, forbidden=terms([[1], [0]]))
    assert deferred_acceptance(barred, capacity).mate.tolist() == [-1, 1]


def test_of_a_name_listed_twice_the_first_place_counts() -> None:
    lists = rankings(terms([[1, 0, 1]]), terms([[0, 0], [0]]))
    assert lists.column.tolist() == [1, 0]
    assert lists.standing.tolist() == [0, 0]


def test_who_holds_a_place_without_being_listed_blocks_nobody_out() -> None:
    lists = rankings(terms([[0], []]), terms([[0]]))
    rows, columns = blocking_pairs(lists, np.ones(1, np.int32), np.array([-1, 0], np.int32))
    assert (rows.tolist(), columns.tolist()) == ([0], [0])


@pytest.mark.parametrize("seed", range(20))
def test_lists_come_first_and_scores_rank_the_rest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score = random_scores(rng, 12, 7)
    wishes = [rng.permutation(7)[: rng.integers(0, 4)].tolist() for _ in range(12)]
    lists = [rng.permutation(12)[: rng.integers(0, 5)].tolist() for _ in range(7)]
    found = rankings_by_score(market_of(score, 2), terms(wishes), terms(lists))

    def ranked(points: npt.NDArray[np.int16], named: list[int]) -> list[int]:
        rest = sorted((k for k in range(len(points)) if k not in named), key=lambda k: (-points[k], k))
        return [k for k in [*named, *rest] if points[k] >= 0]

    for row in range(12):
        entries = slice(found.start[row], found.start[row + 1])
        assert found.column[entries].tolist() == ranked(score[row], wishes[row])
    for column in range(7):
        at = found.column == column
        order = found.row[at][np.argsort(found.standing[at])]
        assert order.tolist() == ranked(score[:, column], lists[column])


def by_score(score: npt.NDArray[np.int16], capacity: Indices, mate: Indices) -> int:
    found = 0
    for row, column in zip(*np.nonzero(score >= 0), strict=True):
        held = np.flatnonzero(mate == column)
        own = score[row, mate[row]] if mate[row] >= 0 else -1
        wanted = score[row, column]
        if mate[row] != column and wanted > own:
            found += bool(len(held) < capacity[column] or (len(held) and wanted > score[held, column].min()))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_blocking_pairs_by_score_are_those_that_one_finds_by_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score = random_scores(rng, 15, 6)
    capacity = rng.integers(0, 4, (6,)).astype(np.int32)
    market = market_of(score, capacity)
    mate = np.full(15, -1, np.int32)
    for row in rng.permutation(15):
        allowed = np.flatnonzero((score[row] >= 0) & (np.bincount(mate[mate >= 0], minlength=6) < capacity))
        mate[row] = rng.choice(allowed) if allowed.size and rng.random() < 0.8 else -1
    assert blocking_by_score(market, mate) == by_score(score, capacity, mate)
    stable = deferred_acceptance(rankings_by_score(market), capacity)
    assert blocking_by_score(market, stable.mate) == 0


def test_a_thousand_who_all_want_the_same_are_placed_in_the_order_the_mentors_have() -> None:
    score = np.broadcast_to(np.arange(300, 0, -1, dtype=np.int16), (1_000, 300))
    found = deferred_acceptance(rankings_by_score(market_of(score, 2)), np.full(300, 2, np.int32))
    assert found.mate[:600].tolist() == np.repeat(np.arange(300), 2).tolist()
    assert (found.mate[600:] == -1).all()


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_empty_sides_are_matched_with_nobody(shape: tuple[int, int]) -> None:
    market = market_of(np.zeros(shape, np.int16), 1)
    found = deferred_acceptance(rankings_by_score(market), market.capacity)
    assert found.mate.tolist() == [-1] * shape[0]
    assert blocking_by_score(market, found.mate) == 0


def test_large_lists_are_stable() -> None:
    rng = np.random.default_rng(1)
    market = market_of(random_scores(rng, 800, 200), rng.integers(1, 5, 200))
    lists: Rankings = rankings_by_score(market)
    found = deferred_acceptance(lists, market.capacity)
    assert not blocking_pairs(lists, market.capacity, found.mate)[0].size
    assert blocking_by_score(market, found.mate) == 0
