"""The best columns of one row, chosen while its scores are at hand.

Columns are looked at in chunks: whoever wants the best forty need look only into the forty chunks that reach highest.
"""

import numpy as np
from numba import njit

from matching.domain.engine.kernels import CHUNK, WIDTH, fill, fill_chunk, open_chunks, same_line
from matching.domain.engine.masks import LANES, lowest_bit, rising, worthy

_u64 = np.uint64


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
def _insert(worth, column, size, value, j):
    """Put a column into a list sorted by falling worth, whose last place is free."""
    at = _u64(size - 1)
    while at > _u64(0) and worth[at - _u64(1)] < value:
        worth[at], column[at] = worth[at - _u64(1)], column[at - _u64(1)]
        at -= _u64(1)
    worth[at], column[at] = value, j


@njit(cache=True, nogil=True)
def choose(row, market, lines, price, above, floor, room, worth, column):
    """The columns of highest worth (score less price) above `above`, highest first, into `worth` and `column`.

    At most as many as `column` is long; their number is returned. `room` is what `room_for` gives; the highest worth
    of each chunk of columns is left in it.
    """
    line, highest = room
    open_chunks(row, market, highest)
    chunk, chunks = 0, highest.shape[0]
    while chunk < chunks:
        end = chunk + 1
        if highest[chunk] == 0:
            highest[chunk] = np.iinfo(price.dtype).min
        else:
            while end < chunks and end < chunk + WIDTH // CHUNK and highest[end] != 0:
                end += 1
            at = chunk * CHUNK
            length = min(end * CHUNK, line.shape[0]) - at
            fill(line, at, length, row, market)
            _highest(line, price, floor, at, length, highest)
        chunk = end
    return _chosen(row, lines, price, above, floor, room, worth, column)


@njit(cache=True, nogil=True)
def choose_again(row, market, lines, price, above, floor, room, worth, column, heights, shifts):
    """The same as `choose`, looking only at chunks that can hold anything.

    `heights` plus `shifts` is at least the highest worth in each chunk; where that is looked at, `heights` is made
    exact.
    """
    line, highest = room
    lowest = price.dtype.type(np.iinfo(price.dtype).min)
    highest[:] = lowest
    most = above
    for first in range(0, highest.shape[0], LANES):
        bits = _rising(heights, shifts, above, lowest, first)
        while bits != _u64(0):
            chunk = first + np.int64(lowest_bit(bits))
            bits &= bits - _u64(1)
            at = chunk * CHUNK
            length = min(CHUNK, line.shape[0] - at)
            if length < CHUNK:
                fill(line, at, length, row, market)
            else:
                fill_chunk(line, at, row, market)
            _highest(line, price, floor, at, length, highest)
            most = max(most, highest[chunk])
            heights[chunk] = highest[chunk] - shifts[chunk] if highest[chunk] > lowest else lowest
    return _chosen(row, lines, price, above, floor, room, worth, column) if most > above else 0


@njit(cache=True, nogil=True)
def _rising(heights, shifts, above, lowest, first):
    """Which chunks from `first` on can hold anything worth more than `above`, as the bits of a number."""
    if first + LANES <= heights.shape[0]:
        return rising(heights, shifts, _u64(first), above, lowest)
    found = _u64(0)
    for chunk in range(first, heights.shape[0]):
        if heights[chunk] > lowest and heights[chunk] + shifts[chunk] > above:
            found |= _u64(1) << _u64(chunk - first)
    return found


@njit(cache=True, nogil=True)
def _chosen(row, lines, price, above, floor, room, worth, column):
    highest, sought = room[1], column.shape[0]
    if not highest.shape[0]:
        return 0
    while True:
        # Each of the best chunks holds at least one column: the least of them is a bound on the last that is wanted.
        bound = _bound(highest, above, sought)
        size, refused = _collect(row, lines, room, price, bound, floor, worth, column)
        if size == column.shape[0] or not refused or bound <= above:
            return size
        sought *= 2


@njit(cache=True, nogil=True)
def _bound(highest, above, wanted):
    """The highest number, `above` at least, that so many as are wanted are above; `above` where fewer are."""
    high, step = np.int64(above), _u64(64)
    for k in range(highest.shape[0]):
        high = max(high, np.int64(highest[_u64(k)]))
    low = _down(high, step, above)
    while low > above and _above(highest, low) < wanted:
        step += step
        high, low = low, _down(low, step, above)
    while low + 1 < high:
        middle = low + np.int64((_u64(high) - _u64(low)) >> _u64(1))
        if _above(highest, middle) < wanted:
            high = middle
        else:
            low = middle
    return highest.dtype.type(low)


@njit(cache=True, nogil=True)
def _down(number, step, floor):
    """So much less than a number, no less than `floor`; without leaving 64 bits."""
    return np.int64(floor) if number <= floor or _u64(number) - _u64(floor) <= step else number - np.int64(step)


@njit(cache=True, nogil=True)
def _above(values, bound):
    """How many of the values are above the bound."""
    found, limit = np.int32(0), values.dtype.type(bound)
    for k in range(values.shape[0]):
        found += np.int32(values[_u64(k)] > limit)
    return found


@njit(cache=True, nogil=True)
def room_for(columns, price):
    """Working memory of `choose` for so many columns: scores of a row, the highest worth of each chunk."""
    chunks = (columns + CHUNK - 1) // CHUNK
    return np.empty(columns, np.int16), np.empty(chunks, price.dtype)


@njit(cache=True, nogil=True)
def _collect(row, lines, room, price, above, floor, worth, column):
    """What `choose` gives, from the scores; and whether anybody was left out for the reporting line.

    The search begins at another chunk for each row, so that rows which see the same worths everywhere do not all
    choose the same columns.
    """
    row_line, column_line = lines
    line, highest = room
    size, refused = 0, False
    chunk = (row + highest.shape[0] - 1) % highest.shape[0]
    for _ in range(highest.shape[0]):
        chunk = chunk + 1 if chunk + 1 < highest.shape[0] else 0
        if highest[chunk] <= above:
            continue
        first = chunk * CHUNK
        bits = _worthy(line, price, above, floor, first)
        while bits != _u64(0):
            j = first + np.int64(lowest_bit(bits))
            bits &= bits - _u64(1)
            value = line[j] - price[j]
            if value <= above:
                continue
            if same_line(row_line, row, column_line, j):
                refused = True
                continue
            if size < column.shape[0]:
                size += 1
            _insert(worth, column, size, value, j)
            if size == column.shape[0]:
                above = worth[size - 1]
    return size, refused


@njit(cache=True, nogil=True)
def _worthy(line, price, above, floor, at):
    """Which columns of a chunk are worth more than `above`, as the bits of a number."""
    if at + CHUNK <= line.shape[0]:
        return worthy(line, price, _u64(at), price.dtype.type(above), floor)
    found = _u64(0)
    for j in range(at, line.shape[0]):
        if line[j] - price[j] > above and line[j] >= floor:
            found |= _u64(1) << _u64(j - at)
    return found
