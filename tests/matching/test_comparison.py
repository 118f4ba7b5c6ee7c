"""All pairs once more: who would rather have each other, and what first come, first served would give."""

import numpy as np
import pytest

from matching.domain.engine.comparison import Numbers, compare
from matching.domain.engine.market import Indices, Points
from tests.matching.dense import market_of, symmetric_scores
from tests.matching.markets import random_market, scores_by_definition


def first_come(score: Points, order: Indices, free: Numbers, *, peers: bool) -> list[int]:
    """What each gets who chooses the best that is free, the first of equals."""
    free, found = free.copy(), []
    for row in order.tolist():
        open_ = np.where(free > 0, score[row], -1)
        best = int(open_.argmax())
        if open_[best] < 0 or (peers and not free[row]):
            continue
        free[[best, row] if peers else best] -= 1
        found.append(int(open_[best]))
    return found


@pytest.mark.parametrize("peers", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_gains_and_the_queue_are_what_one_counts_pair_by_pair(seed: int, peers: bool) -> None:
    rng = np.random.default_rng(seed)
    several = market_of(symmetric_scores(rng, 130, highest=int(rng.choice([3, 10_000])), density=0.2), 2)
    market = several if peers else random_market(rng, 60, 150, floor=int(rng.choice([0, 2500])))
    score = scores_by_definition(market)
    order = rng.permutation(market.rows).astype(np.int32)
    own, asked = rng.integers(-1, 3000, market.rows), rng.integers(-1, 3000, market.columns)
    free = market.capacity.astype(np.int64)
    blocking, scores = compare(market, order, own, asked, free.copy(), peers=peers)
    assert blocking == ((score >= 0) & (score > own[:, None]) & (score > asked)).sum()
    assert scores.tolist() == first_come(score, order, free, peers=peers)
