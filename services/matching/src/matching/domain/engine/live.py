"""A matching that stays optimal, and proven so, while people come, go and change their places.

Each change is mended by augmenting paths from where it happened. What is proven has to be proven again where prices
moved. A pair outside the candidates is known to be no better than what its row has by one of two bounds, kept against
reference prices of columns and of rows: each row has a rest, the highest worth that any column outside its candidates
has at the columns' reference; each column has a ceiling, the highest price that any row outside its candidates would
pay at the rows' reference. As long as a price stays above its bound by more than the others have fallen since, there
is nothing to look at.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from matching.domain.engine.assignment import Assignment, base_of, covering, result_of, state_of
from matching.domain.engine.graph import Graph, drop_known, empty_graph, remove, unknown_to, with_edges
from matching.domain.engine.market import FORBIDDEN, Indices, Market, Points
from matching.domain.engine.paths import part, prices_asked, raise_rows, seek_column, settle_rows
from matching.domain.engine.rows import GrowingMarket, Row
from matching.domain.engine.scoring import best, score_column, score_pairs, score_row, top_of

_LISTED = 96
"""Candidates of each row."""
_TOLERATED = 1000
"""Points by which a column's price may fall before the column itself is looked at; every row's rest stays that low."""
_MARGIN = 600
"""Points by which prices may fall on, once a row or column has been looked at, before it has to be again."""
_AT_ONCE = 200
"""Rows or columns looked at one by one; if more have to be, everything is looked at anew."""
_GONE = np.int64(2**60)
"""Price of a row that is not there: nothing is worth that much."""
_NOBODY = np.bool_(False)
_NOTHING = np.int64(-(2**60))
_NO_ROWS = np.zeros(0, np.int32)


class LiveMatching:
    """The optimum of a market that changes. Every method leaves it optimal; `assignment` says so with gap 0."""

    def __init__(self, market: Market, found: Assignment) -> None:
        self._grown = GrowingMarket(market)
        self._capacity = market.capacity.astype(np.int32).copy()
        self._pinned: dict[int, int] = {}
        self._held = np.zeros(market.columns, np.int32)
        self._forbidden: set[tuple[int, int]] = set()
        self._set_reference(found)
        self._mend(_NO_ROWS)

    @property
    def market(self) -> Market:
        """The market as it is now, without pins; rows that have left are still in it."""
        return self._grown.market

    @property
    def mate(self) -> npt.NDArray[np.int32]:
        """Column of each row, -1 without one; pinned rows are where they are pinned."""
        mate = self._state.mate[: self.market.rows].copy()
        for row, column in self._pinned.items():
            mate[row] = column
        return mate

    def assignment(self) -> Assignment:
        """Pairs and prices of everybody who is not pinned, and the bound they prove."""
        size = self.market.rows
        there = self._state.u < _GONE
        u, p = np.where(there, self._state.u, 0), np.where(self._state.capacity > 0, self._state.p, 0)
        found = result_of(self._state._replace(u=u, p=p), np.zeros(len(there), np.int64), 0)
        return replace(found, mate=found.mate[:size], score=found.score[:size], row_price=found.row_price[:size])

    def join(self, row: Row) -> int:
        """A new row comes; its number is returned."""
        number = self._grown.append(row)
        if number >= len(self._state.mate):
            self._set_reference(self.assignment(), self._state.u[: number + 1] >= _GONE)
        new = np.array([number], np.int32)
        self._list(new, _LISTED)
        self._look_for_column(number)
        return number

    def leave(self, row: int) -> None:
        """A row goes for good."""
        self._take_out(row)
        self._let_go(row)
        self._mend(_NO_ROWS)

    def set_capacity(self, column: int, places: int) -> None:
        """A column has from now on so many places, pinned ones included; 0 when it goes."""
        self._capacity[column] = places
        self._fit(column)
        self._mend(_NO_ROWS)

    def pin(self, row: int, column: int) -> None:
        """A row belongs to a column, whatever that costs; ValueError if it is forbidden or no place can be made."""
        held = self._held[column] - (self._pinned.get(row) == column)
        allowed = score_pairs(self.market, np.array([row], np.int32), np.array([column], np.int32))[0] != FORBIDDEN
        if not allowed or (row, column) in self._forbidden or held >= self._capacity[column]:
            raise ValueError("the pair is forbidden, or all places of the column are pinned")
        self.unpin(row)
        self._take_out(row)
        self._pinned[row] = column
        self._held[column] += 1
        self._fit(column)
        self._mend(_NO_ROWS)

    def unpin(self, row: int) -> None:
        """A pinned row looks for a column like any other again; nothing happens to others."""
        if self._let_go(row):
            self._look_for_column(row)

    def forbid(self, row: int, column: int) -> None:
        """A pair may not be made any more; ValueError if it is pinned."""
        if self._pinned.get(row) == column:
            raise ValueError("the pair is pinned")
        self._forbidden.add((row, column))
        remove(self._state.columns, row, column)
        remove(self._state.rows, column, row)
        if self._state.mate[row] == column:
            part(self._state, row)
            self._state.u[row] = prices_asked(self._state, np.array([row], np.int32))[0]
            self._mend(np.array([row], np.int32))

    def _set_reference(self, found: Assignment, gone: npt.NDArray[np.bool_] | np.bool_ = _NOBODY) -> None:
        """Take the prices as reference and list the candidates of every row anew."""
        market, room = self._grown.market, self._grown.room
        self._touched: list[Indices] = []
        self._marks = np.zeros(room, np.bool_)
        self._ceiling = np.full(market.columns, _GONE)
        self._reference = np.where(self._capacity > 0, found.column_price, 0)
        mate, u = np.full(room, -1, np.int32), np.full(room, _GONE)
        known = slice(len(found.mate))
        mate[known], u[known] = found.mate, np.where(gone, _GONE, found.row_price)
        self._row_reference = u.copy()
        column, worth = best(market, _LISTED, price=self._reference)
        self._rest = np.full(room, _NOTHING)
        if market.columns > _LISTED:
            full = np.flatnonzero(column[:, -1] >= 0)
            self._rest[full] = worth[full, -1]
        score = np.where(column >= 0, worth + self._reference[np.maximum(column, 0)], 0).astype(np.int16)
        graph = with_edges(empty_graph(room, market.columns), np.arange(market.rows, dtype=np.int32), column, score)
        free = np.clip(self._capacity - self._held, 0, room).astype(np.int32)
        self._state = state_of(graph, free, found.base, found.charge, mate, found.column_price, u)
        self._state.p[free == 0] = _GONE
        self._keep_what_is_not_listed(column, mate[: market.rows])
        needed = base_of(np.full(len(free), room, np.int32), room, found.charge)
        if 0 < found.base < needed:
            self._state = covering(self._state, needed - found.base)
            settle_rows(self._state, np.flatnonzero(self._state.u < _GONE).astype(np.int32))
            self._set_reference(self.assignment(), self._state.u[: market.rows] >= _GONE)

    def _keep_what_is_not_listed(self, column: Indices, mate: Indices) -> None:
        """Make candidates of pairs that are not among the listed columns, and none of those that are forbidden."""
        listed = (column == mate[:, None]).any(axis=1) | (mate < 0)
        rows = np.flatnonzero(~listed).astype(np.int32)
        self._append(rows, mate[rows][:, None], score_pairs(self.market, rows, mate[rows])[:, None])
        for row, forbidden in self._forbidden:
            remove(self._state.columns, row, forbidden)
            remove(self._state.rows, forbidden, row)

    def _let_go(self, row: int) -> bool:
        """Undo a row's pin; whether there was one."""
        column = self._pinned.pop(row, None)
        if column is None:
            return False
        self._held[column] -= 1
        self._fit(column)
        return True

    def _look_for_column(self, row: int) -> None:
        """Let a row take part that did not: what is known of columns without it has to hold with it too."""
        rows = np.array([row], np.int32)
        self._state.u[rows] = prices_asked(self._state, rows)
        self._ceiling_holds_for(row)
        self._state.u[rows] = prices_asked(self._state, rows)
        self._row_reference[rows] = self._state.u[rows]
        self._mend(rows)

    def _take_out(self, row: int) -> None:
        if self._state.mate[row] >= 0:
            part(self._state, row)
        self._state.u[row] = _GONE

    def _fit(self, column: int) -> None:
        """Give a column the places that are not pinned; rows for which there is none left look elsewhere."""
        state = self._state
        state.capacity[column] = np.clip(self._capacity[column] - self._held[column], 0, len(state.mate))
        while state.load[column] > state.capacity[column]:
            row = int(state.first[column])
            part(state, row)
            if state.capacity[column] == 0:
                # A column without places costs nothing and is worth nothing: nobody may wait for it.
                state.p[column] = _GONE
                state.u[row] = prices_asked(state, np.array([row], np.int32))[0]
            seek_column(state, row)
        if state.capacity[column] == 0:
            state.p[column] = _GONE
        elif state.p[column] >= _GONE:
            self._open(column)

    def _open(self, column: int) -> None:
        """Give a column that had no places the least price at which nobody would rather have it."""
        self._state.p[column] = 0
        self._look_at_column(column, int(_NOTHING))
        lists, u = self._state.rows, self._state.u
        mine = slice(int(lists.at[column]), int(lists.at[column] + lists.size[column]))
        rows, score = lists.other[mine], lists.score[mine].astype(np.int64)
        wanted = np.where(u[rows] < _GONE, self._state.base + score - u[rows], 0)
        self._state.p[column] = wanted.max(initial=0)

    def _mend(self, rows: npt.NDArray[np.int32]) -> None:
        """Bring everything to agreement, and look wherever prices have moved further than is proven."""
        most = _AT_ONCE
        while True:
            settle_rows(self._state, rows)
            found = self._unsure(most)
            if found is None:
                # Once only: looking at everything anew forgets what has been found, and that could go on for ever.
                found, most = self._begin_anew(), self.market.rows + self.market.columns
            if not len(found):
                return
            rows = found

    def _unsure(self, most: int) -> Indices | None:
        """Look again at what the prices no longer prove; the rows that would rather have another column.

        None if that is more than `most` rows or columns.
        """
        state = self._state
        there = state.u < _GONE
        fallen_rows = np.where(there, self._row_reference - state.u, _NOTHING)
        for row in np.flatnonzero(fallen_rows > _MARGIN):
            self._ceiling_holds_for(int(row))
            self._row_reference[row] = state.u[row]
            fallen_rows[row] = 0
        rows_fell = max(0, int(fallen_rows.max(initial=0)))
        fallen = np.where(state.capacity > 0, self._reference - state.p, _NOTHING)
        far = fallen > _TOLERATED
        columns = np.flatnonzero(far & (state.p - self._ceiling < rows_fell))
        if len(columns) > most:
            return None
        for column in columns:
            self._look_at_column(int(column), int(state.p[column]) - rows_fell - _MARGIN)
        fell = int(np.where(far, _NOTHING, fallen).max(initial=_NOTHING))
        rows = self._below(np.flatnonzero(there).astype(np.int32), fell)
        return None if len(rows) > most else self._outbid(rows, fell)

    def _begin_anew(self) -> Indices:
        """Take the prices of now as reference: so much has moved that it costs less than to follow."""
        self._set_reference(self.assignment(), self._state.u[: self.market.rows] >= _GONE)
        rows = np.flatnonzero(self._state.u < _GONE).astype(np.int32)
        self._touched.append(rows)
        return self._outbid(self._below(rows, 0), 0)

    def _outbid(self, rows: Indices, fell: int) -> Indices:
        """List more candidates of the rows; those of all touched ones that would rather have another column."""
        listed = _LISTED
        while len(rows) and listed < self.market.columns:
            listed *= 2
            self._list(rows, listed)
            rows = self._below(rows, fell)
        touched = np.unique(np.concatenate([_NO_ROWS, *self._touched])).astype(np.int32)
        self._touched.clear()
        asked = prices_asked(self._state, touched)
        more = (asked > self._state.u[touched]) & (self._state.u[touched] < _GONE)
        raise_rows(self._state, touched[more], asked[more])
        return np.asarray(touched[more], np.int32)

    def _below(self, rows: Indices, fell: int) -> Indices:
        """The rows to which a column that fell by so much may be worth more than their price."""
        slack = self._state.u[rows] - self._state.base - self._rest[rows]
        return np.asarray(rows[slack < fell], np.int32)

    def _list(self, rows: Indices, listed: int) -> None:
        """List more candidates of some rows, at the reference prices."""
        listed = min(listed, self.market.columns)
        column, worth = top_of(self.market, rows, listed, self._reference)
        full = column[:, -1] >= 0 if listed else np.zeros(len(rows), np.bool_)
        self._rest[rows] = (
            np.where(full & (listed < self.market.columns), worth[:, -1], _NOTHING) if listed else _NOTHING
        )
        score = np.where(column >= 0, worth + self._reference[np.maximum(column, 0)], 0).astype(np.int16)
        drop_known(self._state.columns, rows, column)
        self._append(rows, column, score)

    def _look_at_column(self, column: int, ceiling: int) -> None:
        """Make candidates of all pairs of a column for which its row would pay more than `ceiling`."""
        score = score_column(self.market, column).astype(np.int64)
        size = self.market.rows
        pays = self._state.base + score - self._row_reference[:size]
        rows = np.flatnonzero((score >= 0) & (pays > ceiling) & (self._state.u[:size] < _GONE)).astype(np.int32)
        rows = rows[unknown_to(self._state.rows, column, rows, self._marks)]
        self._ceiling[column] = ceiling
        self._append(rows, np.full((len(rows), 1), column, np.int32), score[rows][:, None].astype(np.int16))

    def _ceiling_holds_for(self, row: int) -> None:
        """Make candidates of all pairs of a row for which it would pay more, at its price now, than is known of it."""
        score = score_row(self.market, row).astype(np.int64)
        pays = self._state.base + score - self._state.u[row]
        columns = np.flatnonzero((score >= 0) & (pays > self._ceiling)).astype(np.int32)[None, :]
        given = score[columns[0]][None, :].astype(np.int16)
        rows = np.array([row], np.int32)
        drop_known(self._state.columns, rows, columns)
        self._append(rows, columns, given)

    def _append(self, rows: Indices, columns: Indices, score: Points) -> None:
        for row, column in self._forbidden:
            columns[(rows == row)[:, None] & (columns == column)] = -1
        graph = with_edges(Graph(self._state.columns, self._state.rows), rows, columns, score)
        self._state = self._state._replace(columns=graph.columns, rows=graph.rows)
        self._touched.append(rows[(columns >= 0).any(axis=1)])
