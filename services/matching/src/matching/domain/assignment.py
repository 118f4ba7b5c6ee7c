"""Who goes with whom: as many people as can be, and among those ways the highest total score, proven.

Arrays in, result out: the solver behind these two functions can change without anybody noticing but
the clock.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp
from scipy.sparse import csr_matrix

IntArray = npt.NDArray[np.int64]
ScoreArray = npt.NDArray[np.int16] | IntArray
"""Scores 0..10000; many of them are kept small."""
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Pairs (left[k], right[k]) with their total score, and a proven bound on any total of as many pairs."""

    left: IntArray
    right: IntArray
    total: int
    upper_bound: int

    @property
    def gap(self) -> int:
        """How far the total may be below the best one; 0 is proven optimal."""
        return self.upper_bound - self.total


class Unsolved(Exception):
    """The solver gave no answer within its limits."""


def assign(scores: ScoreArray, allowed: BoolArray, capacity: IntArray) -> Assignment:
    """Each row at most one column, each column at most `capacity` rows, allowed pairs only.

    `scores` 0..10000 and `allowed` have shape (rows, columns). Coverage comes first, then the total. Exact: the
    weights are integers below 2**53, which floating point holds without error.
    """
    rows = np.flatnonzero(allowed.any(axis=1))
    columns = np.flatnonzero(allowed.any(axis=0) & (capacity > 0))
    slots = np.repeat(columns, np.minimum(capacity[columns], len(rows)))
    if not len(rows) or not len(slots):
        return _none()
    # One more pair outweighs any difference in scores among all the others.
    coverage = 10_000 * min(len(rows), len(slots)) + 1
    weights = scores[np.ix_(rows, slots)].astype(np.float64)
    weights += coverage
    weights *= allowed[np.ix_(rows, slots)]
    row, slot = linear_sum_assignment(weights, maximize=True)
    chosen = weights[row, slot] > 0
    return _result(scores, rows[row[chosen]], slots[slot[chosen]], gap=0)


def assign_peers(scores: ScoreArray, allowed: BoolArray, *, seconds: float = 60.0) -> Assignment:
    """Pairs within one group, each person at most once; `scores` and `allowed` are symmetric, shape (n, n).

    Two integer programs: the most pairs, then the highest total among those. Each stops at its half of `seconds`
    with what it has; the bound stays true and the gap says how far it may be off.
    """
    left, right = np.nonzero(np.triu(allowed & allowed.T, k=1))
    if not len(left):
        return _none()
    size, edges = scores.shape[0], np.arange(len(left))
    ones = np.ones(len(left))
    degree = csr_matrix((np.ones(2 * len(left)), (np.r_[left, right], np.r_[edges, edges])), shape=(size, len(left)))
    once = LinearConstraint(degree, ub=1)
    most, _ = _integer_program(ones, [once], seconds / 2)
    pairs = int(most.sum())
    weights = scores[left, right].astype(np.float64)
    all_of_them = LinearConstraint(csr_matrix(ones), lb=pairs, ub=pairs)
    chosen, bound = _integer_program(weights, [once, all_of_them], seconds / 2)
    found = _result(scores, left[chosen], right[chosen], gap=0)
    return Assignment(found.left, found.right, found.total, max(found.total, int(np.floor(bound + 1e-6))))


def _integer_program(
    weights: np.ndarray[tuple[int], np.dtype[np.float64]], constraints: list[LinearConstraint], seconds: float
) -> tuple[BoolArray, float]:
    solution = milp(
        -weights,
        integrality=np.ones(len(weights), dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=constraints,
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    if solution.x is None:
        raise Unsolved(solution.message)
    return np.asarray(np.round(solution.x), dtype=np.bool_), -float(solution.mip_dual_bound)


def _result(scores: ScoreArray, left: IntArray, right: IntArray, *, gap: int) -> Assignment:
    total = int(scores[left, right].sum(dtype=np.int64))
    return Assignment(left.astype(np.int64), right.astype(np.int64), total, total + gap)


def _none() -> Assignment:
    nobody = np.zeros(0, dtype=np.int64)
    return Assignment(nobody, nobody, 0, 0)
