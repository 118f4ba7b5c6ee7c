import numpy as np
import pytest

from matching.domain.engine.auction import auction

STEP = 150


@pytest.mark.parametrize("charge", [0, 40])
@pytest.mark.parametrize("seed", range(12))
def test_nobody_would_rather_be_elsewhere_by_more_than_a_step(seed: int, charge: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(1, 40)), int(rng.integers(1, 12))
    candidates = int(rng.integers(1, columns + 1))
    column = np.stack([rng.permutation(columns)[:candidates] for _ in range(rows)]).astype(np.int32)
    ends = rng.integers(0, candidates + 1, rows)
    column[np.arange(candidates) >= ends[:, None]] = -1
    score = rng.integers(0, 5_000, column.shape).astype(np.int16)
    capacity = rng.integers(1, 4, columns).astype(np.int32)
    price, mate = auction(column, score, capacity, charge, STEP)
    load = np.bincount(mate[mate >= 0], minlength=columns)
    assert (load <= capacity).all()
    assert (price[load < capacity] <= charge * load[load < capacity]).all(), "a place that is free costs its charge"
    assert (price >= charge * np.maximum(load - 1, 0)).all()
    for row in range(rows):
        worth = {int(j): int(score[row, k]) - int(price[j]) for k, j in enumerate(column[row]) if j >= 0}
        if mate[row] < 0:
            assert max(worth.values(), default=-1) < 0
        else:
            assert worth[int(mate[row])] >= max(0, *worth.values()) - STEP


def test_who_bids_most_holds_the_place_and_the_others_look_elsewhere() -> None:
    column = np.array([[0, 1], [0, 1], [0, -1]], np.int32)
    score = np.array([[3000, 100], [3000, 2500], [1000, 0]], np.int16)
    price, mate = auction(column, score, np.array([1, 1], np.int32), 0, STEP)
    assert mate.tolist() == [0, 1, -1]
    assert price.tolist() == [3000 - 100 + STEP, 2500 + STEP], "as much as the next best is worth less, and a step"
