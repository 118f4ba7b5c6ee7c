"""Markets given by their matrix of scores, and the integer programs that engines are compared with."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from matching.domain.engine.market import FORBIDDEN, FULL, Market, Points, Terms

Numbers = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float64]


def market_of(score: npt.NDArray[np.integer], capacity: npt.ArrayLike) -> Market:
    """The market with these scores, -1 for a pair that is forbidden."""
    rows, columns = score.shape
    own = Terms(np.arange(rows + 1, dtype=np.int64), np.arange(rows, dtype=np.int32))
    none = Terms(np.zeros(rows + 1, np.int64), np.zeros(0, np.int32))
    return Market(
        capacity=np.broadcast_to(np.asarray(capacity, np.int32), (columns,)).copy(),
        credit=np.zeros((0, columns), np.uint8),
        credits=none,
        share=np.zeros(0, np.int16),
        value=np.maximum(score, 0).astype(np.int16),
        values=own,
        gate=(score >= 0).astype(np.uint8),
        gates=own,
        pairs=none,
        points=np.zeros(0, np.int16),
        row_line=np.zeros((rows, 2), np.int32),
        column_line=np.zeros((columns, 2), np.int32),
    )


def random_scores(rng: np.random.Generator, rows: int, columns: int) -> Points:
    """A matrix of scores: many or few different ones, many or few pairs allowed."""
    score = rng.integers(0, int(rng.choice([1, 2, 4, 100, FULL + 1])), (rows, columns)).astype(np.int16)
    score[rng.random((rows, columns)) > rng.choice([0.2, 0.5, 0.8, 1.0])] = -1
    return score


def symmetric_scores(rng: np.random.Generator, people: int, *, highest: int, density: float) -> Numbers:
    """A matrix of the scores of people among themselves, of which about that share of the pairs is allowed."""
    drawn = np.where(rng.random((people, people)) < density, rng.integers(0, highest + 1, (people, people)), FORBIDDEN)
    upper = np.triu(drawn, 1)
    scores = np.asarray(upper + upper.T, np.int64)
    np.fill_diagonal(scores, FORBIDDEN)
    return scores


def integer_program(weights: Matrix, matrix: Matrix, low: Matrix, high: Matrix) -> Matrix:
    """The choice of zeros and ones of the highest weight within the bounds on the rows of `matrix`."""
    if not len(weights):
        return np.zeros(0)
    found = milp(
        -weights,
        constraints=LinearConstraint(csr_matrix(matrix), low, high),
        integrality=np.ones(len(weights), np.int64),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    assert found.success
    return np.rint(found.x)


def feasible(matrix: Matrix, low: Matrix, high: Matrix) -> bool:
    """Whether there is a choice of zeros and ones within the bounds on the rows of `matrix`."""
    found = milp(
        np.zeros(matrix.shape[1]),
        constraints=LinearConstraint(csr_matrix(matrix), low, high),
        integrality=np.ones(matrix.shape[1], np.int64),
        bounds=Bounds(0, 1),
    )
    return bool(found.success)


def lexicographic(
    score: Matrix, pairs: int, matrix: Matrix, low: Matrix, high: Matrix, *, coverage: bool
) -> tuple[int, int]:
    """(pairs, total) of the best choice, the first `pairs` variables being pairs: most pairs first, or total alone."""
    counted = (np.arange(len(score)) < pairs).astype(float)
    if coverage:
        most = integer_program(counted, matrix, low, high) @ counted
        matrix, low, high = np.vstack([matrix, counted]), np.append(low, most), np.append(high, most)
    chosen = integer_program(score, matrix, low, high)
    return int(chosen @ counted), int(chosen @ score)
