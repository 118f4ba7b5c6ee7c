"""Maximum-weight matching in a general graph: alternating trees with blossoms, integer duals, exact.

From each vertex that is unmatched and has a positive dual one tree is grown until it meets an unmatched vertex (one
more pair) or the dual of some vertex in it comes to zero (that vertex may stay alone). Duals move only inside the
tree; between two searches no edge weighs more than its duals (u_v + u_w + z of the blossoms around both), and every
pair and every edge of a blossom weighs just as much. Weights are even: a tree's vertices have duals of one parity, so
that every time is an integer.
"""

import numpy as np
from numba import njit

from matching.domain.engine.peers.blossoms import child_with, even_way, leaves, next_two, rebase, release, top_of
from matching.domain.engine.peers.cycles import shrink
from matching.domain.engine.peers.forest import (
    BASE,
    BOUND,
    DUAL,
    ENTRY,
    FAR,
    FIRST,
    FREE,
    FROM,
    GROUP,
    HEAPED,
    LABEL,
    MATE,
    MINUS,
    NEAREST,
    NEAREST_FROM,
    NEXT,
    NOBODY,
    OUTER,
    OWNER,
    PLUS,
    PREVIOUS,
    REACHED,
    RETIRE,
    RETIREE,
    SEEN,
    VISITED,
)
from matching.domain.engine.peers.heap import pop
from matching.domain.engine.peers.labels import add_minus, add_plus, wait_for


@njit(cache=True, nogil=True)
def advance(wood, edges, n, first, last):
    """Search from each vertex first..last-1 that is unmatched and has a positive dual; how many searches there were."""
    node = wood.node
    searches = 0
    for root in range(first, last):
        if node[root, MATE] == NOBODY and node[root, DUAL] > 0:
            _search(wood, edges, n, root)
            searches += 1
    return searches


@njit(cache=True, nogil=True)
def _search(wood, edges, n, root):
    node, heap, counter = wood.node, wood.heap, wood.counter
    counter[HEAPED] = counter[SEEN] = counter[REACHED] = 0
    counter[BOUND] = counter[RETIRE] = FAR
    add_plus(wood, edges, n, top_of(node, root), np.int64(0))
    while counter[HEAPED] > 0:
        time, tail, head = pop(heap, counter)
        if time >= counter[RETIRE]:
            break
        if tail == NOBODY:
            if node[head, OUTER] == NOBODY and node[node[head, GROUP], LABEL] == MINUS and node[head, DUAL] == 2 * time:
                _open(wood, edges, n, head, time)
        elif head < 0:
            if node[tail, GROUP] != node[-1 - head, GROUP]:
                shrink(wood, edges, n, (tail, -1 - head), time)
        elif node[node[head, GROUP], LABEL] == FREE and node[head, NEAREST] + node[head, DUAL] == time:
            # Of a vertex that was in the tree and has left it since, earlier events are void: they come too early.
            top, tail = top_of(node, head), node[head, NEAREST_FROM]
            mate = node[node[top, BASE], MATE]
            if mate == NOBODY:
                rebase(wood, n, top, head)
                node[head, MATE] = tail
                _flip(wood, n, tail, head)
                _settle(wood, n, time)
                return
            add_minus(wood, n, top, (tail, head), time)
            add_plus(wood, edges, n, top_of(node, mate), time)
    _flip(wood, n, counter[RETIREE], np.int64(NOBODY))
    _settle(wood, n, counter[RETIRE])


@njit(cache=True, nogil=True)
def _open(wood, edges, n, blossom, time):
    """Take a MINUS blossom apart whose z has come to zero: its even side stays in the tree, the rest leaves it."""
    node, leaf = wood.node, wood.leaf
    tail, head = node[blossom, FROM], node[blossom, ENTRY]
    child, first = child_with(node, blossom, head), node[blossom, FIRST]
    for k in range(leaves(node, leaf, blossom)):
        node[leaf[k], DUAL] += time
    release(wood, blossom)
    forwards = even_way(node, child, first)
    entered = child
    add_minus(wood, n, child, (tail, head), time)
    while child != first:
        one, two, tail, head = next_two(node, child, forwards)
        add_plus(wood, edges, n, one, time)
        add_minus(wood, n, two, (tail, head), time)
        child = two
    _leave_tree(wood, first, entered, forwards)


@njit(cache=True, nogil=True)
def _leave_tree(wood, first, entered, forwards):
    """Note when the tree reaches the children of an opened blossom that it left: those beyond `first`."""
    node, leaf = wood.node, wood.leaf
    way = NEXT if forwards else PREVIOUS
    child = node[first, way]
    while child != entered:
        near = np.int64(NOBODY)
        for k in range(leaves(node, leaf, child)):
            other = leaf[k]
            if node[other, NEAREST] < FAR and (
                near == NOBODY or node[other, NEAREST] + node[other, DUAL] < node[near, NEAREST] + node[near, DUAL]
            ):
                near = other
        if near != NOBODY:
            time = node[near, NEAREST] + node[near, DUAL]
            wait_for(node, wood.heap, wood.counter, time, node[near, NEAREST_FROM], near)
        child = node[child, way]


@njit(cache=True, nogil=True)
def _flip(wood, n, vertex, partner):
    """Match a PLUS vertex with `partner` (or nobody) and change every pair from there up to the root."""
    node = wood.node
    while True:
        top = top_of(node, vertex)
        mate = node[node[top, BASE], MATE]
        rebase(wood, n, top, vertex)
        node[vertex, MATE] = partner
        if mate == NOBODY:
            return
        minus = top_of(node, mate)
        entry, tail = node[minus, ENTRY], node[minus, FROM]
        rebase(wood, n, minus, entry)
        node[entry, MATE] = tail
        vertex, partner = tail, entry


@njit(cache=True, nogil=True)
def _settle(wood, n, time):
    """End a search at a time: duals as they are then, no labels, no blossom without a dual."""
    node, seen, counter = wood.node, wood.seen, wood.counter
    for k in range(counter[REACHED]):
        node[wood.reached[k], NEAREST] = FAR
    for k in range(counter[SEEN]):
        label = node[node[seen[k], GROUP], LABEL]
        node[seen[k], DUAL] += time if label == MINUS else -time if label == PLUS else 0
    for k in range(counter[SEEN]):
        node[seen[k], VISITED] = 0
        group = node[seen[k], GROUP]
        top = node[group, OWNER]
        if top >= n and node[group, LABEL] != FREE:
            node[top, DUAL] += -2 * time if node[group, LABEL] == MINUS else 2 * time
        node[group, LABEL] = FREE
    for k in range(counter[SEEN]):
        while top_of(node, seen[k]) >= n and node[top_of(node, seen[k]), DUAL] == 0:
            release(wood, top_of(node, seen[k]))
