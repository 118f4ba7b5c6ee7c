"""An exact matching in which each open column has a minimum and a maximum, changed step by step and never worse.

Rows and columns carry prices that prove the matching optimal: with worth w of a pair, u of a row and p of a column,
u + p >= w for every pair with equality for the matched ones, u >= 0 and u = 0 for the unmatched, p >= 0 where a
column has more than its minimum and p <= 0 where it has less than its maximum. Every function here keeps that true
while it opens or closes a column or brings in or takes out a row, by one shortest path per row that has to move.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from matching.domain.engine.edges import Edges
from matching.domain.engine.market import Indices

Prices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FAR = np.int64(1) << np.int64(60)
"""Stands for the price or distance of what cannot be had."""
UNMATCHED = -1
ABSENT = -2
"""Stands for the column of a row that takes no part for now."""


class Transport(NamedTuple):
    """A matching with its prices, and room for the search of paths."""

    edges: Edges
    extra: int
    """Worth of any pair beside its score."""
    home: Indices
    """The column at which each row earns its bonus, or -1."""
    bonus: Prices
    """Of each row."""
    mate: Indices
    slot: Indices
    """Where each row stands in `member`."""
    member: Indices
    """The rows of column j are `member[start[j]:start[j] + size[j]]`."""
    start: npt.NDArray[np.int64]
    size: Indices
    lower: Indices
    upper: Indices
    open: Flags
    row_price: Prices
    price: Prices
    distance: Prices
    via: Indices
    into: Indices
    settled: Flags
    reached: Indices
    """The columns with a distance, and last their number."""


def transport(edges: Edges, upper: Indices, *, extra: int, home: Indices | None = None) -> Transport:
    """A matching of nobody: all rows absent, all columns open with no minimum."""
    rows, columns = len(edges.row_start) - 1, len(edges.column_start) - 1
    upper = np.clip(upper, 0, rows).astype(np.int32)
    start = np.zeros(columns + 1, np.int64)
    np.cumsum(upper, out=start[1:])
    return Transport(
        edges=edges,
        extra=extra,
        home=np.full(rows, -1, np.int32) if home is None else home,
        bonus=np.zeros(rows, np.int64),
        mate=np.full(rows, ABSENT, np.int32),
        slot=np.zeros(rows, np.int32),
        member=np.zeros(int(start[-1]), np.int32),
        start=start,
        size=np.zeros(columns, np.int32),
        lower=np.zeros(columns, np.int32),
        upper=upper,
        open=upper > 0,
        row_price=np.zeros(rows, np.int64),
        price=np.zeros(columns, np.int64),
        distance=np.full(columns, FAR, np.int64),
        via=np.zeros(columns, np.int32),
        into=np.zeros(columns, np.int32),
        settled=np.zeros(columns, np.bool_),
        reached=np.zeros(columns + 1, np.int32),
    )


def branch(of: Transport) -> Transport:
    """A copy that can be changed without changing the original."""
    copied = ("bonus", "mate", "slot", "member", "size", "lower", "open", "row_price", "price")
    return of._replace(**{name: getattr(of, name).copy() for name in copied})


@njit(cache=True, nogil=True)
def insert_all(t):
    """Bring in every absent row."""
    for i in range(t.mate.shape[0]):
        if t.mate[i] == ABSENT:
            insert(t, np.int32(i))


@njit(cache=True, nogil=True)
def close(t, column):
    """Close a column; its rows go where they are best placed."""
    at = t.start[column]
    leaving = t.member[at : at + t.size[column]].copy()
    t.open[column] = False
    t.size[column] = 0
    t.mate[leaving] = ABSENT
    for i in leaving:
        insert(t, i)


@njit(cache=True, nogil=True)
def open_with(t, column, lower):
    """Open a closed column with a minimum; whether it could be filled (if not, the matching is of no more use)."""
    t.open[column] = True
    t.lower[column] = 0
    t.price[column] = -FAR
    for e in range(t.edges.column_start[column], t.edges.column_start[column + 1]):
        i = t.edges.row[e]
        if t.mate[i] != ABSENT:
            t.price[column] = max(t.price[column], worth(t, i, np.int32(column)) - t.row_price[i])
    if t.price[column] == -FAR:
        t.price[column] = 0
    return raise_minimum(t, column, lower) and attract(t, column)


@njit(cache=True, nogil=True)
def raise_minimum(t, column, lower):
    """Fill an open column up to a minimum; whether that could be done."""
    t.lower[column] = lower
    while t.size[column] < lower:
        if not pull(t, column, FAR):
            return False
    return True


@njit(cache=True, nogil=True)
def attract(t, column):
    """Let a column that has free places fill as far as that is worth it."""
    while t.size[column] < t.upper[column] and t.price[column] > 0:
        if not pull(t, column, t.price[column]):
            break
    return True


@njit(cache=True, nogil=True)
def take_out(t, row):
    """Make a row absent and leave its place empty; `bring_in` sets that right."""
    column = t.mate[row]
    t.mate[row] = ABSENT
    if column >= 0:
        _leave(t, column, row)


@njit(cache=True, nogil=True)
def bring_in(t):
    """Bring in every absent row and fill every place that is still worth filling."""
    insert_all(t)
    for column in range(t.open.shape[0]):
        if t.open[column]:
            attract(t, column)


@njit(cache=True, nogil=True)
def points(t, row, column):
    """The score of a pair, which must be among the edges."""
    low, high = t.edges.row_start[row], t.edges.row_start[row + 1] - 1
    while low < high:
        middle = (low + high) >> 1
        if t.edges.column[middle] < column:
            low = middle + 1
        else:
            high = middle
    return t.edges.row_score[low]


@njit(cache=True, nogil=True)
def worth(t, row, column):
    """What a pair is worth."""
    found = np.int64(points(t, row, column)) + t.extra
    return found + t.bonus[row] if t.home[row] == column else found


@njit(cache=True, nogil=True)
def value(t):
    """What the matching is worth."""
    total = np.int64(0)
    for i in range(t.mate.shape[0]):
        if t.mate[i] >= 0:
            total += worth(t, np.int32(i), t.mate[i])
    return total


@njit(cache=True, nogil=True)
def held_scores(t):
    """The score of each row's pair, -1 without one."""
    found = np.full(t.mate.shape[0], -1, np.int16)
    for i in range(t.mate.shape[0]):
        if t.mate[i] >= 0:
            found[i] = points(t, np.int32(i), t.mate[i])
    return found


@njit(cache=True, nogil=True)
def _forget(t):
    """Make the distances ready for the next search."""
    for k in range(t.reached[-1]):
        t.distance[t.reached[k]] = FAR
        t.settled[t.reached[k]] = False
    t.reached[-1] = 0


@njit(cache=True, nogil=True)
def _reach(t, column, far):
    if t.distance[column] == FAR:
        t.reached[t.reached[-1]] = column
        t.reached[-1] += 1
    t.distance[column] = far


@njit(cache=True, nogil=True)
def _nearest(t, end):
    """The unsettled column nearest to the source and nearer than `end`, or -1."""
    found = -1
    for k in range(t.reached[-1]):
        j = t.reached[k]
        if t.distance[j] < end and not t.settled[j]:
            end = t.distance[j]
            found = j
    return found


@njit(cache=True, nogil=True)
def _spread(t, row, base, end, last):
    """Reach columns from a row at distance `base`; the nearest end known then, and its column."""
    home = t.home[row]
    for e in range(t.edges.row_start[row], t.edges.row_start[row + 1]):
        j = t.edges.column[e]
        if not t.open[j]:
            continue
        far = base + t.price[j] - t.edges.row_score[e] - t.extra
        if j == home:
            far -= t.bonus[row]
        if far < t.distance[j] and far < end:
            _reach(t, j, far)
            t.via[j] = row
            if t.size[j] < t.upper[j] and far - min(t.price[j], 0) < end:
                end = far - min(t.price[j], 0)
                last = j
    return end, last


@njit(cache=True, nogil=True)
def insert(t, row):
    """Bring in an absent row along the best path there is, which may leave it or another one unmatched."""
    leaver = row
    end, last = _spread(t, row, np.int64(0), np.int64(0), np.int64(-1))
    while True:
        j = _nearest(t, end)
        if j < 0:
            break
        t.settled[j] = True
        for at in range(t.start[j], t.start[j] + t.size[j]):
            base = t.distance[j] + t.row_price[t.member[at]]
            if base < end:
                end, last, leaver = base, -1, t.member[at]
            end, last = _spread(t, t.member[at], base, end, last)
    for k in range(t.reached[-1]):
        j = t.reached[k]
        if t.settled[j] and t.distance[j] < end:
            _shift(t, j, end - t.distance[j])
    _forget(t)
    t.row_price[row] = -end
    _move_up(t, row, last, leaver)


@njit(cache=True, nogil=True)
def _shift(t, column, by):
    """Raise a column's price at its rows' cost."""
    t.price[column] += by
    for at in range(t.start[column], t.start[column] + t.size[column]):
        t.row_price[t.member[at]] -= by


@njit(cache=True, nogil=True)
def _seat(t, row, column, slot):
    t.mate[row] = column
    t.slot[row] = slot
    t.member[slot] = row


@njit(cache=True, nogil=True)
def _leave(t, column, row):
    """Close the rank of a column's rows after one that left."""
    t.size[column] -= 1
    mover = t.member[t.start[column] + t.size[column]]
    t.member[t.slot[row]] = mover
    t.slot[mover] = t.slot[row]


@njit(cache=True, nogil=True)
def _move_up(t, row, last, leaver):
    """Move every row on the path to `last`, or to the place of `leaver`, so that `row` has one."""
    if last >= 0:
        column = last
        free = t.start[column] + t.size[column]
        t.size[column] += 1
    else:
        column, free = t.mate[leaver], np.int64(t.slot[leaver])
        t.mate[leaver] = UNMATCHED
        if leaver == row:
            return
    while True:
        mover = t.via[column]
        place, free_next = t.mate[mover], np.int64(t.slot[mover])
        _seat(t, mover, column, free)
        if mover == row:
            return
        column, free = place, free_next


@njit(cache=True, nogil=True)
def pull(t, column, limit):
    """Bring one more row into a column along the best path there is, if that costs less than `limit`.

    Whether it did; if not, the column's price has fallen by `limit` (nothing has changed if there is no path and no
    limit).
    """
    _reach(t, np.int32(column), np.int64(0))
    end, first, target = np.int64(limit), np.int64(-1), np.int64(-1)
    while True:
        j = _nearest(t, end)
        if j < 0:
            break
        t.settled[j] = True
        end, first, target = _call(t, j, end, first, target)
        if j != column and t.size[j] > t.lower[j] and t.distance[j] + t.price[j] < end:
            end, first, target = t.distance[j] + t.price[j], t.via[j], t.into[j]
    if first >= 0 or end < FAR:
        for k in range(t.reached[-1]):
            j = t.reached[k]
            if t.settled[j] and t.distance[j] < end:
                _shift(t, j, t.distance[j] - end)
    _forget(t)
    if first >= 0:
        _move_in(t, column, first, target)
    return first >= 0


@njit(cache=True, nogil=True)
def _call(t, column, end, first, target):
    """Reach the columns of the rows that could come into a settled one; the nearest end known then."""
    base = t.distance[column] + t.price[column] - t.extra
    for e in range(t.edges.column_start[column], t.edges.column_start[column + 1]):
        i = t.edges.row[e]
        place = t.mate[i]
        if place == column or place == ABSENT:
            continue
        far = base + t.row_price[i] - t.edges.column_score[e]
        if t.home[i] == column:
            far -= t.bonus[i]
        if place == UNMATCHED:
            if far < end:
                end, first, target = far, i, column
        elif far < t.distance[place] and far < end:
            _reach(t, place, far)
            t.via[place] = i
            t.into[place] = column
    return end, first, target


@njit(cache=True, nogil=True)
def _move_in(t, column, first, target):
    """Move `first` to `target`, the row that it displaces on, and so forth until `column` has one more."""
    if t.mate[first] >= 0:
        _leave(t, t.mate[first], first)
    row, place = first, target
    while place != column:
        displaced, onward = t.via[place], t.into[place]
        _seat(t, row, place, np.int64(t.slot[displaced]))
        row, place = displaced, onward
    _seat(t, row, column, t.start[column] + t.size[column])
    t.size[column] += 1
