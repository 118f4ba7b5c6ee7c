"""What others do with a pool of peers: the most pairs, and of those ways the highest total."""

from collections.abc import Callable
from importlib import import_module

import numpy as np
import numpy.typing as npt

from tests.bench.matching.company import Company
from tests.bench.matching.pool import matrix

Mates = npt.NDArray[np.int64]
Edges = tuple[Mates, Mates, Mates]


def networkx(company: Company) -> Mates:
    """Networkx's max_weight_matching on all pairs that may meet."""
    module = import_module("networkx")
    graph = module.Graph()
    graph.add_weighted_edges_from(zip(*(part.tolist() for part in _edges(company)), strict=True))
    return _mates(company.rows, module.max_weight_matching(graph, maxcardinality=True))


def rustworkx(company: Company) -> Mates:
    """Rustworkx's max_weight_matching on all pairs that may meet."""
    module = import_module("rustworkx")
    graph = module.PyGraph(multigraph=False)
    graph.add_nodes_from(range(company.rows))
    graph.add_edges_from(list(zip(*(part.tolist() for part in _edges(company)), strict=True)))
    return _mates(company.rows, module.max_weight_matching(graph, max_cardinality=True, weight_fn=int))


def _edges(company: Company) -> Edges:
    scores = np.triu(matrix(company) + np.int16(1), k=1)
    one, other = np.nonzero(scores > 0)
    return one, other, scores[one, other].astype(np.int64) - 1


def _mates(people: int, pairs: set[tuple[int, int]]) -> Mates:
    found = np.full(people, -1, dtype=np.int64)
    for one, other in pairs:
        found[one], found[other] = other, one
    return found


PEERS: dict[str, Callable[[Company], Mates]] = {
    "rustworkx max_weight_matching": rustworkx,
    "networkx max_weight_matching": networkx,
}
