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

_SHUT = np.int16(-20_000)
"""Stands for a forbidden pair while scores are added up: below 0 whatever comes to it."""

_u8 = np.uint8
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
def _add_values(line, length, at, value, a, b):
    for j in range(length):
        k = _u64(at) + _u64(j)
        line[k] = _i16(line[k] + value[_u64(a), k] + value[_u64(b), k])


@njit(cache=True, nogil=True)
def _add_value(line, length, at, value, a):
    for j in range(length):
        k = _u64(at) + _u64(j)
        line[k] = _i16(line[k] + value[_u64(a), k])


@njit(cache=True, nogil=True)
def _begin(line, length, at, gate, a, b):
    """Begin a line with 0 where both gates are open and with _SHUT elsewhere; whether any place is open."""
    found = _u8(0)
    for j in range(length):
        k = _u64(at) + _u64(j)
        passes = _u8(gate[_u64(a), k] & gate[_u64(b), k])
        line[k] = _i16(0) if passes != 0 else _SHUT
        found |= passes
    return found != 0


@njit(cache=True, nogil=True)
def _shut(line, length, at, gate, a):
    """Close what a further gate closes; whether any place is left open."""
    highest = _SHUT
    for j in range(length):
        k = _u64(at) + _u64(j)
        line[k] = line[k] if gate[_u64(a), k] != 0 else _SHUT
        highest = max(highest, line[k])
    return highest >= 0


@njit(cache=True, nogil=True)
def fill(line, at, length, row, market):
    """Scores of `row` and the columns at..at+length into the same places of `line` (int16), below 0 where forbidden.

    False is returned if none is allowed. The reporting line and the floor are not looked at: they are asked of the
    few pairs that matter.
    """
    (credit, c_start, c_term, share, value, v_start, v_term, gate, g_start, g_term, p_start, p_column, points) = market
    if not _allowed(line, at, length, gate, g_start[row], g_start[row + 1], g_term):
        return False
    t, end = c_start[row], c_start[row + 1]
    while t + 4 <= end:
        a, b, c, d = c_term[t], c_term[t + 1], c_term[t + 2], c_term[t + 3]
        of_a, of_b, of_c, of_d = _u16(share[t]), _u16(share[t + 1]), _u16(share[t + 2]), _u16(share[t + 3])
        _add_four(line, length, at, credit, a, b, c, d, of_a, of_b, of_c, of_d)
        t += 4
    while t < end:
        _add_credit(line, length, at, credit, c_term[t], _u16(share[t]))
        t += 1
    t, end = v_start[row], v_start[row + 1]
    while t + 2 <= end:
        _add_values(line, length, at, value, v_term[t], v_term[t + 1])
        t += 2
    if t < end:
        _add_value(line, length, at, value, v_term[t])
    _add_points(line, at, length, p_start[row], p_start[row + 1], p_column, points)
    return True


@njit(cache=True, nogil=True)
def open_chunks(row, market, found):
    """For each chunk: 0 where the first two gates of a row let no column through, else something else."""
    gate, g_start, g_term = market[7:10]
    first, end = g_start[row], g_start[row + 1]
    found[:] = 1
    if first < end:
        a, b = _u64(g_term[first]), _u64(g_term[min(first + 1, end - 1)])
        for chunk in range(gate.shape[1] // CHUNK):
            passes = _u8(0)
            for j in range(CHUNK):
                k = _u64(chunk * CHUNK) + _u64(j)
                passes |= _u8(gate[a, k] & gate[b, k])
            found[chunk] = passes


@njit(cache=True, nogil=True)
def _allowed(line, at, length, gate, t, end, g_term):
    """Begin a line with what the gates let through; whether that is anything."""
    if t == end:
        for j in range(length):
            line[_u64(at) + _u64(j)] = 0
        return True
    open_ = _begin(line, length, at, gate, g_term[t], g_term[min(t + 1, end - 1)])
    for more in range(t + 2, end):
        open_ = open_ and _shut(line, length, at, gate, g_term[more])
    return open_


@njit(cache=True, nogil=True)
def _add_points(line, at, length, t, end, p_column, points):
    """Add what is particular to single pairs."""
    for more in range(t, end):
        j = p_column[more]
        if at <= j < at + length:
            if points[more] < 0:
                line[j] = _SHUT
            elif line[j] >= 0:
                line[j] = _i16(line[j] + points[more])


@njit(cache=True, nogil=True)
def fill_chunk(line, at, row, market):
    """The same as `fill` for CHUNK columns, without a single call: for so few, calls cost more than sums."""
    (credit, c_start, c_term, share, value, v_start, v_term, gate, g_start, g_term, p_start, p_column, points) = market
    base = _u64(at)
    for j in range(CHUNK):
        line[base + _u64(j)] = 0
    for t in range(g_start[row], g_start[row + 1]):
        term = _u64(g_term[t])
        for j in range(CHUNK):
            k = base + _u64(j)
            line[k] = line[k] if gate[term, k] != 0 else _SHUT
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
    _add_points(line, at, CHUNK, p_start[row], p_start[row + 1], p_column, points)


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
