"""A matching with what proves it the best while it changes: candidates of each row, and bounds on all other pairs.

A pair outside the candidates is known to be no better than what its row has by one of two bounds, kept against
reference prices of columns and of rows: each row has a rest, the highest worth that any column outside its candidates
has at the columns' reference; each column has a ceiling, the highest price that any row outside its candidates would
pay at the rows' reference. As long as a price stays above its bound by more than the others have fallen since, there
is nothing to look at.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from numba import njit

from matching.domain.engine.assignment import Assignment, base_of, covering, result_of, state_of
from matching.domain.engine.graph import Graph, drop_known, empty_graph, remove, unknown_to, with_edges
from matching.domain.engine.market import Indices, Market, Points
from matching.domain.engine.paths import part, prices_asked, raise_rows, settle_rows
from matching.domain.engine.rows import GrowingMarket, Row
from matching.domain.engine.scoring import Prices, best, score_column, score_pairs, top_of

_LISTED = 32
"""Candidates of each row: the fewer, the quicker is a search, and the sooner prices have moved too far for them."""
_MARGIN = 600
"""Points by which prices may fall on, once a row or column has been looked at, before it has to be again."""
_COLUMN = 8
"""Looking at a column costs as much as looking at so many rows, about."""
_ANEW = 5
"""Looking at everything anew costs as much as looking at one row in so many, about."""
GONE = np.int64(2**60)
"""Price of a row that is not there, or of a column without places: nothing is worth that much."""
_NOTHING = np.int64(-(2**60))
_NO_ROWS = np.zeros(0, np.int32)


class Proof:
    """The pairs and prices of a market that changes, and why nothing outside its candidates is better."""

    def __init__(self, market: Market, found: Assignment) -> None:
        self._grown = GrowingMarket(market)
        self._forbidden = np.zeros(0, np.int64)
        self.places = market.capacity.astype(np.int32)
        """Free for those whom the matching is about; `state` has the same, or less if that is beyond all rows."""
        self._refer_to(found)
        self.mend(_NO_ROWS)

    @property
    def market(self) -> Market:
        """The market as it is now; rows that have left are still in it."""
        return self._grown.market

    def assignment(self) -> Assignment:
        """Pairs and prices of everybody who takes part, and the bound they prove."""
        size = self.market.rows
        there = self.state.u < GONE
        u, p = np.where(there, self.state.u, 0), np.where(self.state.capacity > 0, self.state.p, 0)
        found = result_of(self.state._replace(u=u, p=p), np.zeros(len(there), np.int64), 0)
        return replace(found, mate=found.mate[:size], score=found.score[:size], row_price=found.row_price[:size])

    def append(self, row: Row) -> int:
        """The number of a new row, which takes no part yet."""
        number = self._grown.append(row)
        if number >= len(self.state.mate):
            self._refer_again()
        self._list(np.array([number], np.int32), _LISTED)
        return number

    def include(self, row: int) -> None:
        """Let a row take part that did not: what is known of columns without it has to hold with it too."""
        rows = np.array([row], np.int32)
        self.state.u[rows] = prices_asked(self.state, rows)
        self._ceiling_holds_for(row)
        self.state.u[rows] = prices_asked(self.state, rows)
        self._row_reference[rows] = self.state.u[rows]
        self.mend(rows)

    def exclude(self, row: int) -> None:
        """Let a row take no part; the place that it leaves is for `mend`."""
        if self.state.mate[row] >= 0:
            part(self.state, row)
        self.state.u[row] = GONE

    def forbid(self, row: int, column: int) -> None:
        """A pair may not be made any more."""
        self._forbidden = np.union1d(self._forbidden, [row * self.market.columns + column])
        self._drop(row, column)
        if self.state.mate[row] == column:
            rows = np.array([row], np.int32)
            part(self.state, row)
            self.state.u[rows] = prices_asked(self.state, rows)
            self.mend(rows)

    def open(self, column: int) -> None:
        """Give a column that had no places the least price at which nobody would rather have it."""
        self.state.p[column] = 0
        self._look_at_column(column, int(_NOTHING))
        lists, u = self.state.rows, self.state.u
        mine = slice(int(lists.at[column]), int(lists.at[column] + lists.size[column]))
        rows, score = lists.other[mine], lists.score[mine].astype(np.int64)
        wanted = np.where(u[rows] < GONE, self.state.base + score - u[rows], 0)
        self.state.p[column] = wanted.max(initial=0)

    def mend(self, rows: Indices) -> None:
        """Bring everything to agreement, and look wherever prices have moved further than is proven."""
        most = self.market.rows // _ANEW
        while True:
            settle_rows(self.state, rows)
            found = self._unsure(most)
            if found is None:
                # Once only: looking at everything anew forgets what has been found, and that could go on for ever.
                found, most = self._begin_anew(), self.market.rows
            if not len(found):
                return
            rows = found

    def _refer_to(self, found: Assignment, gone: npt.NDArray[np.bool_] | None = None) -> None:
        """Take the prices as reference and list the candidates of every row anew."""
        market, room = self._grown.market, self._grown.room
        self._marks = np.zeros(room, np.bool_)
        self._ceiling = np.full(market.columns, GONE)
        self._reference = np.where(self.places > 0, found.column_price, 0)
        mate, u = np.full(room, -1, np.int32), np.full(room, GONE)
        known = slice(len(found.mate))
        mate[known], u[known] = found.mate, found.row_price if gone is None else np.where(gone, GONE, found.row_price)
        self._row_reference = u.copy()
        # All of them: what is listed now may be worth more than prices say that came about without it.
        self._touched = [np.flatnonzero(u < GONE).astype(np.int32)]
        column, worth = best(market, _LISTED, price=self._reference)
        self._rest = np.full(room, _NOTHING)
        if market.columns > _LISTED:
            full = np.flatnonzero(column[:, -1] >= 0)
            self._rest[full] = worth[full, -1]
        score = np.where(column >= 0, worth + self._reference[np.maximum(column, 0)], 0).astype(np.int16)
        graph = with_edges(empty_graph(room, market.columns), np.arange(market.rows, dtype=np.int32), column, score)
        free = np.clip(self.places, 0, room).astype(np.int32)
        self.state = state_of(graph, free, found.base, found.charge, mate, found.column_price, u)
        self.state.p[free == 0] = GONE
        self._keep_what_is_not_listed(column, mate[: market.rows])
        needed = base_of(np.full(len(free), room, np.int32), room, found.charge)
        if 0 < found.base < needed:
            self.state = covering(self.state, needed - found.base)
            settle_rows(self.state, np.flatnonzero(self.state.u < GONE).astype(np.int32))
            self._refer_again()

    def _refer_again(self) -> None:
        """Take the prices of now as reference."""
        found = self.assignment()
        self._refer_to(found, self.state.u[: len(found.mate)] >= GONE)

    def _keep_what_is_not_listed(self, column: Indices, mate: Indices) -> None:
        """Make candidates of pairs that are not among the listed columns, and none of those that are forbidden."""
        listed = (column == mate[:, None]).any(axis=1) | (mate < 0)
        rows = np.flatnonzero(~listed).astype(np.int32)
        self._append(rows, mate[rows][:, None], score_pairs(self.market, rows, mate[rows])[:, None])
        for pair in self._forbidden.tolist():
            self._drop(*divmod(pair, self.market.columns))

    def _drop(self, row: int, column: int) -> None:
        remove(self.state.columns, row, column)
        remove(self.state.rows, column, row)

    def _unsure(self, most: int) -> Indices | None:
        """Look again at what the prices no longer prove; the rows that would rather have another column.

        None if that costs as much as to look at more than `most` rows.
        """
        state = self.state
        far, rows_fell = _rows_that_fell(state.u, self._row_reference, _MARGIN)
        for row in far.tolist():
            self._ceiling_holds_for(row)
            self._row_reference[row] = state.u[row]
        fallen = _columns_that_fell(state.p, self._reference, state.capacity, self._ceiling, rows_fell)
        rows = _rows_below(state.u, self._rest, state.base, fallen.max(initial=_NOTHING))
        if len(rows) > _COLUMN:
            columns = self._cheapest(rows, fallen)
            fallen[columns] = _NOTHING
            rows = _rows_below(state.u, self._rest, state.base, fallen.max(initial=_NOTHING))
            if len(columns) * _COLUMN + len(rows) > most:
                return None
            for column in columns.tolist():
                self._look_at_column(column, int(state.p[column]) - rows_fell - _MARGIN)
        return self._outbid(rows, fallen.max(initial=_NOTHING))

    def _cheapest(self, rows: Indices, fallen: Prices) -> Indices:
        """The columns to look at, so that it costs least to look at them and at the rows that are unsure of others."""
        slack = np.sort(self.state.u[rows] - self.state.base - self._rest[rows])
        columns = np.flatnonzero(fallen > slack[0])
        columns = columns[np.argsort(-fallen[columns], kind="stable")]
        unsure = np.append(np.searchsorted(slack, fallen[columns]), 0)
        return np.asarray(columns[: np.argmin(np.arange(len(columns) + 1) * _COLUMN + unsure)], np.int32)

    def _begin_anew(self) -> Indices:
        """Take the prices of now as reference: so much has moved that it costs less than to follow."""
        self._refer_again()
        return self._outbid(_rows_below(self.state.u, self._rest, self.state.base, np.int64(0)), np.int64(0))

    def _outbid(self, rows: Indices, fell: np.int64) -> Indices:
        """List more candidates of the rows; those of all touched ones that would rather have another column."""
        listed = _LISTED
        while len(rows) and listed < self.market.columns:
            listed *= 2
            self._list(rows, listed)
            rows = rows[self.state.u[rows] - self.state.base - self._rest[rows] < fell]
        if not self._touched:
            return _NO_ROWS
        touched = np.unique(np.concatenate(self._touched))
        self._touched.clear()
        asked = prices_asked(self.state, touched)
        more = (asked > self.state.u[touched]) & (self.state.u[touched] < GONE)
        raise_rows(self.state, touched[more], asked[more])
        return np.asarray(touched[more], np.int32)

    def _list(self, rows: Indices, listed: int) -> None:
        """List more candidates of some rows, at the reference prices."""
        listed = min(listed, self.market.columns)
        column, worth = top_of(self.market, rows, listed, self._reference)
        full = column[:, -1] >= 0 if listed else np.zeros(len(rows), np.bool_)
        self._rest[rows] = (
            np.where(full & (listed < self.market.columns), worth[:, -1], _NOTHING) if listed else _NOTHING
        )
        score = np.where(column >= 0, worth + self._reference[np.maximum(column, 0)], 0).astype(np.int16)
        drop_known(self.state.columns, rows, column)
        self._append(rows, column, score)

    def _look_at_column(self, column: int, ceiling: int) -> None:
        """Make candidates of all pairs of a column for which its row would pay more than `ceiling`."""
        score = score_column(self.market, column).astype(np.int64)
        size = self.market.rows
        pays = self.state.base + score - self._row_reference[:size]
        rows = np.flatnonzero((score >= 0) & (pays > ceiling) & (self.state.u[:size] < GONE)).astype(np.int32)
        rows = rows[unknown_to(self.state.rows, column, rows, self._marks)]
        self._ceiling[column] = ceiling
        self._append(rows, np.full((len(rows), 1), column, np.int32), score[rows][:, None].astype(np.int16))

    def _ceiling_holds_for(self, row: int) -> None:
        """Make candidates of all pairs of a row for which it would pay more, at its price now, than is known of it."""
        columns = np.flatnonzero(self._ceiling < GONE).astype(np.int32)
        if not len(columns):
            return
        rows = np.full(len(columns), row, np.int32)
        score = score_pairs(self.market, rows, columns)
        pays = self.state.base + score.astype(np.int64) - self.state.u[row]
        wanted = ((score >= 0) & (pays > self._ceiling[columns]))[None, :]
        columns = np.where(wanted, columns, np.int32(-1))
        drop_known(self.state.columns, rows[:1], columns)
        self._append(rows[:1], columns, score[None, :])

    def _append(self, rows: Indices, columns: Indices, score: Points) -> None:
        if len(self._forbidden):
            pairs = rows[:, None].astype(np.int64) * self.market.columns + columns
            columns[np.isin(pairs, self._forbidden)] = -1
        if not (columns >= 0).any():
            return
        graph = with_edges(Graph(self.state.columns, self.state.rows), rows, columns, score)
        self.state = self.state._replace(columns=graph.columns, rows=graph.rows)
        self._touched.append(rows[(columns >= 0).any(axis=1)])


@njit(cache=True, nogil=True)
def _rows_that_fell(u, reference, margin):
    """Rows whose price fell by more than `margin`, and by how much those of the others did at most."""
    far, count, most = np.empty(u.shape[0], np.int32), 0, np.int64(0)
    for i in range(u.shape[0]):
        if u[i] >= GONE:
            continue
        if reference[i] - u[i] > margin:
            far[count] = i
            count += 1
        else:
            most = max(most, reference[i] - u[i])
    return far[:count], most


@njit(cache=True, nogil=True)
def _columns_that_fell(p, reference, capacity, ceiling, rows_fell):
    """By how much each column's price fell, unless its ceiling proves what there is to prove."""
    fallen = np.full(p.shape[0], _NOTHING)
    for j in range(p.shape[0]):
        if capacity[j] > 0 and p[j] - ceiling[j] < rows_fell:
            fallen[j] = reference[j] - p[j]
    return fallen


@njit(cache=True, nogil=True)
def _rows_below(u, rest, base, fell):
    """The rows to which a column that fell by so much may be worth more than their price."""
    found, count = np.empty(u.shape[0], np.int32), 0
    for i in range(u.shape[0]):
        if u[i] < GONE and u[i] - base - rest[i] < fell:
            found[count] = i
            count += 1
    return found[:count]
