"""What the search for a matching in a general graph writes on: one line of numbers for each vertex and each blossom.

Vertices are numbered 0..n-1, blossoms from n on. A blossom is an odd cycle of vertices and smaller blossoms, all of
whose edges are tight; the outermost blossom around a vertex (or the vertex itself) is its *top*.

Duals are integers. While a search runs its clock shows how far duals have moved: what is labelled PLUS loses, what is
labelled MINUS gains. Stored is the value with the clock taken out, so that nothing has to be touched as time passes:

    u(t) = stored - t (PLUS)    z(t) = stored + 2t (PLUS)
    u(t) = stored + t (MINUS)   z(t) = stored - 2t (MINUS)
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

# The first eight columns share a line of the cache: they are what a look along an edge reads.
GROUP: Final = 0
"""The number under which a vertex finds its top: `node[node[v, GROUP], OWNER]`; of a blossom its own for good.

It is that of a vertex: alone its own, in a blossom that of the largest child, so that of a new blossom only the
vertices of the smaller children are renumbered."""
DUAL: Final = 1
"""Of a vertex u, of a blossom z."""
LABEL: Final = 2
"""Of a group: FREE, PLUS or MINUS."""
NEAREST: Final = 3
"""Of a vertex outside PLUS: the lowest u(t) + t - weight over its edges to PLUS."""
NEAREST_FROM: Final = 4
"""The vertex at the other end of that edge."""
MATE: Final = 5
"""The partner of a vertex, or NOBODY."""
OWNER: Final = 6
"""The outermost blossom (or vertex) that a group stands for."""
BASE: Final = 7
"""The vertex of a blossom that is matched outside it, or not at all; of a vertex itself."""
OUTER: Final = 8
"""The blossom directly around, or NOBODY."""
# Of a blossom.
FIRST: Final = 9
"""The child that holds the base."""
LARGEST: Final = 10
"""The child whose group it took over."""
SIZE: Final = 11
FIRST_LEAF: Final = 12
"""Its vertices are a stretch of a list: from here by NEXT_LEAF to LAST_LEAF."""
LAST_LEAF: Final = 13
NEXT_LEAF: Final = 14
# Of a child: its place in the cycle.
NEXT: Final = 15
PREVIOUS: Final = 16
TAIL: Final = 17
"""The vertex in this child at which the edge to the next child begins."""
HEAD: Final = 18
"""The vertex in the next child at which it ends."""
# Of an outermost blossom labelled MINUS: the edge by which the tree reached it.
FROM: Final = 19
ENTRY: Final = 20
MARK: Final = 21
"""When it was last passed on the way to a root."""
VISITED: Final = 22
"""1 once this search has labelled the vertex."""
FIELDS: Final = 24

FREE: Final = 0
PLUS: Final = 1
MINUS: Final = 2
NOBODY: Final = -1
FAR: Final = 1 << 62
"""Later than anything happens."""

# Counters.
HEAPED: Final = 0
"""Events waiting."""
SPARE: Final = 1
"""Unused blossom numbers."""
SEEN: Final = 2
"""Vertices that this search has labelled."""
REACHED: Final = 3
"""Vertices that this search has noted an edge to."""
BOUND: Final = 4
"""The search ends at this time at the latest: later events need not be kept."""
RETIRE: Final = 5
"""When the first u of a PLUS vertex comes to zero."""
RETIREE: Final = 6
"""The vertex of which it does."""
STAMP: Final = 7
"""Number of the last walk to the root."""
COUNTERS: Final = 8


class Graph(NamedTuple):
    """Edges of vertex v: `to[start[v]:start[v + 1]]`; every edge stands at both its ends; weights are even."""

    start: Numbers
    to: npt.NDArray[np.int32]
    weight: Numbers


class Forest(NamedTuple):
    """A matching, its duals and blossoms, and the room a search needs."""

    node: Numbers
    """Shape (vertices + blossoms, FIELDS)."""
    heap: Numbers
    """Events: time, tail, head; shape (capacity, 3)."""
    counter: Numbers
    spare: Numbers
    """Blossom numbers not in use."""
    seen: Numbers
    reached: Numbers
    leaf: Numbers
    """The vertices of the blossom last asked for."""
    stack: Numbers
    fresh: Numbers
    """Vertices that a new blossom turns from MINUS to PLUS."""


def graph(vertices: int, tail: npt.NDArray[Any], head: npt.NDArray[Any], weight: npt.NDArray[Any]) -> Graph:
    """The graph with the edges (tail[k], head[k]), each given once, with twice their weights."""
    ends = np.concatenate((tail, head)).astype(np.int64)
    order = np.argsort(ends, kind="stable")
    start = np.zeros(vertices + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=vertices), out=start[1:])
    to = np.concatenate((head, tail)).astype(np.int32)[order]
    doubled = 2 * np.concatenate((weight, weight)).astype(np.int64)[order]
    return Graph(start, to, doubled)


def forest(vertices: int) -> Forest:
    """Nobody matched, no blossom, all duals zero."""
    blossoms = vertices // 2 + 1
    node = np.full((vertices + blossoms, FIELDS), NOBODY, np.int64)
    node[:, [DUAL, LABEL, MARK, VISITED]] = 0
    node[:, NEAREST] = FAR
    node[:, SIZE] = 1
    for field in (GROUP, OWNER, BASE, FIRST_LEAF, LAST_LEAF):
        node[:vertices, field] = np.arange(vertices)
    counter = np.zeros(COUNTERS, np.int64)
    counter[SPARE] = blossoms
    spare = np.arange(vertices + blossoms - 1, vertices - 1, -1, dtype=np.int64)
    lists = [np.empty(vertices + blossoms, np.int64) for _ in range(3)]
    stack = np.empty(2 * (vertices + blossoms) + 2, np.int64)
    fresh = np.empty(vertices, np.int64)
    return Forest(node, np.empty((0, 3), np.int64), counter, spare, lists[0], lists[1], lists[2], stack, fresh)


def with_room(wood: Forest, edges: Graph) -> Forest:
    """The same forest with room for the events of these edges.

    A search looks along each edge once from each end, and once more at each blossom that it opens.
    """
    wanted = len(edges.to) + 3 * len(wood.node) + 16
    return wood if len(wood.heap) >= wanted else wood._replace(heap=np.empty((wanted, 3), np.int64))
