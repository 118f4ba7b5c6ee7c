"""How many rows each circle may and must have, and which of the circles that must be cannot be filled."""

from typing import NamedTuple

import numpy as np

from matching.domain.engine.circle_bounds import Flags
from matching.domain.engine.edges import edges_of, scores
from matching.domain.engine.market import Indices, Market, Points
from matching.domain.engine.transport import Transport, branch, insert_all, raise_minimum, transport


class Seats(NamedTuple):
    """The rows and columns that can be in circles at all, and the sizes of these."""

    rows: Indices
    columns: Indices
    score: Points
    """Of these rows with these columns."""
    lower: Indices
    """Rows that each column needs if it opens: those pinned to it count for its minimum."""
    upper: Indices
    sure: Flags
    """Columns that somebody is pinned to: they are open."""
    hopeless: Indices
    """The market's columns that should be so and cannot be filled, whatever the others have."""


def seats_of(market: Market, minimum: int, maximum: int, pinned: Indices | None) -> Seats:
    """The sizes of circles of `minimum` to `maximum` people, some of them `pinned` beside the market's rows."""
    if not 1 <= minimum <= maximum:
        raise ValueError(f"a circle of {minimum} to {maximum} people")
    there = np.zeros(market.columns, np.int32) if pinned is None else pinned
    lower = np.maximum(minimum - there, 0)
    score, _ = scores(market)
    allowed = score >= 0
    upper = np.minimum(np.minimum(market.capacity, maximum), allowed.sum(axis=0))
    columns = np.flatnonzero((upper >= lower) & (upper > 0)).astype(np.int32)
    rows = np.flatnonzero(allowed[:, columns].any(axis=1)).astype(np.int32)
    sizes = lower[columns].astype(np.int32), upper[columns].astype(np.int32)
    hopeless = np.flatnonzero((there > 0) & (upper < lower)).astype(np.int32)
    score = np.ascontiguousarray(score[np.ix_(rows, columns)])
    return Seats(rows, columns, score, *sizes, there[columns] > 0, hopeless)


def relaxed(seats: Seats, base: int) -> tuple[Transport, Indices]:
    """The best matching in which only the columns that are open for sure have a minimum; those it cannot give it to."""
    found, short = transport(edges_of(seats.score), seats.upper, extra=base), []
    insert_all(found)
    for column in np.flatnonzero(seats.sure & (seats.lower > 0)).tolist():
        filled = branch(found)
        if raise_minimum(filled, column, seats.lower[column]):
            found = filled
        else:
            short.append(column)
    return found, np.array(short, np.int32)


def unfilled(market: Market, minimum: int, maximum: int, pinned: Indices) -> Indices:
    """The columns with pinned people that cannot have the minimum beside those before them that can."""
    seats = seats_of(market, minimum, maximum, pinned)
    return np.union1d(seats.hopeless, seats.columns[relaxed(seats, 0)[1]]).astype(np.int32)
