"""The best matching from a matrix of all scores, by SciPy: what the engine is compared with."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp
from scipy.sparse import csr_matrix

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Pairs (left[k], right[k]) with their total score."""

    left: IntArray
    right: IntArray
    total: int


def best(scores: IntArray, capacity: IntArray, *, peers: bool) -> Assignment:
    """The best matching of rows and columns, or of peers among themselves; a score below 0 forbids a pair."""
    if not peers:
        return assign(scores, scores >= 0, capacity)
    able = capacity > 0
    return assign_peers(scores, (scores >= 0) & able & able[:, None])


def assign(scores: IntArray, allowed: BoolArray, capacity: IntArray) -> Assignment:
    """Each row at most one column, each column at most `capacity` rows: the most pairs, then the highest total.

    Exact: the weights are integers below 2**53, which floating point holds without error.
    """
    rows = np.flatnonzero(allowed.any(axis=1))
    columns = np.flatnonzero(allowed.any(axis=0) & (capacity > 0))
    slots = np.repeat(columns, np.minimum(capacity[columns], len(rows)))
    coverage = 10_000 * min(len(rows), len(slots)) + 1
    weights = (scores[np.ix_(rows, slots)] + float(coverage)) * allowed[np.ix_(rows, slots)]
    row, slot = linear_sum_assignment(weights, maximize=True)
    chosen = weights[row, slot] > 0
    return _result(scores, rows[row[chosen]], slots[slot[chosen]])


def assign_peers(scores: IntArray, allowed: BoolArray) -> Assignment:
    """Pairs within one group, each person at most once: two integer programs, for the most pairs and for the total."""
    left, right = np.nonzero(np.triu(allowed & allowed.T, k=1))
    if not len(left):
        return _result(scores, left, right)
    edges, ones = np.arange(len(left)), np.ones(len(left))
    at = (np.r_[left, right], np.r_[edges, edges])
    once = LinearConstraint(csr_matrix((np.ones(2 * len(left)), at), shape=(len(scores), len(left))), ub=1)
    pairs = int(_integer_program(ones, [once]).sum())
    all_of_them = LinearConstraint(csr_matrix(ones), lb=pairs, ub=pairs)
    chosen = _integer_program(scores[left, right].astype(np.float64), [once, all_of_them])
    return _result(scores, left[chosen], right[chosen])


def _integer_program(weights: npt.NDArray[np.float64], constraints: list[LinearConstraint]) -> BoolArray:
    whole = np.ones(len(weights), dtype=np.int64)
    found = milp(
        -weights, integrality=whole, bounds=Bounds(0, 1), constraints=constraints, options={"mip_rel_gap": 0.0}
    )
    assert found.x is not None
    return np.asarray(np.round(found.x), dtype=np.bool_)


def _result(scores: IntArray, left: IntArray, right: IntArray) -> Assignment:
    return Assignment(left.astype(np.int64), right.astype(np.int64), int(scores[left, right].sum(dtype=np.int64)))
