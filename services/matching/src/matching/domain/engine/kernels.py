"""Scores of one row over a stretch of columns, compiled to vector instructions.

Sixteen-bit arithmetic on lines of a few thousand columns: a line stays in the first-level cache while all terms of
the row are added to it, 32 or 64 columns an instruction. Four terms are added at a time, so that the line is read and
written a quarter as often.
"""

import numpy as np
from numba import njit

WIDTH = 4096
"""Columns worked on at a time."""
CHUNK = 64
"""Columns of which only the highest value is looked at before any of them."""

_u16 = np.uint16
_i16 = np.int16
_u64 = np.uint64


@njit(cache=True, nogil=True)
def _add_four(line, a, b, c, d, of_a, of_b, of_c, of_d):
    for j in range(line.shape[0]):
        first = _u16(_u16(_u16(a[j]) * of_a) >> _u16(2))
        second = _u16(_u16(_u16(b[j]) * of_b) >> _u16(2))
        third = _u16(_u16(_u16(c[j]) * of_c) >> _u16(2))
        fourth = _u16(_u16(_u16(d[j]) * of_d) >> _u16(2))
        line[j] = _i16(line[j] + _i16(first) + _i16(second) + _i16(third) + _i16(fourth))


@njit(cache=True, nogil=True)
def _add_credit(line, credit, share):
    for j in range(line.shape[0]):
        line[j] = _i16(line[j] + _i16(_u16(_u16(_u16(credit[j]) * share) >> _u16(2))))


@njit(cache=True, nogil=True)
def _add_value(line, value):
    for j in range(line.shape[0]):
        line[j] = _i16(line[j] + value[j])


@njit(cache=True, nogil=True)
def _shut(line, gate):
    for j in range(line.shape[0]):
        line[j] = line[j] if gate[j] != 0 else _i16(-1)


@njit(cache=True, nogil=True)
def _any(line, gate):
    """Note in `line` which columns pass so far; whether any does."""
    found = _i16(0)
    for j in range(line.shape[0]):
        line[j] = _i16(line[j] & _i16(gate[j]))
        found |= line[j]
    return found != 0


@njit(cache=True, nogil=True)
def fill(line, at, row, market):
    """Scores of `row` and the columns from `at` on into `line` (int16), -1 where forbidden; whether any is allowed.

    The reporting line and the floor are not looked at: they are asked of the few pairs that matter.
    """
    (credit, c_start, c_term, share, value, v_start, v_term, gate, g_start, g_term, p_start, p_column, points) = market
    to = at + line.shape[0]
    if g_start[row] < g_start[row + 1]:
        line[:] = 1
        for t in range(g_start[row], g_start[row + 1]):
            if not _any(line, gate[g_term[t], at:to]):
                return False
    line[:] = 0
    t, end = c_start[row], c_start[row + 1]
    while t + 4 <= end:
        _add_four(
            line,
            credit[c_term[t], at:to],
            credit[c_term[t + 1], at:to],
            credit[c_term[t + 2], at:to],
            credit[c_term[t + 3], at:to],
            _u16(share[t]),
            _u16(share[t + 1]),
            _u16(share[t + 2]),
            _u16(share[t + 3]),
        )
        t += 4
    while t < end:
        _add_credit(line, credit[c_term[t], at:to], _u16(share[t]))
        t += 1
    for t in range(v_start[row], v_start[row + 1]):
        _add_value(line, value[v_term[t], at:to])
    for t in range(g_start[row], g_start[row + 1]):
        _shut(line, gate[g_term[t], at:to])
    for t in range(p_start[row], p_start[row + 1]):
        j = p_column[t] - at
        if 0 <= j < line.shape[0]:
            if points[t] < 0:
                line[j] = -1
            elif line[j] >= 0:
                line[j] = _i16(line[j] + points[t])
    return True


@njit(cache=True, nogil=True)
def same_line(row_line, row, column_line, column):
    """Whether one stands above the other, or both are the same: nested (enter, leave) intervals."""
    enter, other = row_line[row, 0], column_line[column, 0]
    return (enter <= other and other < row_line[row, 1]) or (other <= enter and enter < column_line[column, 1])


@njit(cache=True, nogil=True)
def _highest(line, price, floor, highest):
    """The highest score less price of an allowed column in each chunk; the lowest number there is where none is."""
    lowest = price.dtype.type(np.iinfo(price.dtype).min)
    whole = line.shape[0] // CHUNK
    for chunk in range(whole):
        # Unsigned indices cannot be negative: without a check for that the loop becomes vector instructions.
        here = _u64(chunk * CHUNK)
        found = lowest
        for j in range(CHUNK):
            score = line[here + _u64(j)]
            worth = price.dtype.type(score - price[here + _u64(j)])
            found = max(found, worth if score >= floor else lowest)
        highest[chunk] = found
    if whole < highest.shape[0]:
        found = lowest
        for j in range(whole * CHUNK, line.shape[0]):
            found = max(found, price.dtype.type(line[j] - price[j]) if line[j] >= floor else lowest)
        highest[whole] = found


@njit(cache=True, nogil=True)
def _lower(worth, column, size):
    """Move the last entry of a list sorted by falling worth to its place."""
    at = size - 1
    while at > 0 and worth[at - 1] < worth[at]:
        worth[at - 1], worth[at] = worth[at], worth[at - 1]
        column[at - 1], column[at] = column[at], column[at - 1]
        at -= 1


@njit(cache=True, nogil=True)
def choose(row, market, lines, price, above, floor, room, worth, column):
    """The columns of highest worth (score less price) above `above`, highest first, into `worth` and `column`.

    At most as many as `column` is long; their number is returned. `room` is what `room_for` gives.
    """
    line, highest = room
    wanted = column.shape[0]
    columns = line.shape[0]
    for at in range(0, columns, WIDTH):
        length = min(WIDTH, columns - at)
        chunks = highest[at // CHUNK : (at + length + CHUNK - 1) // CHUNK]
        if fill(line[at : at + length], at, row, market):
            _highest(line[at : at + length], price[at : at + length], floor, chunks)
        else:
            chunks[:] = np.iinfo(price.dtype).min
    # Each of the best chunks holds at least one column: the least of them is a bound on the last that is wanted.
    bound = above
    if _above(highest, above) > wanted:
        bound = max(above, np.partition(highest, highest.shape[0] - wanted)[highest.shape[0] - wanted] - 1)
    size, refused = _collect(row, lines, line, highest, price, bound, floor, worth, column)
    if refused and size < wanted and bound > above:
        size, refused = _collect(row, lines, line, highest, price, above, floor, worth, column)
    return size


@njit(cache=True, nogil=True)
def _above(values, bound):
    """How many of the values are above the bound."""
    found = 0
    for value in values:
        found += value > bound
    return found


@njit(cache=True, nogil=True)
def room_for(columns, price):
    """Working memory of `choose` for so many columns: scores of a row, and the highest worth of each chunk."""
    return np.empty(columns, np.int16), np.empty((columns + CHUNK - 1) // CHUNK, price.dtype)


@njit(cache=True, nogil=True)
def _collect(row, lines, line, highest, price, above, floor, worth, column):
    """What `choose` gives, from the scores; and whether anybody was left out for the reporting line.

    The search begins at another chunk for each row, so that rows which see the same worths everywhere do not all
    choose the same columns.
    """
    row_line, column_line = lines
    size, refused = 0, False
    for c in range(highest.shape[0]):
        chunk = (c + row) % highest.shape[0]
        if highest[chunk] <= above:
            continue
        for j in range(chunk * CHUNK, min(line.shape[0], chunk * CHUNK + CHUNK)):
            value = line[j] - price[j]
            if value <= above or line[j] < floor:
                continue
            if same_line(row_line, row, column_line, j):
                refused = True
                continue
            if size < column.shape[0]:
                size += 1
            worth[size - 1] = value
            column[size - 1] = j
            _lower(worth, column, size)
            if size == column.shape[0]:
                above = worth[size - 1]
    return size, refused
