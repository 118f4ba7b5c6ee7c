from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from matching.domain.engine.assignment import assign
from matching.domain.engine.market import Indices, Points
from matching.domain.engine.moves import Rematch, rematch
from tests.matching.dense import lexicographic, market_of, random_scores

Capacity = npt.NDArray[np.int64]


def still_allowed(score: Points, mate: Indices) -> Indices:
    held = np.flatnonzero(mate >= 0)
    return held[score[held, mate[held]] >= 0].astype(np.int32)


def unavoidable(score: Points, capacity: Capacity, mate: Indices) -> int:
    load = np.bincount(mate[still_allowed(score, mate)], minlength=len(capacity))
    return int(np.maximum(load - capacity, 0).sum())


def best_by_program(score: Points, capacity: Capacity, mate: Indices, moves: int, *, coverage: bool) -> tuple[int, int]:
    """(pairs, total) of the best matching in which all but so many of those who can stay do."""
    row, column = np.nonzero(score >= 0)
    pairs = np.arange(len(row))
    of_row, of_column = np.zeros((score.shape[0], len(row))), np.zeros((score.shape[1], len(row)))
    of_row[row, pairs], of_column[column, pairs] = 1, 1
    staying = (mate[row] == column).astype(float)
    few = len(still_allowed(score, mate)) - moves - unavoidable(score, capacity, mate)
    matrix = np.vstack([of_row, of_column, staying])
    low = np.append(np.full(len(matrix) - 1, -np.inf), few)
    high = np.concatenate([np.ones(score.shape[0]), capacity, [np.inf]])
    return lexicographic(score[row, column].astype(float), len(row), matrix, low, high, coverage=coverage)


def random_mates(rng: np.random.Generator, rows: int, columns: int) -> Indices:
    """An earlier matching, whatever became of capacities and scores since."""
    return np.where(rng.random(rows) < 0.75, rng.integers(0, columns, rows), -1).astype(np.int32)


def assert_rematch(found: Rematch, score: Points, capacity: Capacity, mate: Indices, moves: int) -> None:
    held = np.flatnonzero(found.mate >= 0)
    assert (np.bincount(found.mate[held], minlength=score.shape[1]) <= capacity).all()
    assert (found.score[held] == score[held, found.mate[held]]).all()
    assert (found.score[held] >= 0).all()
    kept = still_allowed(score, mate)
    assert found.moved.tolist() == kept[found.mate[kept] != mate[kept]].tolist()
    assert found.released.tolist() == np.setdiff1d(np.flatnonzero(mate >= 0), kept).tolist()
    assert found.unavoidable == unavoidable(score, capacity, mate)
    assert len(found.moved) <= moves + found.unavoidable
    assert found.gap >= 0


@pytest.mark.parametrize("coverage", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_small_matchings_with_few_moves_are_the_best_there_are(seed: int, coverage: bool) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(40):
        score = random_scores(rng, int(rng.integers(1, 14)), int(rng.integers(1, 9)))
        moves = int(rng.integers(0, 5))
        capacity = rng.integers(0, 4, (score.shape[1],))
        mate = random_mates(rng, *score.shape)
        found = rematch(market_of(score, capacity), mate, moves, coverage=coverage)
        assert_rematch(found, score, capacity, mate, moves)
        best = best_by_program(score, capacity, mate, moves, coverage=coverage)
        assert (found.gap, found.pairs if coverage else best[0], found.total) == (0, *best)


def changed(seed: int, rows: int, columns: int) -> tuple[Points, Capacity, Indices]:
    """An optimal matching of a programme in which some have left, some have come and some scores have changed since."""
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 10_001, (rows, columns)).astype(np.int16)
    score[rng.random(score.shape) > 0.4] = -1
    capacity = rng.integers(1, 4, columns)
    mate = assign(market_of(score, capacity)).mate.copy()
    new = rng.random(rows) < 0.1
    mate[new] = -1
    score[new] = rng.integers(-1, 10_001, (int(new.sum()), columns))
    capacity[rng.random(columns) < 0.1] -= 1
    return score, capacity, mate


@pytest.mark.parametrize("moves", [0, 1, 5, 20])
def test_a_programme_of_a_hundred_is_matched_again_with_few_moves(moves: int) -> None:
    score, capacity, mate = changed(1, 100, 50)
    found = rematch(market_of(score, capacity), mate, moves)
    assert_rematch(found, score, capacity, mate, moves)
    assert found.gap == 0
    assert (found.pairs, found.total) == best_by_program(score, capacity, mate, moves, coverage=True)


def test_more_moves_never_make_the_best_matching_worse() -> None:
    score, capacity, mate = changed(2, 200, 80)
    values = [rematch(market_of(score, capacity), mate, moves).value for moves in (0, 1, 2, 4, 8, 16, 200)]
    assert all(before <= after for before, after in pairwise(values))


def test_as_many_moves_as_people_give_the_matching_from_scratch() -> None:
    score, capacity, mate = changed(3, 200, 80)
    market = market_of(score, capacity)
    found, scratch = rematch(market, mate, 200), assign(market)
    assert (found.pairs, found.total, found.gap) == (scratch.pairs, scratch.total, 0)


def test_frozen_nobody_who_is_matched_moves() -> None:
    score, capacity, mate = changed(4, 200, 80)
    load = np.bincount(mate[mate >= 0], minlength=80)
    capacity = np.maximum(capacity, load)
    found = rematch(market_of(score, capacity), mate, 0)
    held = mate >= 0
    assert (found.mate[held] == mate[held]).all()
    assert (found.gap, len(found.moved)) == (0, 0)
    rest = assign(market_of(score[~held], capacity - load))
    assert (found.pairs - int(held.sum()), int(found.score[~held][found.mate[~held] >= 0].sum())) == (
        rest.pairs,
        rest.total,
    )


def test_one_move_can_bring_in_one_more() -> None:
    score = np.array([[5_000, 1], [4_000, -1]], np.int16)
    mate = np.array([0, -1], np.int32)
    frozen, freed = (rematch(market_of(score, 1), mate, moves) for moves in (0, 1))
    assert (frozen.pairs, frozen.total, frozen.gap) == (1, 5_000, 0)
    assert (freed.pairs, freed.total, freed.gap) == (2, 4_001, 0)
    assert freed.moved.tolist() == [0]


def test_who_may_not_stay_does_not_count_as_moved() -> None:
    score = np.array([[-1, 10], [20, 10]], np.int16)
    found = rematch(market_of(score, 1), np.array([0, -1], np.int32), 0)
    assert found.mate.tolist() == [1, 0]
    assert (found.moved.tolist(), found.released.tolist(), found.gap) == ([], [0], 0)


def test_a_mentor_with_fewer_places_lets_go_whom_it_costs_least() -> None:
    score = np.array([[10, 9], [10, 1], [10, 1]], np.int16)
    found = rematch(market_of(score, [2, 1]), np.zeros(3, np.int32), 0)
    assert found.mate.tolist() == [1, 0, 0]
    assert (found.unavoidable, found.moved.tolist(), found.gap) == (1, [0], 0)


def test_equal_scores_move_nobody_for_nothing() -> None:
    score = np.full((60, 30), 5_000, np.int16)
    mate = np.repeat(np.arange(30), 2).astype(np.int32)
    found = rematch(market_of(score, 2), mate, 60)
    assert (found.pairs, found.total, found.gap) == (60, 300_000, 0)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_empty_sides_are_matched_with_nobody(shape: tuple[int, int]) -> None:
    found = rematch(market_of(np.zeros(shape, np.int16), 1), np.full(shape[0], -1, np.int32), 2)
    assert (found.pairs, found.gap) == (0, 0)


def test_being_told_to_stop_leaves_a_true_matching_and_an_honest_bound() -> None:
    score, capacity, mate = changed(5, 100, 40)
    whole = rematch(market_of(score, capacity), mate, 5)
    stopped = rematch(market_of(score, capacity), mate, 5, stop=lambda: True)
    assert_rematch(stopped, score, capacity, mate, 5)
    assert stopped.value <= whole.value <= stopped.upper_bound


def test_fewer_moves_than_none_are_refused() -> None:
    with pytest.raises(ValueError, match="-1 moves"):
        rematch(market_of(np.zeros((1, 1), np.int16), 1), np.zeros(1, np.int32), -1)
