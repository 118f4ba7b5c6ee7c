"""A heap of events (time, tail, head), the earliest first."""

from numba import njit

from matching.domain.engine.peers.forest import HEAPED


@njit(cache=True, nogil=True)
def push(heap, counter, time, tail, head):
    """Add an event."""
    at = counter[HEAPED]
    counter[HEAPED] = at + 1
    while at > 0:
        above = (at - 1) >> 2
        if heap[above, 0] <= time:
            break
        heap[at, 0], heap[at, 1], heap[at, 2] = heap[above, 0], heap[above, 1], heap[above, 2]
        at = above
    heap[at, 0], heap[at, 1], heap[at, 2] = time, tail, head


@njit(cache=True, nogil=True)
def pop(heap, counter):
    """Take the earliest event out and return it."""
    time, tail, head = heap[0, 0], heap[0, 1], heap[0, 2]
    size = counter[HEAPED] - 1
    counter[HEAPED] = size
    last = heap[size, 0]
    at = 0
    while True:
        first = 4 * at + 1
        if first >= size:
            break
        low = first
        for child in range(first + 1, min(first + 4, size)):
            if heap[child, 0] < heap[low, 0]:
                low = child
        if heap[low, 0] >= last:
            break
        heap[at, 0], heap[at, 1], heap[at, 2] = heap[low, 0], heap[low, 1], heap[low, 2]
        at = low
    heap[at, 0], heap[at, 1], heap[at, 2] = last, heap[size, 1], heap[size, 2]
    return time, tail, head
