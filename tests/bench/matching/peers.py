"""What others do with the same company: each takes it, scores by NumPy and gives everybody's mentor (-1: none).

As many people as can be, and of those ways the highest total: one more pair outweighs every difference of points.
Read in the peers' own environment only.
"""

from collections.abc import Callable
from importlib import import_module

import numpy as np
import numpy.typing as npt

from tests.bench.matching.company import Company
from tests.bench.matching.numpy_scoring import Best, NumpyScorer

Mates = npt.NDArray[np.int64]

EDGES = 50
"""Edges of each mentee that the min-cost flow is given."""


def worth_of_a_pair(company: Company) -> int:
    """More than all points together."""
    return 10_000 * min(company.rows, int(company.capacity.sum())) + 1


def scipy_dense(company: Company, scorer: NumpyScorer) -> Mates:
    """SciPy's linear_sum_assignment, a column for each place of a mentor."""
    linear_sum_assignment = import_module("scipy.optimize").linear_sum_assignment
    slots, weights = _by_place(company, scorer)
    row, slot = linear_sum_assignment(weights, maximize=True)
    return _mates(company.rows, row, slots[slot], weights[row, slot] > 0)


def lapjv(company: Company, scorer: NumpyScorer) -> Mates:
    """lapjv, dense and square."""
    solve = import_module("lapjv").lapjv
    slots, weights = _by_place(company, scorer)
    size = max(weights.shape)
    cost = np.full((size, size), weights.max())
    cost[: weights.shape[0], : weights.shape[1]] -= weights
    slot = np.asarray(solve(cost, force_doubles=True)[0])[: company.rows].astype(np.int64)
    inside = slot < len(slots)
    row = np.flatnonzero(inside)
    return _mates(company.rows, row, slots[slot[inside]], weights[row, slot[inside]] > 0)


def munkres(company: Company, scorer: NumpyScorer) -> Mates:
    """munkres, dense."""
    solve = import_module("munkres").Munkres().compute
    slots, weights = _by_place(company, scorer)
    pairs = np.array(solve((weights.max() - weights).tolist()), dtype=np.int64).reshape(-1, 2)
    row, slot = pairs.T
    inside = (row < company.rows) & (slot < len(slots))
    row, slot = row[inside], slot[inside]
    return _mates(company.rows, row, slots[slot], weights[row, slot] > 0)


def pot_emd(company: Company, scorer: NumpyScorer) -> Mates:
    """POT's network simplex, dense; one more row and column take who stays alone."""
    emd = import_module("ot").emd
    scores = scorer.matrix()
    places = int(company.capacity.sum())
    cost = np.zeros((company.rows + 1, company.columns + 1))
    inner = cost[:-1, :-1]
    inner[...] = scores
    inner += worth_of_a_pair(company)
    inner *= scores >= 0
    np.negative(inner, out=inner)
    plan = emd(
        np.r_[np.ones(company.rows), places].astype(np.float64),
        np.r_[company.capacity, company.rows].astype(np.float64),
        cost,
        numItermax=1_000_000_000,
        center_dual=False,
    )
    row, column = np.nonzero(np.asarray(plan)[:-1, :-1] > 0.5)
    return _mates(company.rows, row, column, scores[row, column] >= 0)


def ortools_after_lines(company: Company, scorer: NumpyScorer) -> Mates:
    """OR-Tools' min-cost flow on each mentee's best edges, found by sums of lines."""
    return _flow(company, scorer.best_by_lines(EDGES))


def ortools_after_products(company: Company, scorer: NumpyScorer) -> Mates:
    """The same, found by products of matrices."""
    return _flow(company, scorer.best_by_products(EDGES))


def numpy_lines(company: Company, scorer: NumpyScorer) -> Mates:
    """NumPy scoring alone, by sums of lines; nobody is matched."""
    scorer.best_by_lines(EDGES)
    return np.full(company.rows, -1, dtype=np.int64)


def numpy_products(company: Company, scorer: NumpyScorer) -> Mates:
    """NumPy scoring alone, by products of matrices; nobody is matched."""
    scorer.best_by_products(EDGES)
    return np.full(company.rows, -1, dtype=np.int64)


def _flow(company: Company, best: Best) -> Mates:
    row, column, score = best
    rows, columns = company.rows, company.columns
    source, sink = rows + columns, rows + columns + 1
    flow = import_module("ortools.graph.python.min_cost_flow").SimpleMinCostFlow()
    edges = flow.add_arcs_with_capacity_and_unit_cost(
        row, rows + column, np.ones(len(row)), -(score + worth_of_a_pair(company))
    )
    mentees, mentors = np.arange(rows), np.arange(columns)
    flow.add_arcs_with_capacity_and_unit_cost(np.full(rows, source), mentees, np.ones(rows), np.zeros(rows))
    flow.add_arcs_with_capacity_and_unit_cost(mentees, np.full(rows, sink), np.ones(rows), np.zeros(rows))
    flow.add_arcs_with_capacity_and_unit_cost(
        rows + mentors, np.full(columns, sink), company.capacity, np.zeros(columns)
    )
    flow.set_node_supply(source, rows)
    flow.set_node_supply(sink, -rows)
    assert flow.solve() == flow.OPTIMAL
    taken = np.asarray(flow.flows(edges)) > 0
    return _mates(rows, row[taken], column[taken], np.ones(int(taken.sum()), dtype=np.bool_))


def _by_place(company: Company, scorer: NumpyScorer) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Each place's mentor, and what each mentee is worth there: 0 where forbidden."""
    scores = scorer.matrix()
    slots = np.repeat(np.arange(company.columns), company.capacity)
    weights = scores[:, slots].astype(np.float64)
    allowed = weights >= 0
    weights += worth_of_a_pair(company)
    weights *= allowed
    return slots, weights


def _mates(rows: int, row: Mates, column: Mates, real: npt.NDArray[np.bool_]) -> Mates:
    found = np.full(rows, -1, dtype=np.int64)
    found[row[real]] = column[real]
    return found


PEERS: dict[str, Callable[[Company, NumpyScorer], Mates]] = {
    "SciPy linear_sum_assignment, dense": scipy_dense,
    "OR-Tools min-cost flow, best 50 (NumPy lines)": ortools_after_lines,
    "OR-Tools min-cost flow, best 50 (NumPy products)": ortools_after_products,
    "POT ot.emd, dense": pot_emd,
    "lapjv, dense": lapjv,
    "munkres, dense": munkres,
    "NumPy scoring alone (lines)": numpy_lines,
    "NumPy scoring alone (products)": numpy_products,
}
