from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from matching.domain.engine import circles as circles_module
from matching.domain.engine.circle_bounds import SCALE
from matching.domain.engine.circle_seats import unfilled
from matching.domain.engine.circles import Circles, form_circles
from matching.domain.engine.market import Points
from tests.matching.dense import feasible, lexicographic, market_of, random_scores

Capacity = npt.NDArray[np.int64]


def best_by_program(
    score: Points, upper: Capacity, minimum: int, *, coverage: bool, pinned: Capacity | None = None
) -> tuple[int, int] | None:
    """(pairs, total) of the best circles: a variable for each pair and one for each circle.

    Circles with `pinned` people are open whatever it costs; nothing if they cannot all be filled.
    """
    rows, columns = score.shape
    given = np.zeros(columns, np.int64) if pinned is None else pinned
    row, column = np.nonzero(score >= 0)
    pairs = np.arange(len(row))
    of_row, of_column = np.zeros((rows, len(row) + columns)), np.zeros((columns, len(row) + columns))
    of_row[row, pairs], of_column[column, pairs] = 1, 1
    opened = np.hstack([np.zeros((columns, len(row))), np.eye(columns)])
    apart = np.zeros((len(row), len(row) + columns))
    apart[pairs, pairs], apart[pairs, len(row) + column] = 1, -1
    lower = np.maximum(minimum - given, 0)
    matrix = np.vstack([of_row, of_column - opened * upper[:, None], opened * lower[:, None] - of_column, apart])
    high = np.concatenate([np.ones(rows), np.zeros(2 * columns + len(row))])
    sure = np.flatnonzero(given)
    matrix, high = np.vstack([matrix, -opened[sure]]), np.append(high, -np.ones(len(sure)))
    weights = np.concatenate([score[row, column].astype(float), np.zeros(columns)])
    low = np.full(len(high), -np.inf)
    if pinned is not None and not feasible(matrix, low, high):
        return None
    return lexicographic(weights, len(row), matrix, low, high, coverage=coverage)


def assert_circles(found: Circles, score: Points, upper: Capacity, minimum: int) -> None:
    """Everybody in one allowed circle at most, every circle of a size it may have, and the figures add up."""
    held = np.flatnonzero(found.mate >= 0)
    size = np.bincount(found.mate[held], minlength=score.shape[1])
    assert ((size == 0) | ((size >= minimum) & (size <= upper))).all()
    assert (found.score[held] == score[held, found.mate[held]]).all()
    assert (found.score[held] >= 0).all()
    assert found.opened.tolist() == np.flatnonzero(size).tolist()
    assert found.total == int(found.score[held].sum())
    assert found.gap >= 0


@pytest.mark.parametrize("coverage", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_small_choices_of_circles_are_the_best_there_are(seed: int, coverage: bool) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(25):
        score = random_scores(rng, int(rng.integers(1, 15)), int(rng.integers(1, 8)))
        minimum = int(rng.integers(1, 6))
        maximum = minimum + int(rng.integers(0, 4))
        capacity = rng.integers(0, 8, score.shape[1])
        found = form_circles(market_of(score, capacity), minimum, maximum, coverage=coverage)
        upper = np.minimum(capacity, maximum)
        assert_circles(found, score, upper, minimum)
        best = best_by_program(score, upper, minimum, coverage=coverage)
        assert best is not None
        assert (found.gap, found.pairs if coverage else best[0], found.total) == (0, *best)


@pytest.mark.parametrize("coverage", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_circles_that_somebody_is_pinned_to_are_filled_the_best_way_there_is(seed: int, coverage: bool) -> None:
    rng = np.random.default_rng(100 + seed)
    filled = 0
    for _ in range(25):
        score = random_scores(rng, int(rng.integers(1, 15)), int(rng.integers(1, 8)))
        minimum = int(rng.integers(2, 6))
        pinned = np.where(rng.random(score.shape[1]) < 0.4, rng.integers(1, minimum + 2, score.shape[1]), 0)
        upper = np.maximum(
            np.minimum(rng.integers(0, 9, score.shape[1]), minimum + int(rng.integers(0, 4))) - pinned, 0
        )
        market = market_of(score, upper)
        best = best_by_program(score, upper, minimum, coverage=coverage, pinned=pinned)
        short = unfilled(market, minimum, minimum + 9, pinned)
        assert bool(short.size) == (best is None)
        found = form_circles(market, minimum, minimum + 9, pinned=pinned, coverage=coverage)
        if best is None:
            # Without those that cannot be filled beside the ones before them, all others can be.
            left = np.where(np.isin(np.arange(len(pinned)), short), 0, pinned)
            assert (found.pairs, found.upper_bound) == (0, 0)
            assert best_by_program(score, np.where(pinned > left, 0, upper), minimum, coverage=True, pinned=left)
            continue
        filled += 1
        size = np.bincount(found.mate[found.mate >= 0], minlength=score.shape[1])
        lower = np.maximum(minimum - pinned, 0)
        assert ((size >= lower) | ((size == 0) & (pinned == 0))).all()
        assert (found.gap, found.pairs if coverage else best[0], found.total) == (0, *best)
    assert filled > 5


@pytest.mark.parametrize("coverage", [True, False])
def test_a_hundred_people_and_twenty_circles_are_placed_the_best_way_there_is(coverage: bool) -> None:
    score = np.random.default_rng(1).integers(0, 10_001, (100, 20)).astype(np.int16)
    found = form_circles(market_of(score, 9), 6, 9, coverage=coverage)
    upper = np.full(20, 9)
    assert_circles(found, score, upper, 6)
    assert found.gap == 0
    assert (found.pairs, found.total) == best_by_program(score, upper, 6, coverage=coverage)


@pytest.mark.parametrize("coverage", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_where_prices_prove_little_branching_finds_the_best_circles_and_no_step_more_is_taken_than_allowed(
    seed: int, coverage: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circles_module, "ROUNDS", 1)
    monkeypatch.setattr(circles_module, "climb", lambda matching, *_: matching)
    rng = np.random.default_rng(300 + seed)
    branched = 0
    for _ in range(12):
        score = random_scores(rng, int(rng.integers(8, 15)), int(rng.integers(4, 8)))
        market, upper = market_of(score, np.full(score.shape[1], 5)), np.full(score.shape[1], 5)
        best = best_by_program(score, upper, 3, coverage=coverage)
        assert best is not None
        monkeypatch.setattr(circles_module, "_STEPS", 20_000)
        found = form_circles(market, 3, 5, coverage=coverage)
        assert_circles(found, score, upper, 3)
        assert (found.gap, found.pairs if coverage else best[0], found.total) == (0, *best)
        for steps in {0, 1, 2, found.rounds // 2, found.rounds}:
            monkeypatch.setattr(circles_module, "_STEPS", steps)
            fewer = form_circles(market, 3, 5, coverage=coverage)
            assert_circles(fewer, score, upper, 3)
            assert fewer.rounds == min(steps, found.rounds)
            assert fewer.upper_bound >= found.value
            assert fewer.gap == 0 or steps < found.rounds
        branched += found.rounds > 2
    assert branched


def test_a_minimum_above_the_number_of_people_opens_nothing() -> None:
    found = form_circles(market_of(np.full((5, 3), 9_000, np.int16), 20), 6, 10)
    assert (found.pairs, found.total, found.gap) == (0, 0, 0)
    assert not found.opened.size


def test_nobody_is_placed_where_nobody_is_allowed() -> None:
    found = form_circles(market_of(np.full((40, 5), -1, np.int16), 20), 2, 10)
    assert (found.pairs, found.total, found.gap) == (0, 0, 0)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_empty_sides_give_no_circles(shape: tuple[int, int]) -> None:
    found = form_circles(market_of(np.zeros(shape, np.int16), 5), 1, 5)
    assert (found.pairs, found.gap, len(found.mate)) == (0, 0, shape[0])


@pytest.mark.parametrize("coverage", [True, False])
def test_equal_scores_fill_as_many_whole_circles_as_there_are_people_for(coverage: bool) -> None:
    found = form_circles(market_of(np.full((1_003, 300), 5_000, np.int16), 20), 20, 20, coverage=coverage)
    assert (found.pairs, len(found.opened), found.gap) == (1_000, 50, 0)


def test_more_circles_than_people_open_as_few_as_the_minimum_asks() -> None:
    score = np.random.default_rng(2).integers(0, 10_001, (23, 60)).astype(np.int16)
    found = form_circles(market_of(score, 5), 5, 5)
    assert_circles(found, score, np.full(60, 5), 5)
    assert (found.pairs, len(found.opened)) == (20, 4)
    assert found.upper_bound // found.base == 20


def test_people_of_a_circle_that_cannot_fill_go_elsewhere() -> None:
    score = np.array([[9_000, 10], [9_000, 20], [-1, 30], [-1, 40]], np.int16)
    found = form_circles(market_of(score, 4), 3, 4)
    assert found.mate.tolist() == [1, 1, 1, 1]
    assert (found.total, found.gap) == (100, 0)


def test_a_mentor_with_fewer_places_than_the_minimum_holds_no_circle() -> None:
    score = np.full((6, 2), 100, np.int16)
    found = form_circles(market_of(score, [2, 6]), 3, 6)
    assert found.opened.tolist() == [1]


def test_coverage_may_cost_total_and_total_may_cost_coverage() -> None:
    score = np.array([[9_000, 0], [9_000, 0], [-1, 0], [-1, 0]], np.int16)
    market = market_of(score, 4)
    everybody, richest = form_circles(market, 2, 4), form_circles(market, 2, 4, coverage=False)
    assert (everybody.pairs, everybody.total) == (4, 18_000)
    three = market_of(score[:3], 4)
    assert (form_circles(three, 3, 4).pairs, form_circles(three, 3, 4).total) == (3, 0)
    assert form_circles(three, 2, 4, coverage=False).total == richest.total == 18_000


def test_hundreds_of_circles_are_proven_nearly_or_wholly_the_best() -> None:
    rng = np.random.default_rng(3)
    score = (rng.random((1_000, 8)) ** 3 @ rng.random((100, 8)).T ** 3 * 2_000).astype(np.int16)
    score[rng.random(score.shape) > 0.35] = -1
    found = form_circles(market_of(score, 12), 6, 12)
    assert_circles(found, score, np.full(100, 12), 6)
    assert found.upper_bound // found.base == found.pairs == 1_000
    assert found.gap <= found.total // 10_000


def test_being_told_to_stop_leaves_true_circles_and_an_honest_bound() -> None:
    rng = np.random.default_rng(4)
    score = random_scores(rng, 60, 15)
    whole = form_circles(market_of(score, 8), 4, 8)
    stopped = form_circles(market_of(score, 8), 4, 8, stop=lambda: True)
    assert_circles(stopped, score, np.full(15, 8), 4)
    assert stopped.value <= whole.value <= stopped.upper_bound


def test_the_same_question_has_the_same_answer() -> None:
    score = random_scores(np.random.default_rng(5), 80, 20)
    first, second = (form_circles(market_of(score, 7), 3, 7) for _ in range(2))
    assert (first.mate == second.mate).all()
    assert (first.upper_bound, first.rounds) == (second.upper_bound, second.rounds)


def test_the_prices_prove_their_bound_to_somebody_who_adds_up_by_hand() -> None:
    score = np.random.default_rng(6).integers(0, 10_001, (60, 12)).astype(np.int64)
    found = form_circles(market_of(score, 8), 5, 8, coverage=False)
    assert (found.row_price >= 0).all()
    worth = []
    for column in range(12):
        gain = np.sort(score[:, column] * SCALE - found.row_price)[::-1]
        worth.append(max(int(gain[:size].sum()) for size in range(5, 9)))
    opened = sum(sorted((value for value in worth if value > 0), reverse=True)[: 60 // 5])
    assert (int(found.row_price.sum()) + opened) // SCALE == found.price_bound >= found.total


def test_progress_only_rises() -> None:
    said: list[int] = []
    form_circles(market_of(random_scores(np.random.default_rng(7), 40, 10), 6), 3, 6, say=said.append)
    assert said[-1] == 100
    assert all(before <= after for before, after in pairwise(said))


@pytest.mark.parametrize(("minimum", "maximum"), [(0, 5), (6, 5), (-1, 3)])
def test_sizes_that_no_circle_can_have_are_refused(minimum: int, maximum: int) -> None:
    with pytest.raises(ValueError, match="a circle of"):
        form_circles(market_of(np.zeros((5, 2), np.int16), 5), minimum, maximum)
