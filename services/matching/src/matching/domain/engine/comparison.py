"""All pairs of a market once more: who would rather have each other, and what first come, first served would give."""

import numpy as np
import numpy.typing as npt
from numba import njit

from matching.domain.engine.kernels import CHUNK, WIDTH, fill, same_line
from matching.domain.engine.market import FULL, Indices, Market
from matching.domain.engine.scoring import arrays

Numbers = npt.NDArray[np.int64]
_u64 = np.uint64


def compare(
    market: Market, order: Indices, own: Numbers, asked: Numbers, free: Numbers, *, peers: bool = False
) -> tuple[int, Numbers]:
    """How many pairs gain on both sides, and the scores that rows get who choose one after the other.

    A pair gains where it scores more than the row's `own` and more than is `asked` at the column. In that `order`
    each row takes the best column that is `free`, which has a place less then; among peers the row has one less too.
    """
    most = FULL + 1
    given = np.minimum(own, most).astype(np.int16), np.minimum(asked, most).astype(np.int16)
    lines = market.row_line, market.column_line
    mask = np.where(free > 0, -1, 0).astype(np.int16)
    scores = np.full(len(order), -1, np.int64)
    blocking = _compare(order, *given, free, mask, peers, arrays(market), lines, np.int16(market.floor), scores)
    return int(blocking), scores[scores >= 0]


@njit(cache=True, nogil=True)
def _compare(order, own, asked, free, mask, peers, market, lines, floor, scores):
    columns = asked.shape[0]
    line = np.empty(columns, np.int16)
    blocking = 0
    for k in range(order.shape[0]):
        row = order[k]
        best, most = np.int64(-1), np.int16(floor - 1)
        least = max(own[row], np.int16(floor - 1))
        for at in range(0, columns, WIDTH):
            length = min(WIDTH, columns - at)
            if not fill(line, at, length, row, market):
                continue
            for start in range(at, at + length, CHUNK):
                stop = min(start + CHUNK, at + length)
                if _any_gains(line, start, stop, asked, least):
                    blocking += _gains(line, start, stop, asked, least, row, lines)
                if _reach(line, start, stop, mask) > most:
                    best, most = _choose(line, start, stop, free, best, most, row, lines)
        if best >= 0 and not (peers and free[row] == 0):
            free[best] -= 1
            mask[best] = -1 if free[best] > 0 else 0
            if peers:
                free[row] -= 1
                mask[row] = -1 if free[row] > 0 else 0
            scores[k] = most
    return blocking


@njit(cache=True, nogil=True)
def _any_gains(line, start, stop, asked, least):
    found = np.int16(0)
    for j in range(stop - start):
        k = _u64(start) + _u64(j)
        found |= np.int16(line[k] > asked[k]) & np.int16(line[k] > least)
    return found != 0


@njit(cache=True, nogil=True)
def _gains(line, start, stop, asked, least, row, lines):
    found = 0
    for j in range(start, stop):
        if line[j] > asked[j] and line[j] > least and not same_line(lines[0], row, lines[1], j):
            found += 1
    return found


@njit(cache=True, nogil=True)
def _reach(line, start, stop, mask):
    """What the columns that are free reach at most; those that are not count as 0."""
    found = np.int16(-1)
    for j in range(stop - start):
        k = _u64(start) + _u64(j)
        found = max(found, np.int16(line[k] & mask[k]))
    return found


@njit(cache=True, nogil=True)
def _choose(line, start, stop, free, best, most, row, lines):
    for j in range(start, stop):
        if free[j] > 0 and line[j] > most and not same_line(lines[0], row, lines[1], j):
            best, most = j, line[j]
    return best, most
