"""Scores of a market's pairs: of one row, of given pairs, and the best columns of every row."""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, parallel_chunksize, prange

from matching.domain.engine.choosing import choose, choose_again, room_for
from matching.domain.engine.kernels import CHUNK, WIDTH, fill, same_line, score_one
from matching.domain.engine.market import FULL, Indices, Market, Points, Terms

Prices = npt.NDArray[Any]
"""Integers of 32 or 64 bits, as high as the prices need."""

_TASK = 64
"""Rows worked on with the same memory."""
_FAR = 2**30 - FULL
"""How far chunks may move before all are looked at anew: heights and their shifts have 32 bits where prices have."""
_TASKS = 4
"""Tasks that a thread takes at a time: rows differ in work, so that the threads are not given halves."""


def score_row(market: Market, row: int) -> Points:
    """Scores of one row and every column, FORBIDDEN where they may not be paired; shape (columns,)."""
    line = np.empty(market.columns, np.int16)
    return np.asarray(_score_row(np.int32(row), arrays(market), _lines(market), np.int16(market.floor), line))


def score_pairs(market: Market, rows: Indices, columns: Indices) -> Points:
    """Scores of the pairs (rows[k], columns[k]), FORBIDDEN where they may not be paired."""
    at = np.ascontiguousarray(rows, np.int32), np.ascontiguousarray(columns, np.int32)
    return np.asarray(_score_pairs(*at, arrays(market), _lines(market), np.int16(market.floor)))


def score_column(market: Market, column: int) -> Points:
    """Scores of every row and one column, FORBIDDEN where they may not be paired; shape (rows,)."""
    return np.asarray(_score_column(column, market.rows, arrays(market), _lines(market), np.int16(market.floor)))


def top(market: Market, row: int, count: int, price: Prices | None = None) -> tuple[Indices, Prices]:
    """The columns that fit a row best, best first, and their scores less `price`; on the calling thread alone."""
    price = np.zeros(market.columns, np.int32) if price is None else price
    worth, column = np.empty(count, price.dtype), np.empty(count, np.int32)
    lowest = price.dtype.type(np.iinfo(price.dtype).min)
    room = room_for(market.columns, price)
    floor = np.int16(market.floor)
    size = choose(np.int32(row), arrays(market), _lines(market), price, lowest, floor, room, worth, column)
    return column[:size], worth[:size]


def top_of(market: Market, rows: Indices, count: int, price: Prices) -> tuple[Indices, Prices]:
    """What `top` gives, for some rows; shape (rows, count), column -1 where there is none."""
    column, worth = _empty(len(rows), count, price)
    _top_of(rows, arrays(market), _lines(market), price, np.int16(market.floor), worth, column)
    return column, worth


def best(
    market: Market, count: int, *, price: Prices | None = None, above: Prices | None = None
) -> tuple[Indices, Prices]:
    """The `count` columns of highest worth (score less price) of each row, highest first, on all threads.

    Both arrays have shape (rows, count); column -1 stands where there is none. With `above`, of shape (rows,), only
    columns worth more than that count.
    """
    price = np.zeros(market.columns, np.int32) if price is None else price
    above = _anything(market, price) if above is None else above
    column, worth = _empty(market.rows, count, price)
    with parallel_chunksize(_TASKS):
        _best(
            alike(market),
            arrays(market),
            _lines(market),
            price,
            above,
            np.int16(market.floor),
            worth,
            column,
            np.zeros((0, 0), price.dtype),
        )
    return column, worth


class Pricing:
    """Prices all pairs again and again while prices change.

    The first time looks at every pair; the second does so too and notes how high each chunk of columns reaches for
    each row. By then prices are nearly right, and later times look only at chunks that can have come above the row's
    bound since: the change of a chunk's prices bounds that of its height.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self._order = alike(market)
        self._heights: Prices = np.zeros((0, 0), np.int32)
        self._shifts: Prices = np.zeros(0, np.int32)
        self._price: Prices = np.zeros(0, np.int32)
        self._times = 0

    def best(self, count: int, price: Prices, above: Prices) -> tuple[Indices, Prices]:
        """What `best` gives."""
        market = self._market
        column, worth = _empty(market.rows, count, price)
        rest = (price, above, np.int16(market.floor), worth, column)
        with parallel_chunksize(_TASKS):
            if self._times >= 2 and self._shift(price):
                _best_again(self._order, arrays(market), _lines(market), *rest, self._heights, self._shifts)
            else:
                chunks = -(-market.columns // CHUNK)
                self._heights = np.empty((market.rows, chunks) if self._times else (0, 0), price.dtype)
                self._shifts = np.zeros(chunks, price.dtype)
                _best(self._order, arrays(market), _lines(market), *rest, self._heights)
        self._times += 1
        self._price = price.copy()
        return column, worth

    def _shift(self, price: Prices) -> bool:
        """Note by how much each chunk can have risen above its heights; whether that can be told from them at all."""
        fallen = self._price.astype(np.int64) - price
        shifts = self._shifts + np.maximum.reduceat(fallen, np.arange(0, self._market.columns, CHUNK))
        self._shifts = shifts.astype(price.dtype)
        return bool(np.abs(shifts).max(initial=0) < _FAR)


def alike(market: Market) -> Indices:
    """All rows, in an order in which those that read the same lines of the market come one after the other.

    The lines of all gates and values are more than a cache holds; those of a row are not.
    """
    keys = [_nth(terms, place) for terms in (market.gates, market.values) for place in range(2)]
    return np.lexsort(keys[::-1]).astype(np.int32)


def _nth(terms: Terms, place: int) -> Indices:
    """The term of each row at that place of its list, -1 where the list is shorter."""
    found = np.full(terms.rows, -1, np.int32)
    there = np.flatnonzero(np.diff(terms.start) > place)
    found[there] = terms.term[terms.start[there] + place]
    return found


def _empty(rows: int, count: int, price: Prices) -> tuple[Indices, Prices]:
    return np.full((rows, count), -1, np.int32), np.zeros((rows, count), price.dtype)


def _anything(market: Market, price: Prices) -> Prices:
    return np.full(market.rows, np.iinfo(price.dtype).min, price.dtype)


def arrays(market: Market) -> tuple[Any, ...]:
    """A market as the kernels take it."""
    return (
        market.credit,
        market.credits.start,
        market.credits.term,
        market.share,
        market.value,
        market.values.start,
        market.values.term,
        market.gate,
        market.gates.start,
        market.gates.term,
        market.pairs.start,
        market.pairs.term,
        market.points,
    )


def _lines(market: Market) -> tuple[Indices, Indices]:
    return market.row_line, market.column_line


@njit(cache=True, nogil=True)
def _score_row(row, market, lines, floor, line):
    row_line, column_line = lines
    columns = column_line.shape[0]
    found = np.full(columns, -1, np.int16)
    for at in range(0, columns, WIDTH):
        length = min(WIDTH, columns - at)
        if not fill(line, at, length, row, market):
            continue
        for j in range(at, at + length):
            if line[j] >= floor and not same_line(row_line, row, column_line, j):
                found[j] = line[j]
    return found


@njit(cache=True, nogil=True)
def _top_of(rows, market, lines, price, floor, worth, column):
    room = room_for(lines[1].shape[0], price)
    lowest = price.dtype.type(np.iinfo(price.dtype).min)
    for k in range(rows.shape[0]):
        choose(rows[k], market, lines, price, lowest, floor, room, worth[k], column[k])


@njit(cache=True, nogil=True)
def _score_pairs(rows, columns, market, lines, floor):
    found = np.full(rows.shape[0], -1, np.int16)
    for k in range(rows.shape[0]):
        found[k] = score_one(rows[k], columns[k], market, lines, floor)
    return found


@njit(cache=True, nogil=True)
def _score_column(column, rows, market, lines, floor):
    # Taken apart once: for each row it would cost more than the row.
    (credit, c_start, c_term, share, value, v_start, v_term, gate, g_start, g_term, p_start, p_column, points) = market
    row_line, column_line = lines
    credit, value, gate = credit[:, column].copy(), value[:, column].copy(), gate[:, column].copy()
    found = np.full(rows, -1, np.int16)
    for row in range(rows):
        allowed = True
        for t in range(g_start[row], g_start[row + 1]):
            allowed &= gate[g_term[t]] != 0
        if not allowed or same_line(row_line, row, column_line, column):
            continue
        score = 0
        for t in range(c_start[row], c_start[row + 1]):
            score += (share[t] * credit[c_term[t]]) >> 2
        for t in range(v_start[row], v_start[row + 1]):
            score += value[v_term[t]]
        for t in range(p_start[row], p_start[row + 1]):
            if p_column[t] == column:
                allowed &= points[t] >= 0
                score += points[t]
        if allowed and score >= floor:
            found[row] = score
    return found


# A loop over threads is compiled far more slowly than any other: what it repeats is a function of its own.


@njit(cache=True, nogil=True)
def _best_of(task, order, market, lines, price, above, floor, worth, column, heights):
    room = room_for(lines[1].shape[0], price)
    for k in range(task * _TASK, min(order.shape[0], (task + 1) * _TASK)):
        row = order[k]
        choose(row, market, lines, price, above[row], floor, room, worth[row], column[row])
        for chunk in range(heights.shape[1]):
            heights[k, chunk] = room[1][chunk]


@njit(cache=True, nogil=True)
def _best_again_of(task, order, market, lines, price, above, floor, worth, column, heights, shifts):
    room = room_for(lines[1].shape[0], price)
    for k in range(task * _TASK, min(order.shape[0], (task + 1) * _TASK)):
        row, known = order[k], heights[k]
        choose_again(row, market, lines, price, above[row], floor, room, worth[row], column[row], known, shifts)


@njit(cache=True, nogil=True, parallel=True)
def _best(order, market, lines, price, above, floor, worth, column, heights):
    for task in prange((order.shape[0] + _TASK - 1) // _TASK):
        _best_of(np.int64(task), order, market, lines, price, above, floor, worth, column, heights)


@njit(cache=True, nogil=True, parallel=True)
def _best_again(order, market, lines, price, above, floor, worth, column, heights, shifts):
    for task in prange((order.shape[0] + _TASK - 1) // _TASK):
        _best_again_of(np.int64(task), order, market, lines, price, above, floor, worth, column, heights, shifts)
