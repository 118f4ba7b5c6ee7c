"""Growing a tree: labelling blossoms and noting when their edges become tight."""

import numpy as np
from numba import njit

from matching.domain.engine.peers.blossoms import leaves, top_of
from matching.domain.engine.peers.forest import (
    BASE,
    BOUND,
    DUAL,
    ENTRY,
    FAR,
    FREE,
    FROM,
    GROUP,
    LABEL,
    MATE,
    MINUS,
    NEAREST,
    NEAREST_FROM,
    NOBODY,
    PLUS,
    REACHED,
    RETIRE,
    RETIREE,
    SEEN,
    VISITED,
)
from matching.domain.engine.peers.heap import push


@njit(cache=True, nogil=True)
def add_plus(wood, edges, n, blossom, time):
    """Label an outermost blossom PLUS and look along the edges of its vertices."""
    node, leaf = wood.node, wood.leaf
    node[node[blossom, GROUP], LABEL] = PLUS
    if blossom >= n:
        node[blossom, DUAL] -= 2 * time
    count = leaves(node, leaf, blossom)
    for k in range(count):
        node[leaf[k], DUAL] += time
        _see(wood, leaf[k])
        retire(node, wood.counter, leaf[k])
    for k in range(count):
        look(node, wood.heap, wood.counter, wood.reached, edges, leaf[k])


@njit(cache=True, nogil=True)
def add_minus(wood, n, blossom, edge, time):
    """Label an outermost blossom MINUS, reached by an edge (tail in the tree, head in the blossom)."""
    node, leaf = wood.node, wood.leaf
    node[node[blossom, GROUP], LABEL] = MINUS
    node[blossom, FROM], node[blossom, ENTRY] = edge
    for k in range(leaves(node, leaf, blossom)):
        node[leaf[k], DUAL] -= time
        _see(wood, leaf[k])
    if blossom >= n:
        node[blossom, DUAL] += 2 * time
        if node[blossom, DUAL] >> 1 < wood.counter[BOUND]:
            push(wood.heap, wood.counter, node[blossom, DUAL] >> 1, np.int64(NOBODY), blossom)


@njit(cache=True, nogil=True)
def look(node, heap, counter, reached, edges, vertex):
    """Note when each edge of a PLUS vertex becomes tight."""
    own, dual = node[vertex, GROUP], node[vertex, DUAL]
    start, to, weight = edges
    for a in range(start[vertex], start[vertex + 1]):
        other = np.int64(to[a])
        group = node[other, GROUP]
        if group == own:
            continue
        near = dual - weight[a]
        if node[group, LABEL] == PLUS:
            time = (near + node[other, DUAL]) >> 1
            if time < counter[BOUND]:
                push(heap, counter, time, vertex, -1 - other)
        elif near < node[other, NEAREST]:
            if node[other, NEAREST] == FAR:
                reached[counter[REACHED]] = other
                counter[REACHED] += 1
            node[other, NEAREST], node[other, NEAREST_FROM] = near, vertex
            if node[group, LABEL] == FREE:
                wait_for(node, heap, counter, near + node[other, DUAL], vertex, other)


@njit(cache=True, nogil=True)
def wait_for(node, heap, counter, time, tail, head):
    """Note when the tree reaches a vertex outside it; if that one is unmatched, the search ends there at the latest."""
    if time < counter[BOUND]:
        push(heap, counter, time, tail, head)
        if node[node[top_of(node, head), BASE], MATE] == NOBODY:
            counter[BOUND] = time


@njit(cache=True, nogil=True)
def retire(node, counter, vertex):
    """Note when the dual of a PLUS vertex comes to zero, if none does before."""
    if node[vertex, DUAL] < counter[RETIRE]:
        counter[RETIRE], counter[RETIREE] = node[vertex, DUAL], vertex
        counter[BOUND] = min(counter[BOUND], counter[RETIRE])


@njit(cache=True, nogil=True)
def _see(wood, vertex):
    if wood.node[vertex, VISITED] == 0:
        wood.node[vertex, VISITED] = 1
        wood.seen[wood.counter[SEEN]] = vertex
        wood.counter[SEEN] += 1
