"""Forward auction: good prices quickly, not yet the optimum.

Rows bid for places (Bertsekas & Castanon 1989, transportation problems with similar objects). A row that no column is
worth having leaves the auction; who is left out is decided afterwards by augmenting paths.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def auction(column, score, capacity, charge, step):
    """Prices of the columns (int64) and the column of each row (int32, -1 without), within `step` of equilibrium.

    `column` and `score` have shape (rows, candidates), -1 for no column; one that is not full costs its charge alone.
    """
    rows, columns = column.shape[0], capacity.shape[0]
    mate = np.full(rows, -1, np.int32)
    paid = np.zeros(rows, np.int64)
    price = np.zeros(columns, np.int64)
    load = np.zeros(columns, np.int32)
    first = np.full(columns, -1, np.int32)
    after = np.full(rows, -1, np.int32)
    queue = np.arange(rows).astype(np.int32)
    at, waiting = 0, rows
    while waiting > 0:
        row = queue[at]
        at = at + 1 if at + 1 < rows else 0
        waiting -= 1
        best, second, chosen = np.int64(-1), np.int64(-1), np.int64(-1)
        for k in range(column.shape[1]):
            j = column[row, k]
            if j < 0:
                break
            worth = score[row, k] - price[j]
            if worth > best:
                best, second, chosen = worth, best, j
            elif worth > second:
                second = worth
        if chosen < 0 or best < 0:
            continue
        bid = price[chosen] + best - max(second, 0) + step
        if load[chosen] == capacity[chosen]:
            loser = _cheapest(first, after, paid, chosen)
            mate[loser] = -1
            end = at + waiting
            queue[end if end < rows else end - rows] = loser
            waiting += 1
        else:
            load[chosen] += 1
        mate[row], paid[row] = chosen, bid
        after[row] = first[chosen]
        first[chosen] = row
        if load[chosen] == capacity[chosen]:
            price[chosen] = _lowest(first, after, paid, chosen)
        price[chosen] = max(price[chosen], charge * min(load[chosen], capacity[chosen] - 1))
    return price, mate


@njit(cache=True, nogil=True)
def _lowest(first, after, paid, column):
    """What the cheapest place of a full column costs."""
    row = first[column]
    found = paid[row]
    while row >= 0:
        found = min(found, paid[row])
        row = after[row]
    return found


@njit(cache=True, nogil=True)
def _cheapest(first, after, paid, column):
    """Take the row that pays least out of a column."""
    row, before = first[column], -1
    chosen, before_chosen = row, -1
    while row >= 0:
        if paid[row] < paid[chosen]:
            chosen, before_chosen = row, before
        before, row = row, after[row]
    if before_chosen < 0:
        first[column] = after[chosen]
    else:
        after[before_chosen] = after[chosen]
    return chosen
