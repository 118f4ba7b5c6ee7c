from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from matching.domain.engine.assignment import Assignment, assign
from matching.domain.engine.fair import fairest
from matching.domain.engine.market import Market
from matching.domain.engine.scoring import Pricing, best, score_column, score_pairs, score_row, top, top_of
from tests.matching.dense import market_of
from tests.matching.markets import random_market, scores_by_definition


def optimum(market: Market, *, coverage: bool) -> tuple[int, int]:
    """(pairs, total) of the best assignment, by SciPy on the whole matrix with every place a column of its own."""
    score = scores_by_definition(market)
    places = np.repeat(np.arange(market.columns), np.minimum(market.capacity, market.rows))
    base = 10_000 * min(market.rows, len(places)) + 1 if coverage else 0
    weight = np.where(score >= 0, score.astype(np.int64) + base, 0)[:, places]
    rows, columns = linear_sum_assignment(weight, maximize=True)
    held = score[rows, places[columns]] >= 0
    held &= weight[rows, columns] > 0
    return int(held.sum()), int(score[rows, places[columns]][held].sum())


def check(market: Market, found: Assignment) -> None:
    """Everything that must hold of any answer."""
    held = np.flatnonzero(found.mate >= 0)
    score = scores_by_definition(market)
    assert (score[held, found.mate[held]] == found.score[held]).all()
    assert (found.score[held] >= 0).all()
    assert (np.bincount(found.mate[held], minlength=market.columns) <= market.capacity).all()
    # The bound from the prices alone, over the whole matrix.
    worth = np.where(score >= 0, score.astype(np.int64) + found.base - found.column_price[None, :], 0)
    worth[:, market.capacity == 0] = 0
    assert (found.row_price >= np.maximum(worth.max(axis=1, initial=0), 0)).all()
    assert (found.column_price >= 0).all()
    places = np.minimum(market.capacity, market.rows)
    assert found.upper_bound == found.row_price.sum() + (places * found.column_price).sum()


@pytest.mark.parametrize("floor", [0, 2500])
def test_every_way_to_score_agrees_with_the_definition(floor: int) -> None:
    market = random_market(np.random.default_rng(floor), 40, 150, floor=floor)
    score = scores_by_definition(market)
    rows, columns = np.divmod(np.arange(market.rows * market.columns, dtype=np.int32), np.int32(market.columns))
    assert (score_pairs(market, rows, columns).reshape(score.shape) == score).all()
    column, worth = best(market, 20)
    for row in range(market.rows):
        assert (score_row(market, row) == score[row]).all()
        highest = np.sort(score[row][score[row] >= 0])[::-1][:20]
        assert worth[row][column[row] >= 0].tolist() == highest.tolist()
        assert score[row][column[row][column[row] >= 0]].tolist() == highest.tolist()
        assert top(market, row, 5)[1].tolist() == highest[:5].tolist()
    some, nothing = np.arange(0, market.rows, 3, dtype=np.int32), np.zeros(market.columns, np.int32)
    for listed, whole in zip(top_of(market, some, 20, nothing), (column, worth), strict=True):
        assert (listed == whole[some]).all()
    for place in range(market.columns):
        assert (score_column(market, place) == score[:, place]).all()


@pytest.mark.parametrize(("kind", "high"), [(np.int32, 2**30), (np.int64, 2**60)])
def test_whole_stretches_that_gates_close_hide_nobody_else(kind: type[np.integer], high: int) -> None:
    rng = np.random.default_rng(5)
    market = random_market(rng, 12, 9_001)
    gate = np.repeat((rng.random((4, 46)) < 0.6).astype(np.uint8), 200, axis=1)[:, : market.columns]
    market = replace(market, gate=np.ascontiguousarray(gate))
    price = rng.choice([0, 40, high], market.columns).astype(kind)
    column, worth = best(market, 30, price=price)
    for row in range(market.rows):
        score = score_row(market, row)
        expected = np.sort(score[score >= 0].astype(np.int64) - price[score >= 0])[::-1][:30]
        assert worth[row][column[row] >= 0].tolist() == expected.tolist()
        assert (score[column[row][column[row] >= 0]] >= 0).all()


def test_pricing_again_finds_what_pricing_everything_finds() -> None:
    rng = np.random.default_rng(5)
    market = random_market(rng, 60, 300)
    pricing = Pricing(market)
    price = rng.integers(0, 3000, market.columns).astype(np.int32)
    for _ in range(8):
        above = rng.integers(0, 4000, market.rows).astype(np.int32)
        column, worth = pricing.best(6, price, above)
        all_columns, all_worths = best(market, 6, price=price, above=above)
        assert (worth[column >= 0] == all_worths[all_columns >= 0]).all()
        assert ((column >= 0) == (all_columns >= 0)).all()
        price = np.maximum(price + rng.integers(-300, 300, market.columns), 0).astype(np.int32)


def test_pricing_again_stays_right_however_often_prices_rise_and_fall_by_what_coverage_is_worth() -> None:
    rng = np.random.default_rng(6)
    market = random_market(rng, 20, 64)
    pricing, dear = Pricing(market), 10**9
    for step in range(9):
        # One column is dear after the other, so that the highest worth of the chunk stays where it is.
        price = np.where(np.arange(64) == step, dear, rng.integers(0, 3000, 64)).astype(np.int32)
        above = rng.integers(0, 2000, market.rows).astype(np.int32)
        found, whole = pricing.best(6, price, above), best(market, 6, price=price, above=above)
        assert (found[1] == whole[1]).all()
        assert (found[0] == whole[0]).all()


@pytest.mark.parametrize("coverage", [True, False])
@pytest.mark.parametrize("seed", range(60))
def test_the_assignment_is_the_optimum_of_the_full_problem_and_proven(seed: int, coverage: bool) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(1, 90)), int(rng.integers(1, 90))
    richness, capacity = int(rng.choice([1, 3, 30])), int(rng.choice([1, 3, 50]))
    market = random_market(rng, rows, columns, richness=richness, capacity=capacity)
    found = assign(market, coverage=coverage)
    check(market, found)
    assert found.gap == 0
    pairs, total = optimum(market, coverage=coverage)
    assert (found.pairs, found.total) == (pairs, total) if coverage else found.total == total


@pytest.mark.parametrize("coverage", [True, False])
@pytest.mark.parametrize("charge", [1, 50, 700, 4000, 10**9], ids=["1", "50", "700", "4000", "prices-of-64-bits"])
def test_a_charge_for_load_is_borne_exactly(charge: int, coverage: bool) -> None:
    for seed in range(6):
        market = random_market(np.random.default_rng(seed), 30, 12, richness=3)
        found = assign(market, charge=charge, coverage=coverage)
        score = scores_by_definition(market).astype(np.int64)
        cost = np.concatenate([charge * np.arange(places) for places in market.capacity])
        places = np.repeat(np.arange(market.columns), market.capacity)
        pair = 10**12 if coverage else 0
        weight = np.where(score[:, places] >= 0, np.maximum(pair + score[:, places] - cost[None, :], 0), 0)
        rows, columns = linear_sum_assignment(weight, maximize=True)
        pairs = int((weight[rows, columns] > 0).sum())
        assert found.gap == 0
        assert found.total == weight[rows, columns].sum() - pair * pairs
        assert found.pairs == pairs or not coverage


@pytest.mark.parametrize(
    ("score", "capacity", "pairs", "total"),
    [
        (np.full((40, 60), 700), 1, 40, 28_000),
        (np.full((60, 40), 700), 1, 40, 28_000),
        (np.where(np.arange(30)[None, :] == 7, 9000, 1) * np.ones((50, 1), int), 1, 30, 9029),
        (np.full((20, 20), -1), 3, 0, 0),
        (np.zeros((10, 5), int), 2, 10, 0),
        (np.zeros((0, 5), int), 1, 0, 0),
        (np.zeros((5, 0), int), 1, 0, 0),
        (np.full((6, 4), 10_000), 0, 0, 0),
    ],
    ids=["all-equal", "too-few-places", "one-wanted-by-all", "nothing-allowed", "worthless", "no-rows", "none", "full"],
)
def test_odd_markets_come_out_right(score: np.ndarray, capacity: int, pairs: int, total: int) -> None:
    market = market_of(score.astype(np.int16), capacity)
    found = assign(market)
    assert (found.pairs, found.total, found.gap) == (pairs, total, 0)


def test_shortage_on_both_sides_at_once_still_covers_the_most() -> None:
    # Two towns that do not mix: one has too many rows, the other too many places.
    score = np.full((60, 60), -1, np.int16)
    rng = np.random.default_rng(3)
    score[:45, :15] = rng.integers(0, 10_001, (45, 15))
    score[45:, 15:] = rng.integers(0, 10_001, (15, 45))
    found = assign(market_of(score, 1))
    assert (found.pairs, found.gap) == (30, 0)


def test_a_run_that_is_stopped_says_how_far_it_may_be_from_the_best() -> None:
    market = random_market(np.random.default_rng(1), 300, 200, richness=40)
    stopped, whole = assign(market, stop=lambda: True), assign(market)
    check(market, stopped)
    assert stopped.value <= whole.value <= stopped.upper_bound
    assert whole.gap == 0


def test_the_same_market_has_the_same_answer_on_any_number_of_threads() -> None:
    import numba  # noqa: PLC0415

    market = random_market(np.random.default_rng(2), 400, 150, richness=2)
    many, threads = assign(market), numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = assign(market)
    finally:
        numba.set_num_threads(threads)
    assert (one.mate == many.mate).all()
    assert (one.column_price == many.column_price).all()


def test_where_nobody_can_be_matched_the_fairest_matching_has_no_floor() -> None:
    found = fairest(market_of(np.full((3, 2), -1), 1), assign)
    assert (found.found.pairs, found.floor, found.ceiling) == (0, 0, 0)


@pytest.mark.parametrize("seed", range(40))
def test_the_fair_objective_raises_the_worst_pair_before_the_total(seed: int) -> None:
    rng = np.random.default_rng(seed)
    market = random_market(rng, int(rng.integers(1, 25)), int(rng.integers(1, 25)), richness=int(rng.choice([2, 12])))
    found = fairest(market, assign)
    pairs, _ = optimum(market, coverage=True)
    floors = sorted({int(s) for s in scores_by_definition(market).ravel() if s >= 0}, reverse=True)
    reached = (f for f in floors if optimum(replace(market, floor=f), coverage=True)[0] == pairs)
    floor = next(reached, 0) if pairs else 0
    assert (found.found.pairs, found.floor) == (pairs, floor)
    assert found.found.total == optimum(replace(market, floor=floor), coverage=True)[1]
    assert found.ceiling == found.floor
