"""Scores of a market's pairs: of one row, of given pairs, and the best columns of every row."""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from matching.domain.engine.kernels import WIDTH, choose, fill, room_for, same_line
from matching.domain.engine.market import Indices, Market, Points

_TASK = 64
"""Rows that one thread takes at a time."""


def score_row(market: Market, row: int) -> Points:
    """Scores of one row and every column, FORBIDDEN where they may not be paired; shape (columns,)."""
    line = np.empty(WIDTH, np.int16)
    return np.asarray(_score_row(row, arrays(market), _lines(market), np.int16(market.floor), line))


def score_pairs(market: Market, rows: Indices, columns: Indices) -> Points:
    """Scores of the pairs (rows[k], columns[k]), FORBIDDEN where they may not be paired."""
    at = np.asarray(rows, np.int32), np.asarray(columns, np.int32)
    return np.asarray(_score_pairs(*at, arrays(market), _lines(market), np.int16(market.floor)))


def top(market: Market, row: int, count: int, price: npt.NDArray[Any] | None = None) -> tuple[Indices, Points]:
    """The columns that fit a row best, best first, and their scores less `price`; on the calling thread alone."""
    price = np.zeros(market.columns, np.int32) if price is None else price
    worth, column = np.empty(count, price.dtype), np.empty(count, np.int32)
    lowest = np.iinfo(price.dtype).min
    room = room_for(market.columns, price)
    size = choose(row, arrays(market), _lines(market), price, lowest, np.int16(market.floor), room, worth, column)
    return column[:size], worth[:size]


def best(
    market: Market,
    count: int,
    *,
    price: npt.NDArray[Any] | None = None,
    above: npt.NDArray[Any] | None = None,
    rows: Indices | None = None,
) -> tuple[Indices, npt.NDArray[Any]]:
    """The `count` columns of highest worth (score less price) of each of `rows`, highest first, on all threads.

    Both arrays have shape (rows, count); column -1 stands where there is none. With `above`, as long as `rows`, only
    columns worth more than that count.
    """
    price = np.zeros(market.columns, np.int32) if price is None else price
    rows = np.arange(market.rows, dtype=np.int32) if rows is None else rows
    above = np.full(len(rows), np.iinfo(price.dtype).min, price.dtype) if above is None else above
    column = np.full((len(rows), count), -1, np.int32)
    worth = np.zeros((len(rows), count), price.dtype)
    _best(rows, arrays(market), _lines(market), price, above, np.int16(market.floor), worth, column)
    return column, worth


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
        if not fill(line[:length], at, row, market):
            continue
        for j in range(length):
            if line[j] >= floor and not same_line(row_line, row, column_line, at + j):
                found[at + j] = line[j]
    return found


@njit(cache=True, nogil=True)
def _score_pairs(rows, columns, market, lines, floor):
    row_line, column_line = lines
    found = np.full(rows.shape[0], -1, np.int16)
    line = np.empty(1, np.int16)
    for k in range(rows.shape[0]):
        allowed = fill(line, columns[k], rows[k], market) and line[0] >= floor and line[0] >= 0
        if allowed and not same_line(row_line, rows[k], column_line, columns[k]):
            found[k] = line[0]
    return found


@njit(cache=True, nogil=True, parallel=True)
def _best(rows, market, lines, price, above, floor, worth, column):
    tasks = (rows.shape[0] + _TASK - 1) // _TASK
    for task in prange(tasks):
        room = room_for(lines[1].shape[0], price)
        for k in range(task * _TASK, min(rows.shape[0], (task + 1) * _TASK)):
            size = choose(rows[k], market, lines, price, above[k], floor, room, worth[k], column[k])
            column[k, size:] = -1
