"""Shortest augmenting paths that bring prices and pairs to exact agreement.

Weights are w = base + score, all in integers. Row i has a price u[i] >= 0, column j a price p[j] >= 0, and
u[i] + p[j] >= w[i, j] always holds. The pairs are optimal when, besides, each pair's weight equals its two prices,
a row without a column has price 0, and the price of a column with load L lies between the charges of its L-th and of
its next place. Two kinds of search (Dijkstra over reduced weights; Jonker & Volgenant 1987, Ahuja, Magnanti & Orlin
1993 chapter 9) repair what does not hold: `seek_column` from a row that is alone with a price, `seek_row` from a
column whose free place has a price above its charge.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from matching.domain.engine.graph import Lists

_FAR = np.int64(2**62)
_u64 = np.uint64
"""An index without a sign: that it is not negative need not be looked at, millions of times."""


class State(NamedTuple):
    """Pairs and prices on a graph of candidates; arrays that the searches change in place."""

    columns: Lists
    """Candidates of each row."""
    rows: Lists
    """The same edges from the columns."""
    base: int
    charge: int
    capacity: npt.NDArray[np.int32]
    load: npt.NDArray[np.int32]
    mate: npt.NDArray[np.int32]
    """The column of each row, -1 without one."""
    first: npt.NDArray[np.int32]
    """One of the rows in each column; `after` and `before` lead to the others."""
    after: npt.NDArray[np.int32]
    before: npt.NDArray[np.int32]
    u: npt.NDArray[np.int64]
    p: npt.NDArray[np.int64]
    heap: npt.NDArray[np.int32]
    """Columns by distance; all from here on is working memory of a search."""
    place: npt.NDArray[np.int32]
    far: npt.NDArray[np.int64]
    via: npt.NDArray[np.int32]
    origin: npt.NDArray[np.int32]
    done: npt.NDArray[np.int32]


@njit(cache=True, nogil=True)
def settle(s):
    """Search until everything agrees; the number of searches."""
    searches = 0
    for row in range(s.mate.shape[0]):
        if s.mate[row] < 0 and s.u[row] > 0:
            seek_column(s, row)
            searches += 1
    return searches + _settle_columns(s)


@njit(cache=True, nogil=True)
def settle_rows(s, rows):
    """The same where only these rows, and any columns, can disagree."""
    for k in range(rows.shape[0]):
        if s.mate[rows[k]] < 0 and s.u[rows[k]] > 0:
            seek_column(s, np.int64(rows[k]))
    _settle_columns(s)


@njit(cache=True, nogil=True)
def _settle_columns(s):
    searches = 0
    for column in range(s.load.shape[0]):
        while s.load[column] < s.capacity[column] and s.p[column] > s.charge * s.load[column]:
            seek_row(s, column)
            searches += 1
    return searches


@njit(cache=True, nogil=True)
def tighten(s):
    """Give each row the least price that its candidates allow, and part pairs whose weight is below their prices."""
    for column in range(s.load.shape[0]):
        if s.load[column] > 0:
            s.p[column] = max(s.p[column], s.charge * (s.load[column] - 1))
    for row in range(s.mate.shape[0]):
        highest, own = np.int64(0), np.int64(-1)
        for e in range(s.columns.at[row], s.columns.at[row] + s.columns.size[row]):
            worth = s.base + s.columns.score[e] - s.p[s.columns.other[e]]
            highest = max(highest, worth)
            if s.columns.other[e] == s.mate[row]:
                own = worth
        s.u[row] = highest
        if s.mate[row] >= 0 and own < highest:
            part(s, row)


@njit(cache=True, nogil=True)
def scores_held(s, score):
    """Write the score of each row's pair."""
    for row in range(s.mate.shape[0]):
        for e in range(s.columns.at[row], s.columns.at[row] + s.columns.size[row]):
            if s.columns.other[e] == s.mate[row]:
                score[row] = s.columns.score[e]


@njit(cache=True, nogil=True)
def prices_asked(s, rows):
    """For each of the rows: the price at which all its candidates agree, at least 0."""
    found = np.zeros(rows.shape[0], np.int64)
    for k in range(rows.shape[0]):
        row = rows[k]
        for e in range(s.columns.at[row], s.columns.at[row] + s.columns.size[row]):
            found[k] = max(found[k], s.base + s.columns.score[e] - s.p[s.columns.other[e]])
    return found


@njit(cache=True, nogil=True)
def raise_rows(s, rows, price):
    """Give rows the price at which their new candidates agree; they have to look for a column again."""
    for k in range(rows.shape[0]):
        s.u[rows[k]] = price[k]
        if s.mate[rows[k]] >= 0:
            part(s, np.int64(rows[k]))


@njit(cache=True, nogil=True)
def part(s, row):
    """Take a row out of its column."""
    column, before, after = s.mate[row], s.before[row], s.after[row]
    if before < 0:
        s.first[column] = after
    else:
        s.after[before] = after
    if after >= 0:
        s.before[after] = before
    s.mate[row] = -1
    s.load[column] -= 1


@njit(cache=True, nogil=True)
def join(s, row, column):
    """Put a row that is alone into a column."""
    top = s.first[column]
    s.after[row], s.before[row] = top, -1
    if top >= 0:
        s.before[top] = row
    s.first[column] = row
    s.mate[row] = column
    s.load[column] += 1


@njit(cache=True, nogil=True)
def seek_column(s, start_row):
    """Match a row that is alone, or leave somebody alone whom that costs least; its price comes down to fit."""
    size, done = np.int64(0), np.int64(0)
    limit, end_row, end_column = s.u[start_row], start_row, np.int64(-1)
    row, base = start_row, np.int64(0)
    column, next_row = -1, -1
    while True:
        # Look at the candidates of one row.
        if row >= 0:
            above = base + s.u[row] - s.base
            for e in range(s.columns.at[row], s.columns.at[row] + s.columns.size[row]):
                j = s.columns.other[_u64(e)]
                far = above + s.p[_u64(j)] - s.columns.score[_u64(e)]
                if far >= limit or far >= s.far[_u64(j)]:
                    continue
                s.far[j], s.via[j] = far, row
                size = _push(s, j, size)
                if s.load[j] < s.capacity[j]:
                    to = far + max(np.int64(0), s.charge * s.load[j] - s.p[j])
                    if to < limit:
                        limit, end_row, end_column = to, np.int64(-1), j
        # Go on with the next row of the column, or with the nearest column.
        if next_row < 0:
            if size == 0 or s.far[s.heap[0]] >= limit:
                break
            column = s.heap[0]
            base = s.far[column]
            size = _pop(s, size)
            s.done[done] = column
            done += 1
            next_row = s.first[column]
        row = next_row
        if row >= 0:
            next_row = s.after[row]
            if base + s.u[row] < limit:
                limit, end_row, end_column = base + s.u[row], row, np.int64(-1)
    _raise_prices(s, done, limit)
    s.u[start_row] -= limit
    _forget(s, size, done)
    if end_row == start_row:
        return
    if end_row >= 0:
        end_column = np.int64(s.mate[end_row])
        part(s, end_row)
    _augment(s, start_row, end_column)


@njit(cache=True, nogil=True)
def _raise_prices(s, done, limit):
    for k in range(done):
        column = s.done[k]
        by = limit - s.far[column]
        s.p[column] += by
        row = s.first[column]
        while row >= 0:
            s.u[row] -= by
            row = s.after[row]


@njit(cache=True, nogil=True)
def _augment(s, start_row, column):
    """Move every row of the path one column on; `column` is where it ends."""
    while True:
        row = np.int64(s.via[column])
        left = np.int64(s.mate[row])
        if left >= 0:
            part(s, row)
        join(s, row, column)
        if row == start_row:
            return
        column = left


@njit(cache=True, nogil=True)
def seek_row(s, start_column):
    """Fill the free place of a column whose price is too high for it, or lower the price."""
    size, done = np.int64(1), np.int64(0)
    limit, end_row = s.p[start_column] - s.charge * s.load[start_column], np.int64(-1)
    end_column = start_column
    s.far[start_column] = 0
    s.heap[0] = start_column
    s.place[start_column] = 0
    while size > 0:
        column = s.heap[0]
        base = s.far[column]
        if base >= limit:
            break
        size = _pop(s, size)
        s.done[done] = column
        done += 1
        above = base + s.p[column] - s.base
        for e in range(s.rows.at[column], s.rows.at[column] + s.rows.size[column]):
            row = s.rows.other[_u64(e)]
            far = above + s.u[_u64(row)] - s.rows.score[_u64(e)]
            if far >= limit:
                continue
            left = s.mate[row]
            if left == column:
                continue
            if left < 0:
                limit, end_row, end_column = far, row, column
                continue
            if far >= s.far[left]:
                continue
            s.far[left], s.via[left], s.origin[left] = far, row, column
            size = _push(s, left, size)
            to = far + s.p[left] - s.charge * (s.load[left] - 1)
            if to < limit:
                limit, end_row, end_column = to, np.int64(-1), left
    for k in range(done):
        column = s.done[k]
        by = limit - s.far[column]
        s.p[column] -= by
        row = s.first[column]
        while row >= 0:
            s.u[row] += by
            row = s.after[row]
    _forget(s, size, done)
    if end_row >= 0:
        join(s, end_row, end_column)
    while end_column != start_column:
        row, to_column = np.int64(s.via[end_column]), np.int64(s.origin[end_column])
        part(s, row)
        join(s, row, to_column)
        end_column = to_column


@njit(cache=True, nogil=True)
def _forget(s, size, done):
    """Make the distances ready for the next search."""
    for k in range(size):
        s.far[s.heap[k]] = _FAR
        s.place[s.heap[k]] = -1
    for k in range(done):
        s.far[s.done[k]] = _FAR


@njit(cache=True, nogil=True)
def _push(s, column, size):
    """Put a column into the heap, or move it up after its distance has fallen; the new size."""
    at = s.place[column]
    if at < 0:
        at = size
        size += 1
    while at > 0:
        above = (at - 1) >> 1
        other = s.heap[above]
        if s.far[other] <= s.far[column]:
            break
        s.heap[at] = other
        s.place[other] = at
        at = above
    s.heap[at] = column
    s.place[column] = at
    return size


@njit(cache=True, nogil=True)
def _pop(s, size):
    """Take the nearest column out of the heap; the new size."""
    s.place[s.heap[0]] = -1
    size -= 1
    if size == 0:
        return 0
    moved = s.heap[size]
    at, below = 0, 1
    while below < size:
        if below + 1 < size and s.far[s.heap[below + 1]] < s.far[s.heap[below]]:
            below += 1
        if s.far[s.heap[below]] >= s.far[moved]:
            break
        s.heap[at] = s.heap[below]
        s.place[s.heap[at]] = at
        at, below = below, 2 * below + 1
    s.heap[at] = moved
    s.place[moved] = at
    return size
