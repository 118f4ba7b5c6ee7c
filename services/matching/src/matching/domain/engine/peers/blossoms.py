"""The structure of blossoms: their vertices, another base, opening them for good."""

from numba import njit

from matching.domain.engine.peers.forest import (
    BASE,
    DUAL,
    FIRST,
    FIRST_LEAF,
    FREE,
    GROUP,
    HEAD,
    LABEL,
    LARGEST,
    LAST_LEAF,
    MATE,
    NEXT,
    NEXT_LEAF,
    NOBODY,
    OUTER,
    OWNER,
    PREVIOUS,
    SIZE,
    SPARE,
    TAIL,
)


@njit(cache=True, nogil=True)
def top_of(node, vertex):
    """The outermost blossom around a vertex, or the vertex itself."""
    return node[node[vertex, GROUP], OWNER]


@njit(cache=True, nogil=True)
def leaves(node, leaf, blossom):
    """Write the vertices of a blossom into `leaf`; how many there are."""
    vertex = node[blossom, FIRST_LEAF]
    count = node[blossom, SIZE]
    for k in range(count):
        leaf[k] = vertex
        vertex = node[vertex, NEXT_LEAF]
    return count


@njit(cache=True, nogil=True)
def child_with(node, blossom, vertex):
    """The child of a blossom that holds a vertex."""
    child = vertex
    while node[child, OUTER] != blossom:
        child = node[child, OUTER]
    return child


@njit(cache=True, nogil=True)
def even_way(node, child, first):
    """Whether an even number of steps forwards leads from a child to the first one (else backwards)."""
    steps = 0
    while child != first:
        child = node[child, NEXT]
        steps += 1
    return steps % 2 == 0


@njit(cache=True, nogil=True)
def next_two(node, child, forwards):
    """The next two children after one, and the ends of the edge between them: in the first, and in the second."""
    if forwards:
        one = node[child, NEXT]
        return one, node[one, NEXT], node[one, TAIL], node[one, HEAD]
    one = node[child, PREVIOUS]
    two = node[one, PREVIOUS]
    return one, two, node[two, HEAD], node[two, TAIL]


@njit(cache=True, nogil=True)
def rebase(wood, n, blossom, vertex):
    """Change the pairs within a blossom so that `vertex` is the one that is free to be matched outside."""
    node, stack = wood.node, wood.stack
    stack[0], stack[1] = blossom, vertex
    size = 1
    while size > 0:
        size -= 1
        b, v = stack[2 * size], stack[2 * size + 1]
        if b < n:
            continue
        child, first = child_with(node, b, v), node[b, FIRST]
        node[b, FIRST], node[b, BASE] = child, v
        stack[2 * size], stack[2 * size + 1] = child, v
        size += 1
        forwards = even_way(node, child, first)
        while child != first:
            one, two, v, w = next_two(node, child, forwards)
            node[v, MATE], node[w, MATE] = w, v
            stack[2 * size], stack[2 * size + 1] = one, v
            stack[2 * size + 2], stack[2 * size + 3] = two, w
            size += 2
            child = two


@njit(cache=True, nogil=True)
def _regroup(node, blossom, group):
    vertex = node[blossom, FIRST_LEAF]
    for _ in range(node[blossom, SIZE]):
        node[vertex, GROUP] = group
        vertex = node[vertex, NEXT_LEAF]


@njit(cache=True, nogil=True)
def unite(node, blossom):
    """Make one group and one list of vertices of the children of a new blossom."""
    first = node[blossom, FIRST]
    size, largest, last, child = 0, first, NOBODY, first
    while True:
        size += node[child, SIZE]
        if node[child, SIZE] > node[largest, SIZE]:
            largest = child
        if last != NOBODY:
            node[last, NEXT_LEAF] = node[child, FIRST_LEAF]
        last = node[child, LAST_LEAF]
        node[child, OUTER] = blossom
        child = node[child, NEXT]
        if child == first:
            break
    group = node[largest, GROUP]
    child = node[largest, NEXT]
    while child != largest:
        _regroup(node, child, group)
        child = node[child, NEXT]
    node[blossom, FIRST_LEAF], node[blossom, LAST_LEAF] = node[first, FIRST_LEAF], last
    node[blossom, SIZE], node[blossom, LARGEST] = size, largest
    node[blossom, GROUP], node[group, OWNER] = group, blossom


@njit(cache=True, nogil=True)
def release(wood, blossom):
    """Take an outermost blossom apart: its children become outermost, its number is free again."""
    node, counter = wood.node, wood.counter
    largest, group = node[blossom, LARGEST], node[blossom, GROUP]
    node[group, OWNER], node[group, LABEL] = largest, FREE
    node[largest, OUTER] = NOBODY
    child = node[largest, NEXT]
    while child != largest:
        node[child, OUTER] = NOBODY
        group = node[child, GROUP] if node[child, SIZE] > 1 else child
        _regroup(node, child, group)
        node[group, OWNER], node[group, LABEL] = child, FREE
        child = node[child, NEXT]
    node[blossom, DUAL] = 0
    wood.spare[counter[SPARE]] = blossom
    counter[SPARE] += 1


@njit(cache=True, nogil=True)
def dissolve(wood, n, vertex):
    """Take apart every blossom around a vertex between two searches; all edges stay within their duals.

    Half of z goes to every member, so that pairs inside stay tight. The edge that leaves by the base is tight no
    longer: that pair is parted.
    """
    node, leaf = wood.node, wood.leaf
    while top_of(node, vertex) >= n:
        blossom = top_of(node, vertex)
        half = node[blossom, DUAL] >> 1
        for k in range(leaves(node, leaf, blossom)):
            node[leaf[k], DUAL] += half
        base = node[blossom, BASE]
        if half > 0 and node[base, MATE] != NOBODY:
            node[node[base, MATE], MATE] = NOBODY
            node[base, MATE] = NOBODY
        release(wood, blossom)
