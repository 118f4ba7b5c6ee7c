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


# Indices without a sign cannot be negative: without a check for that a loop becomes vector instructions. Lines are
# given as array, number and place, since making a slice costs more than adding 64 columns.


@njit(cache=True, nogil=True)
def _add_four(line, length, at, credit, a, b, c, d, of_a, of_b, of_c, of_d):
    for j in range(length):
        k = _u64(at) + _u64(j)
        first = _u16(_u16(_u16(credit[_u64(a), k]) * of_a) >> _u16(2))
        second = _u16(_u16(_u16(credit[_u64(b), k]) * of_b) >> _u16(2))
        third = _u16(_u16(_u16(credit[_u64(c), k]) * of_c) >> _u16(2))
        fourth = _u16(_u16(_u16(credit[_u64(d), k]) * of_d) >> _u16(2))
        line[k] = _i16(line[k] + _i16(first) + _i16(second) + _i16(third) + _i16(fourth))


@njit(cache=True, nogil=True)
def _add_credit(line, length, at, credit, a, share):
    for j in range(length):
        k = _u64(at) + _u64(j)
        line[k] = _i16(line[k] + _i16(_u16(_u16(_u16(credit[_u64(a), k]) * share) >> _u16(2))))


@njit(cache=True, nogil=True)
def _add_value(line, length, at, value, a):
    for j in range(length):
        k = _u64(at) + _u64(j)
        line[k] = _i16(line[k] + value[_u64(a), k])


@njit(cache=True, nogil=True)
def _shut(line, length, at, gate, a):
    for j in range(length):
        k = _u64(at) + _u64(j)
        line[k] = line[k] if gate[_u64(a), k] != 0 else _i16(-1)


@njit(cache=True, nogil=True)
def _any_passes(line, length, at, gate, a):
    """Note in `line` which columns pass so far; whether any does."""
    found = _i16(0)
    for j in range(length):
        k = _u64(at) + _u64(j)
        line[k] = _i16(line[k] & _i16(gate[_u64(a), k]))
        found |= line[k]
    return found != 0


@njit(cache=True, nogil=True)
def fill(line, at, length, row, market):
    """Scores of `row` and the columns at..at+length into the same places of `line` (int16), -1 where forbidden.

    False is returned if none is allowed. The reporting line and the floor are not looked at: they are asked of the
    few pairs that matter.
    """
    (credit, c_start, c_term, share, value, v_start, v_term, gate, g_start, g_term, p_start, p_column, points) = market
    if g_start[row] < g_start[row + 1]:
        for j in range(length):
            line[_u64(at) + _u64(j)] = 1
        for t in range(g_start[row], g_start[row + 1]):
            if not _any_passes(line, length, at, gate, g_term[t]):
                for j in range(length):
                    line[_u64(at) + _u64(j)] = -1
                return False
    for j in range(length):
        line[_u64(at) + _u64(j)] = 0
    t, end = c_start[row], c_start[row + 1]
    while t + 4 <= end:
        a, b, c, d = c_term[t], c_term[t + 1], c_term[t + 2], c_term[t + 3]
        of_a, of_b, of_c, of_d = _u16(share[t]), _u16(share[t + 1]), _u16(share[t + 2]), _u16(share[t + 3])
        _add_four(line, length, at, credit, a, b, c, d, of_a, of_b, of_c, of_d)
        t += 4
    while t < end:
        _add_credit(line, length, at, credit, c_term[t], _u16(share[t]))
        t += 1
    for t in range(v_start[row], v_start[row + 1]):
        _add_value(line, length, at, value, v_term[t])
    for t in range(g_start[row], g_start[row + 1]):
        _shut(line, length, at, gate, g_term[t])
    for t in range(p_start[row], p_start[row + 1]):
        j = p_column[t]
        if at <= j < at + length:
            if points[t] < 0:
                line[j] = -1
            elif line[j] >= 0:
                line[j] = _i16(line[j] + points[t])
    return True


@njit(cache=True, nogil=True)
def _fill_chunk(line, at, row, market):
    """The same as `fill` for CHUNK columns, without a single call: for so few, calls cost more than sums."""
    (credit, c_start, c_term, share, value, v_start, v_term, gate, g_start, g_term, p_start, p_column, points) = market
    base = _u64(at)
    for j in range(CHUNK):
        line[base + _u64(j)] = 0
    for t in range(c_start[row], c_start[row + 1]):
        term, of = _u64(c_term[t]), _u16(share[t])
        for j in range(CHUNK):
            k = base + _u64(j)
            line[k] = _i16(line[k] + _i16(_u16(_u16(_u16(credit[term, k]) * of) >> _u16(2))))
    for t in range(v_start[row], v_start[row + 1]):
        term = _u64(v_term[t])
        for j in range(CHUNK):
            k = base + _u64(j)
            line[k] = _i16(line[k] + value[term, k])
    for t in range(g_start[row], g_start[row + 1]):
        term = _u64(g_term[t])
        for j in range(CHUNK):
            k = base + _u64(j)
            line[k] = line[k] if gate[term, k] != 0 else _i16(-1)
    for t in range(p_start[row], p_start[row + 1]):
        j = p_column[t]
        if at <= j < at + CHUNK:
            if points[t] < 0:
                line[j] = -1
            elif line[j] >= 0:
                line[j] = _i16(line[j] + points[t])


@njit(cache=True, nogil=True)
def same_line(row_line, row, column_line, column):
    """Whether one stands above the other, or both are the same person.

    Of the (enter, leave) intervals of a tree two are nested or have nothing in common; an empty one stands outside.
    """
    enter = max(row_line[row, 0], column_line[column, 0])
    return enter < min(row_line[row, 1], column_line[column, 1])


@njit(cache=True, nogil=True, inline="always")
def score_one(row, column, market, lines, floor):
    """The score of one pair, -1 if it is forbidden for any reason."""
    (credit, c_start, c_term, share, value, v_start, v_term, gate, g_start, g_term, p_start, p_column, points) = market
    allowed = not same_line(lines[0], row, lines[1], column)
    for t in range(g_start[row], g_start[row + 1]):
        allowed &= gate[g_term[t], column] != 0
    score = 0
    if allowed:
        for t in range(c_start[row], c_start[row + 1]):
            score += (share[t] * credit[c_term[t], column]) >> 2
        for t in range(v_start[row], v_start[row + 1]):
            score += value[v_term[t], column]
        for t in range(p_start[row], p_start[row + 1]):
            if p_column[t] == column:
                allowed &= points[t] >= 0
                score += points[t]
    return score if allowed and score >= floor else -1


@njit(cache=True, nogil=True)
def _highest(line, price, floor, at, length, highest):
    """The highest score less price of an allowed column in each chunk; the lowest number there is where none is."""
    lowest = price.dtype.type(np.iinfo(price.dtype).min)
    for first in range(at, at + length, CHUNK):
        found = lowest
        if first + CHUNK <= line.shape[0]:
            for j in range(CHUNK):
                score = line[_u64(first) + _u64(j)]
                worth = price.dtype.type(score - price[_u64(first) + _u64(j)])
                found = max(found, worth if score >= floor else lowest)
        else:
            for j in range(first, line.shape[0]):
                found = max(found, price.dtype.type(line[j] - price[j]) if line[j] >= floor else lowest)
        highest[first // CHUNK] = found


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

    At most as many as `column` is long; their number is returned. `room` is what `room_for` gives; the highest worth
    of each chunk of columns is left in it.
    """
    line, highest = room
    columns = line.shape[0]
    for at in range(0, columns, WIDTH):
        length = min(WIDTH, columns - at)
        if fill(line, at, length, row, market):
            _highest(line, price, floor, at, length, highest)
        else:
            highest[at // CHUNK : (at + length + CHUNK - 1) // CHUNK] = np.iinfo(price.dtype).min
    return _chosen(row, lines, price, above, floor, room, worth, column)


@njit(cache=True, nogil=True)
def choose_again(row, market, lines, price, above, floor, room, worth, column, heights, shifts):
    """The same as `choose`, looking only at chunks that can hold anything.

    `heights` plus `shifts` is at least the highest worth in each chunk; where that is looked at, `heights` is made
    exact.
    """
    line, highest = room
    lowest = price.dtype.type(np.iinfo(price.dtype).min)
    for chunk in range(highest.shape[0]):
        highest[chunk] = lowest
        if heights[chunk] > lowest and heights[chunk] + shifts[chunk] > above:
            at = chunk * CHUNK
            length = min(CHUNK, line.shape[0] - at)
            if length < CHUNK:
                fill(line, at, length, row, market)
            else:
                _fill_chunk(line, at, row, market)
            _highest(line, price, floor, at, length, highest)
            heights[chunk] = highest[chunk] - shifts[chunk] if highest[chunk] > lowest else lowest
    return _chosen(row, lines, price, above, floor, room, worth, column)


@njit(cache=True, nogil=True)
def _chosen(row, lines, price, above, floor, room, worth, column):
    line, highest = room
    wanted = column.shape[0]
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
