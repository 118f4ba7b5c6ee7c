"""Closing a cycle in a tree: the blossom that becomes of it."""

from numba import njit

from matching.domain.engine.peers.blossoms import leaves, top_of, unite
from matching.domain.engine.peers.forest import (
    BASE,
    DUAL,
    ENTRY,
    FIRST,
    FROM,
    GROUP,
    HEAD,
    LABEL,
    MARK,
    MATE,
    MINUS,
    NEXT,
    NOBODY,
    OUTER,
    PLUS,
    PREVIOUS,
    SPARE,
    STAMP,
    TAIL,
)
from matching.domain.engine.peers.labels import look, retire


@njit(cache=True, nogil=True)
def shrink(wood, edges, n, edge, time):
    """Make the cycle that a tight edge between two PLUS vertices closes into one PLUS blossom."""
    node, counter, fresh = wood.node, wood.counter, wood.fresh
    tail, head = edge
    meeting = _meeting(node, counter, top_of(node, tail), top_of(node, head))
    _link_cycle(node, tail, head, meeting)
    counter[SPARE] -= 1
    blossom = wood.spare[counter[SPARE]]
    node[blossom, FIRST], node[blossom, BASE] = meeting, node[meeting, BASE]
    node[blossom, DUAL], node[blossom, OUTER], node[blossom, MARK] = -2 * time, NOBODY, 0
    turned = _take_in(wood, n, blossom, time)
    node[node[blossom, GROUP], LABEL] = PLUS
    for k in range(turned):
        retire(node, counter, fresh[k])
    for k in range(turned):
        look(node, wood.heap, counter, wood.reached, edges, fresh[k])


@njit(cache=True, nogil=True)
def _meeting(node, counter, one, two):
    """The lowest PLUS blossom above both."""
    counter[STAMP] += 1
    stamp = counter[STAMP]
    while True:
        if one != NOBODY:
            if node[one, MARK] == stamp:
                return one
            node[one, MARK] = stamp
            one = _above(node, one)
        one, two = (two, one) if two != NOBODY else (one, two)


@njit(cache=True, nogil=True)
def _above(node, blossom):
    """The PLUS blossom two steps nearer to the root, or NOBODY from the root."""
    mate = node[node[blossom, BASE], MATE]
    return NOBODY if mate == NOBODY else top_of(node, node[top_of(node, mate), FROM])


@njit(cache=True, nogil=True)
def _link_cycle(node, tail, head, meeting):
    """Join the ways from both ends of an edge up to where they meet into a cycle."""
    here = top_of(node, tail)
    while here != meeting:
        base = node[here, BASE]
        mate = node[base, MATE]
        minus = top_of(node, mate)
        _link(node, minus, here, mate, base)
        here = top_of(node, node[minus, FROM])
        _link(node, here, minus, node[minus, FROM], node[minus, ENTRY])
    _link(node, top_of(node, tail), top_of(node, head), tail, head)
    here = top_of(node, head)
    while here != meeting:
        base = node[here, BASE]
        mate = node[base, MATE]
        minus = top_of(node, mate)
        _link(node, here, minus, base, mate)
        here = top_of(node, node[minus, FROM])
        _link(node, minus, here, node[minus, ENTRY], node[minus, FROM])


@njit(cache=True, nogil=True)
def _link(node, one, two, tail, head):
    node[one, NEXT], node[two, PREVIOUS] = two, one
    node[one, TAIL], node[one, HEAD] = tail, head


@njit(cache=True, nogil=True)
def _take_in(wood, n, blossom, time):
    """Put the children of a new blossom under it; how many vertices turn from MINUS to PLUS (they stand in `fresh`)."""
    node, leaf, fresh = wood.node, wood.leaf, wood.fresh
    turned = 0
    first = node[blossom, FIRST]
    child = first
    while True:
        minus = node[node[child, GROUP], LABEL] == MINUS
        if child >= n:
            node[child, DUAL] += -2 * time if minus else 2 * time
        if minus:
            for k in range(leaves(node, leaf, child)):
                node[leaf[k], DUAL] += 2 * time
                fresh[turned] = leaf[k]
                turned += 1
        child = node[child, NEXT]
        if child == first:
            break
    unite(node, blossom)
    return turned
