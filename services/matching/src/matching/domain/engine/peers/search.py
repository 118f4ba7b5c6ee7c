"""Maximum-weight matching in a general graph: alternating trees with blossoms, integer duals, exact.

From each vertex that is unmatched and has a positive dual one tree is grown until it meets an unmatched vertex (one
more pair) or the dual of some vertex in it comes to zero (that vertex may stay alone). Duals move only inside the
tree; between two searches every edge is within its duals (u_v + u_w + z of the blossoms around both >= weight) and every
pair, and every edge of a blossom, is tight. Weights are even: a tree's vertices have duals of one parity, so that every
time is an integer.
"""

from numba import njit

from matching.domain.engine.peers.blossoms import child_with, even_way, leaves, rebase, release, top_of, unite
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
    HEAD,
    HEAPED,
    LABEL,
    MARK,
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
    SPARE,
    STAMP,
    TAIL,
    VISITED,
)
from matching.domain.engine.peers.heap import pop, push


@njit(cache=True, nogil=True)
def begin(wood, edges, n):  # type: ignore[no-untyped-def]
    """Duals that cover every edge, and pairs along tight ones, for a forest without any: best first partner free."""
    node = wood.node
    start, to, weight = edges
    for v in range(n):
        for a in range(start[v], start[v + 1]):
            node[v, DUAL] = max(node[v, DUAL], weight[a] >> 1)
    for v in range(n):
        if node[v, MATE] != NOBODY:
            continue
        lowest, partner = 0, NOBODY
        for a in range(start[v], start[v + 1]):
            needed = weight[a] - node[to[a], DUAL]
            if needed > lowest or (needed == lowest and partner == NOBODY):
                lowest, partner = needed, NOBODY
                if node[to[a], MATE] == NOBODY:
                    partner = to[a]
        node[v, DUAL] = lowest
        if partner != NOBODY:
            node[v, MATE], node[partner, MATE] = partner, v


@njit(cache=True, nogil=True)
def advance(wood, edges, n, first, last):  # type: ignore[no-untyped-def]
    """Search from each vertex first..last-1 that is unmatched and has a positive dual; how many searches there were."""
    node = wood.node
    searches = 0
    for root in range(first, last):
        if node[root, MATE] == NOBODY and node[root, DUAL] > 0:
            _search(wood, edges, n, root)
            searches += 1
    return searches


@njit(cache=True, nogil=True)
def _search(wood, edges, n, root):  # type: ignore[no-untyped-def]
    node, heap, counter = wood.node, wood.heap, wood.counter
    counter[HEAPED] = counter[SEEN] = counter[REACHED] = 0
    counter[BOUND] = counter[RETIRE] = FAR
    _add_plus(wood, edges, n, top_of(node, root), 0)
    while counter[HEAPED] > 0:
        time, tail, head = pop(heap, counter)
        if time >= counter[RETIRE]:
            break
        if tail == NOBODY:
            if node[head, OUTER] == NOBODY and node[node[head, GROUP], LABEL] == MINUS and node[head, DUAL] == 2 * time:
                _open(wood, edges, n, head, time)
        elif head < 0:
            if node[tail, GROUP] != node[-1 - head, GROUP]:
                _shrink(wood, edges, n, (tail, -1 - head), time)
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
            _add_minus(wood, n, top, (tail, head), time)
            _add_plus(wood, edges, n, top_of(node, mate), time)
    _flip(wood, n, counter[RETIREE], NOBODY)
    _settle(wood, n, counter[RETIRE])


@njit(cache=True, nogil=True)
def _see(wood, vertex):  # type: ignore[no-untyped-def]
    if wood.node[vertex, VISITED] == 0:
        wood.node[vertex, VISITED] = 1
        wood.seen[wood.counter[SEEN]] = vertex
        wood.counter[SEEN] += 1


@njit(cache=True, nogil=True)
def _retire(node, counter, vertex):  # type: ignore[no-untyped-def]
    if node[vertex, DUAL] < counter[RETIRE]:
        counter[RETIRE], counter[RETIREE] = node[vertex, DUAL], vertex
        counter[BOUND] = min(counter[BOUND], counter[RETIRE])


@njit(cache=True, nogil=True)
def _add_plus(wood, edges, n, blossom, time):  # type: ignore[no-untyped-def]
    """Label an outermost blossom PLUS and look along the edges of its vertices."""
    node, leaf = wood.node, wood.leaf
    node[node[blossom, GROUP], LABEL] = PLUS
    if blossom >= n:
        node[blossom, DUAL] -= 2 * time
    count = leaves(node, leaf, blossom)
    for k in range(count):
        node[leaf[k], DUAL] += time
        _see(wood, leaf[k])
        _retire(node, wood.counter, leaf[k])
    for k in range(count):
        _look(node, wood.heap, wood.counter, wood.reached, edges, leaf[k])


@njit(cache=True, nogil=True)
def _add_minus(wood, n, blossom, edge, time):  # type: ignore[no-untyped-def]
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
            push(wood.heap, wood.counter, node[blossom, DUAL] >> 1, NOBODY, blossom)


@njit(cache=True, nogil=True)
def _look(node, heap, counter, reached, edges, vertex):  # type: ignore[no-untyped-def]
    """Note when each edge of a PLUS vertex becomes tight."""
    own, dual = node[vertex, GROUP], node[vertex, DUAL]
    start, to, weight = edges
    for a in range(start[vertex], start[vertex + 1]):
        other = to[a]
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
                _await(node, heap, counter, near + node[other, DUAL], vertex, other)


@njit(cache=True, nogil=True)
def _await(node, heap, counter, time, tail, head):  # type: ignore[no-untyped-def]
    """Note when the tree reaches a vertex outside it; if that one is unmatched, the search ends there at the latest."""
    if time < counter[BOUND]:
        push(heap, counter, time, tail, head)
        if node[node[top_of(node, head), BASE], MATE] == NOBODY:
            counter[BOUND] = time


@njit(cache=True, nogil=True)
def _above(node, blossom):  # type: ignore[no-untyped-def]
    """The PLUS blossom two steps nearer to the root, or NOBODY from the root."""
    mate = node[node[blossom, BASE], MATE]
    return NOBODY if mate == NOBODY else top_of(node, node[top_of(node, mate), FROM])


@njit(cache=True, nogil=True)
def _meeting(node, counter, one, two):  # type: ignore[no-untyped-def]
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
def _link(node, one, two, tail, head):  # type: ignore[no-untyped-def]
    node[one, NEXT], node[two, PREVIOUS] = two, one
    node[one, TAIL], node[one, HEAD] = tail, head


@njit(cache=True, nogil=True)
def _link_cycle(node, tail, head, meeting):  # type: ignore[no-untyped-def]
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
def _take_in(wood, n, blossom, time):  # type: ignore[no-untyped-def]
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


@njit(cache=True, nogil=True)
def _shrink(wood, edges, n, edge, time):  # type: ignore[no-untyped-def]
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
        _retire(node, counter, fresh[k])
    for k in range(turned):
        _look(node, wood.heap, counter, wood.reached, edges, fresh[k])


@njit(cache=True, nogil=True)
def _open(wood, edges, n, blossom, time):  # type: ignore[no-untyped-def]
    """Take a MINUS blossom apart whose z has come to zero: its even side stays in the tree, the rest leaves it."""
    node, leaf = wood.node, wood.leaf
    tail, head = node[blossom, FROM], node[blossom, ENTRY]
    child, first = child_with(node, blossom, head), node[blossom, FIRST]
    for k in range(leaves(node, leaf, blossom)):
        node[leaf[k], DUAL] += time
    release(wood, blossom)
    forwards = even_way(node, child, first)
    entered = child
    _add_minus(wood, n, child, (tail, head), time)
    while child != first:
        if forwards:
            one = node[child, NEXT]
            two = node[one, NEXT]
            tail, head = node[one, TAIL], node[one, HEAD]
        else:
            one = node[child, PREVIOUS]
            two = node[one, PREVIOUS]
            tail, head = node[two, HEAD], node[two, TAIL]
        _add_plus(wood, edges, n, one, time)
        _add_minus(wood, n, two, (tail, head), time)
        child = two
    _leave_tree(wood, n, first, entered, forwards)


@njit(cache=True, nogil=True)
def _leave_tree(wood, n, first, entered, forwards):  # type: ignore[no-untyped-def]
    """Note when the tree reaches the children of an opened blossom that it left: those beyond `first`."""
    node, leaf = wood.node, wood.leaf
    way = NEXT if forwards else PREVIOUS
    child = node[first, way]
    while child != entered:
        near = NOBODY
        for k in range(leaves(node, leaf, child)):
            other = leaf[k]
            if node[other, NEAREST] < FAR and (
                near == NOBODY
                or node[other, NEAREST] + node[other, DUAL] < node[near, NEAREST] + node[near, DUAL]
            ):
                near = other
        if near != NOBODY:
            time = node[near, NEAREST] + node[near, DUAL]
            _await(node, wood.heap, wood.counter, time, node[near, NEAREST_FROM], near)
        child = node[child, way]


@njit(cache=True, nogil=True)
def _flip(wood, n, vertex, partner):  # type: ignore[no-untyped-def]
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
def _settle(wood, n, time):  # type: ignore[no-untyped-def]
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
