from itertools import combinations, permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matching.by_matrix import BoolArray, IntArray, assign, assign_peers


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
    assert len({*found.left, *found.right}) == 2 * len(found.left)
