"""Peers in pairs and threes, where pairs leave somebody out."""

from collections.abc import Callable
from itertools import combinations, count

import numpy as np
import pytest

from matching.domain.engine.market import FORBIDDEN
from matching.domain.engine.peers import threes as threes_module
from matching.domain.engine.peers.pairing import pair_up
from matching.domain.engine.peers.pools import pools
from matching.domain.engine.peers.threes import Grouping, pair_up_with_threes
from tests.matching.dense import Numbers, market_of, symmetric_scores


def best_with_threes(scores: Numbers, *, threes: int, base: int) -> int:
    """The highest value of pairs and at most so many threes, by trying everything."""
    known: dict[tuple[int, int], int] = {}

    def best(free: int, left: int) -> int:
        if free == 0:
            return 0
        if (free, left) not in known:
            i = free.bit_length() - 1
            rest = free & ~(1 << i)
            value = best(rest, left)
            others = [j for j in range(i) if rest >> j & 1 and scores[i, j] >= 0]
            for j in others:
                value = max(value, 2 * (base + int(scores[i, j])) + best(rest & ~(1 << j), left))
            for j, k in combinations(others, 2):
                if left and scores[j, k] >= 0:
                    worth = 3 * base + int(scores[i, j] + scores[i, k] + scores[j, k])
                    value = max(value, worth + best(rest & ~(1 << j) & ~(1 << k), left - 1))
            known[free, left] = value
        return known[free, left]

    return best((1 << len(scores)) - 1, threes)


def assert_is_a_grouping(scores: Numbers, found: Grouping) -> None:
    held = np.flatnonzero(found.mate >= 0)
    assert (found.mate[found.mate[held]] == held).all()
    people = [*held.tolist(), *found.threes.ravel().tolist()]
    assert len(people) == len(set(people))
    value = int((found.base + scores[held, found.mate[held]]).sum())
    for one, two, three in found.threes:
        own = (scores[one, two], scores[one, three], scores[two, three])
        assert min(own) >= 0
        value += 3 * found.base + int(sum(own))
    assert found.value == value <= found.upper_bound


@pytest.mark.parametrize("seed", range(60))
def test_one_three_in_an_odd_pool_is_the_best_and_proven(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = int(rng.choice([3, 5, 7, 9, 11]))
    scores = symmetric_scores(rng, people, highest=int(rng.choice([0, 2, 50, 10_000])), density=rng.uniform(0.5, 1.0))
    for coverage in (True, False):
        pairs = pair_up(market_of(scores, 1), coverage=coverage)
        alone = int((pairs.mate < 0).sum())
        found = pair_up_with_threes(market_of(scores, 1), coverage=coverage)
        assert_is_a_grouping(scores, found)
        best = best_with_threes(scores, threes=alone, base=pairs.base)
        assert best <= found.upper_bound
        if alone <= 1:
            assert found.value == best
            assert found.gap == 0


def test_an_even_pool_in_pairs_has_no_threes() -> None:
    scores = symmetric_scores(np.random.default_rng(1), 20, highest=1000, density=1.0)
    found = pair_up_with_threes(market_of(scores, 1))
    assert len(found.threes) == 0
    assert found.gap == 0
    assert found.value == 2 * pair_up(market_of(scores, 1)).value


def test_each_odd_pool_that_can_only_meet_its_own_has_its_own_three() -> None:
    scores = symmetric_scores(np.random.default_rng(2), 40, highest=10_000, density=1.0)
    pool = np.repeat([0, 1, 2, 3], [7, 9, 11, 13])
    scores[pool[:, None] != pool] = FORBIDDEN
    found = pair_up_with_threes(market_of(scores, 1))
    assert_is_a_grouping(scores, found)
    assert len(found.threes) == 4
    assert [len(set(pool[three].tolist())) for three in found.threes] == [1, 1, 1, 1]
    assert ((found.mate >= 0).sum() + 12) == 40
    assert found.gap == 0


@pytest.mark.parametrize("highest", [5, 10_000])
def test_an_odd_pool_of_hundreds_gets_the_best_three_proven(highest: int) -> None:
    scores = symmetric_scores(np.random.default_rng(3), 301, highest=highest, density=1.0)
    found = pair_up_with_threes(market_of(scores, 1))
    assert_is_a_grouping(scores, found)
    assert len(found.threes) == 1
    assert (found.mate >= 0).sum() == 298
    assert found.gap == 0


def stopped_after(times: int) -> Callable[[], bool]:
    """Says so from then on that it has been asked so often."""
    asked = count()
    return lambda: next(asked) >= times


@pytest.mark.parametrize("seed", range(4, 10))
def test_a_stopped_search_for_a_three_has_an_honest_gap(seed: int) -> None:
    scores = symmetric_scores(np.random.default_rng(seed), 11, highest=10_000, density=0.6)
    best = best_with_threes(scores, threes=1, base=pair_up(market_of(scores, 1)).base)
    for after in range(0, 60, 4):
        found = pair_up_with_threes(market_of(scores, 1), stop=stopped_after(after))
        assert_is_a_grouping(scores, found)
        assert best <= found.upper_bound


@pytest.mark.parametrize("tried", [1, 2, 5])
@pytest.mark.parametrize("seed", range(8))
def test_a_search_that_may_try_few_threes_has_an_honest_gap(
    seed: int, tried: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threes_module, "TRIED", tried)
    scores = symmetric_scores(np.random.default_rng(seed), 9, highest=3, density=0.7)
    found = pair_up_with_threes(market_of(scores, 1), coverage=False)
    assert_is_a_grouping(scores, found)
    alone = int((pair_up(market_of(scores, 1), coverage=False).mate < 0).sum())
    assert best_with_threes(scores, threes=alone, base=0) <= found.upper_bound


def test_pools_are_those_whom_allowed_pairs_join_and_nobody_without_a_place_joins_two() -> None:
    scores = np.full((7, 7), FORBIDDEN)
    for one, two in ((0, 1), (1, 2), (4, 5), (3, 0), (3, 4), (3, 6)):
        scores[one, two] = scores[two, one] = 100
    market = market_of(scores, np.where(np.arange(7) == 3, 0, 1))
    assert [pool.tolist() for pool in pools(market, np.array([2, 0, 5, 3, 6]))] == [[0, 1, 2], [4, 5], [6]]
