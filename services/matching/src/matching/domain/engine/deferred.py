"""Two-sided lists by deferred acceptance: nobody finds a pair that both would rather have than what they got.

Rows propose down their lists, columns keep the best of those who asked for as many places as they have (Gale & Shapley
1962; hospitals and residents: Roth 1984). With strict lists the result is the one stable matching in which every row
has the best column that it has in any stable matching.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from matching.domain.engine.edges import scores
from matching.domain.engine.market import FULL, Indices, Market, Offsets, Terms
from matching.domain.engine.scoring import score_pairs, score_row

_LAST = np.iinfo(np.int32).max
"""Where a row stands that is not on the column's list."""


@dataclass(frozen=True, slots=True)
class Rankings:
    """The pairs that both sides accept: of each row its columns, best first."""

    start: Offsets
    """Row i has the entries start[i] to start[i + 1]; shape (rows + 1,)."""
    column: Indices
    standing: Indices
    """Where the row stands on that column's list, 0 is best; as long as `column`."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.start) - 1

    @property
    def row(self) -> npt.NDArray[np.int64]:
        """The row of each entry."""
        return np.repeat(np.arange(self.rows), np.diff(self.start))


@dataclass(frozen=True, slots=True)
class Deferred:
    """A stable matching, the best one for the rows."""

    mate: Indices
    """Column of each row, -1 without one."""
    place: Indices
    """Where each row's column stands on its list, 0 is its first choice; -1 without one."""
    proposals: int
    """How often a row asked a column."""


def rankings(wishes: Terms, lists: Terms, *, forbidden: Terms | None = None) -> Rankings:
    """Rankings from the columns that each row lists and the rows that each column lists, best first.

    Only pairs count that stand on both lists and not among the rows' `forbidden` columns. Of a name that stands twice
    on a list the first place counts.
    """
    row, column = _flat(wishes)
    other, listed = _flat(lists)
    standing = np.arange(len(listed)) - lists.start[other]
    wide = np.int64(max(lists.rows, int(wishes.term.max(initial=-1)) + 1, 1))
    asked, first = np.unique(row * wide + column, return_index=True)
    known, place = np.unique(listed * wide + other, return_index=True)
    both, ours, theirs = np.intersect1d(asked, known, assume_unique=True, return_indices=True)
    if forbidden is not None:
        barred, without = _flat(forbidden)
        allowed = ~np.isin(both, barred * wide + without)
        ours, theirs = ours[allowed], theirs[allowed]
    order = np.argsort(first[ours])
    entry, at = first[ours][order], place[theirs][order]
    start = np.concatenate([[0], np.cumsum(np.bincount(row[entry], minlength=wishes.rows))])
    return Rankings(start.astype(np.int64), column[entry].astype(np.int32), standing[at].astype(np.int32))


def rankings_by_score(market: Market, wishes: Terms | None = None, lists: Terms | None = None) -> Rankings:
    """Rankings of all allowed pairs: what a side lists comes first, in that order, then the rest by falling score.

    Equal scores go by the lowest index, on both sides.
    """
    score, across = scores(market)
    ours, theirs = _keys(score, wishes), _keys(across, lists)
    order = np.argsort(-theirs, axis=1, kind="stable").astype(np.int32)
    standing = np.empty_like(order)
    np.put_along_axis(standing, order, np.arange(market.rows, dtype=np.int32)[None, :], axis=1)
    order = np.argsort(-ours, axis=1, kind="stable").astype(np.int32)
    allowed = np.take_along_axis(score, order, axis=1) >= 0
    start = np.concatenate([[0], np.cumsum(allowed.sum(axis=1))]).astype(np.int64)
    return Rankings(start, order[allowed], np.take_along_axis(standing.T, order, axis=1)[allowed])


def deferred_acceptance(lists: Rankings, capacity: Indices) -> Deferred:
    """The stable matching that is best for every row; `capacity` is how many rows each column takes at most."""
    places = np.minimum(capacity, lists.rows).astype(np.int64)
    start = np.concatenate([[0], np.cumsum(places)])
    choice = np.full(lists.rows, -1, np.int64)
    proposals = _propose(lists.start, lists.column, lists.standing, start, choice)
    mate, place = np.full(lists.rows, -1, np.int32), np.full(lists.rows, -1, np.int32)
    held = choice >= 0
    mate[held] = lists.column[choice[held]]
    place[held] = choice[held] - lists.start[:-1][held]
    return Deferred(mate, place, int(proposals))


def blocking_pairs(lists: Rankings, capacity: Indices, mate: Indices) -> tuple[Indices, Indices]:
    """Rows and columns of the pairs that block a matching, whatever it came from.

    Both accept each other; the row would rather have the column than what it has, and the column has a free place or
    would rather have the row than one that it has. Who is not on a list is worth less than a free place.
    """
    row = lists.row
    position = np.arange(len(row)) - lists.start[row]
    held = lists.column == mate[row]
    own = np.full(lists.rows, _LAST, np.int64)
    own[row[held]] = position[held]
    worst = np.full(len(capacity), -1, np.int64)
    np.maximum.at(worst, lists.column[held], lists.standing[held])
    matched = mate >= 0
    worst[mate[matched & (own == _LAST)]] = _LAST
    worst[np.bincount(mate[matched], minlength=len(capacity)) < capacity] = _LAST
    blocks = (position < own[row]) & (lists.standing < worst[lists.column])
    return row[blocks].astype(np.int32), lists.column[blocks]


def blocking_by_score(market: Market, mate: Indices) -> int:
    """How many allowed pairs score more than what the row has and than one that the column has, or a free place."""
    matched = np.flatnonzero(mate >= 0)
    own = np.full(market.rows, -1, np.int64)
    lowest = np.full(market.columns, FULL, np.int64)
    rest = market.capacity.astype(np.int64)
    found = 0
    own[matched] = score_pairs(market, matched.astype(np.int32), mate[matched])
    np.minimum.at(lowest, mate[matched], own[matched])
    np.subtract.at(rest, mate[matched], 1)
    lowest = np.where(rest > 0, -1, np.where(market.capacity > 0, lowest, FULL))
    for row in range(market.rows):
        found += int(np.count_nonzero(score_row(market, row) > np.maximum(lowest, own[row])))
    return found


def _flat(terms: Terms) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The owner and the name of each entry."""
    return np.repeat(np.arange(terms.rows), np.diff(terms.start)), terms.term.astype(np.int64)


def _keys(score: npt.NDArray[np.int16], listed: Terms | None) -> npt.NDArray[Any]:
    """Numbers that fall along each one's ranking: scores, and above them the places on its list."""
    if listed is None or not len(listed.term):
        return score
    owner, name = _flat(listed)
    place = np.arange(len(name)) - listed.start[owner]
    longest = int(place.max())
    # Numbers of 16 bits are sorted in a time that grows with their number alone.
    keys = score.astype(np.int16 if FULL + 1 + longest <= np.iinfo(np.int16).max else np.int32)
    np.maximum.at(keys, (owner, name), (FULL + 1 + longest - place).astype(keys.dtype))
    return keys


@njit(cache=True, nogil=True)
def _propose(row_start, column, standing, start, choice):
    """Let rows ask until nobody wants to; `choice` becomes the entry of each row's column. How often they asked."""
    columns = start.shape[0] - 1
    size = np.zeros(columns, np.int64)
    holder = np.zeros(start[columns], np.int32)
    worst = np.zeros(columns, np.int64)
    following = row_start[:-1].copy()
    proposals = 0
    for first in range(choice.shape[0]):
        row = first
        while row >= 0 and following[row] < row_start[row + 1]:
            entry = following[row]
            following[row] += 1
            proposals += 1
            j = column[entry]
            if start[j + 1] == start[j]:
                continue
            if start[j] + size[j] < start[j + 1]:
                holder[start[j] + size[j]] = row
                size[j] += 1
                loser = -1
            else:
                loser = holder[worst[j]]
                if standing[choice[loser]] < standing[entry]:
                    continue
                choice[loser] = -1
                holder[worst[j]] = row
            choice[row] = entry
            worst[j] = start[j]
            for at in range(start[j] + 1, start[j] + size[j]):
                if standing[choice[holder[at]]] > standing[choice[holder[worst[j]]]]:
                    worst[j] = at
            row = loser
    return proposals
