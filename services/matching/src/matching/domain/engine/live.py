"""A matching that stays optimal, and proven so, while people come, go and change their places.

Each change is mended by augmenting paths from where it happened. What is proven has to be proven again where prices
moved: each row has a rest, so that no column outside its candidates is worth more to it than that at reference
prices. As long as the row's price stays above its rest by more than any price has fallen since, there is nothing to
look at.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from matching.domain.engine.assignment import Assignment, base_of, covering, result_of, state_of
from matching.domain.engine.graph import Graph, empty_graph, missing, remove, with_edges
from matching.domain.engine.market import FORBIDDEN, Market
from matching.domain.engine.paths import part, prices_asked, raise_rows, seek_column, settle_rows
from matching.domain.engine.rows import GrowingMarket, Row
from matching.domain.engine.scoring import best, score_column, score_pairs, top

_LISTED = 24
"""Candidates of each row."""
_FALL = 300
"""A column whose price falls by more points than this gets all its pairs as candidates."""
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
        self._state.u[number] = 0
        self._look(new, _LISTED)
        self._state.u[new] = prices_asked(self._state, new)
        self._mend(new)
        return number

    def leave(self, row: int) -> None:
        """A row goes for good."""
        column = self._pinned.pop(row, None)
        self._take_out(row)
        if column is not None:
            self._fit(column)
        self._mend(_NO_ROWS)

    def set_capacity(self, column: int, places: int) -> None:
        """A column has from now on so many places, pinned ones included; 0 when it goes."""
        self._capacity[column] = places
        self._fit(column)
        self._mend(_NO_ROWS)

    def pin(self, row: int, column: int) -> None:
        """A row belongs to a column, whatever that costs; ValueError if it is forbidden or no place can be made."""
        held = sum(1 for other, at in self._pinned.items() if at == column and other != row)
        allowed = score_pairs(self.market, np.array([row], np.int32), np.array([column], np.int32))[0] != FORBIDDEN
        if not allowed or (row, column) in self._forbidden or held >= self._capacity[column]:
            raise ValueError("the pair is forbidden, or all places of the column are pinned")
        self.unpin(row)
        self._take_out(row)
        self._pinned[row] = column
        self._fit(column)
        self._mend(_NO_ROWS)

    def unpin(self, row: int) -> None:
        """A pinned row looks for a column like any other again; nothing happens to others."""
        column = self._pinned.pop(row, None)
        if column is None:
            return
        self._fit(column)
        self._state.u[row] = prices_asked(self._state, np.array([row], np.int32))[0]
        self._mend(np.array([row], np.int32))

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
        market = self._grown.market
        price = np.where(self._capacity > 0, found.column_price, 0)
        column, worth = best(market, _LISTED, price=price)
        full = column[:, -1] >= 0
        room = self._grown.room
        self._rest = np.full(room, _NOTHING)
        self._rest[: market.rows][full] = worth[full, -1]
        score = np.where(column >= 0, worth + price[np.maximum(column, 0)], 0).astype(np.int16)
        graph = with_edges(empty_graph(room, market.columns), np.arange(market.rows, dtype=np.int32), column, score)
        mate, u = np.full(room, -1, np.int32), np.full(room, _GONE)
        known = slice(len(found.mate))
        mate[known], u[known] = found.mate, np.where(gone, _GONE, found.row_price)
        self._reference = price.copy()
        self._complete = np.zeros(market.columns, np.bool_)
        free = np.minimum(self._capacity, np.int32(room)).astype(np.int32)
        for column_pinned in self._pinned.values():
            free[column_pinned] -= 1
        self._state = state_of(graph, free, found.base, found.charge, mate, found.column_price, u)
        self._state.p[free == 0] = _GONE
        listed = (column == mate[: market.rows, None]).any(axis=1) | (mate[: market.rows] < 0)
        for row in np.flatnonzero(~listed):
            self._add(int(row), mate[row : row + 1])
        needed = base_of(np.full(len(free), room, np.int32), room, found.charge)
        if 0 < found.base < needed:
            self._state = covering(self._state, needed - found.base)
            there = np.flatnonzero(self._state.u < _GONE).astype(np.int32)
            settle_rows(self._state, there)

    def _take_out(self, row: int) -> None:
        if self._state.mate[row] >= 0:
            part(self._state, row)
        self._state.u[row] = _GONE

    def _fit(self, column: int) -> None:
        """Give a column the places that are not pinned; rows for which there is none left look elsewhere."""
        state = self._state
        pinned = sum(1 for other in self._pinned.values() if other == column)
        state.capacity[column] = max(0, min(int(self._capacity[column]) - pinned, len(state.mate)))
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
            self._complete_column(column)
            self._open(column)

    def _open(self, column: int) -> None:
        """Give a column that had no places the least price at which nobody would rather have it."""
        state = self._state
        at, size = state.rows.at[column], state.rows.size[column]
        rows, score = state.rows.other[at : at + size], state.rows.score[at : at + size]
        there = state.u[rows] < _GONE
        wanted = self._state.base + score[there].astype(np.int64) - state.u[rows[there]]
        state.p[column] = max(0, int(wanted.max(initial=0)))

    def _mend(self, rows: npt.NDArray[np.int32]) -> None:
        """Bring everything to agreement, and look wherever prices have moved further than is proven."""
        while True:
            settle_rows(self._state, rows)
            rows = self._unsure()
            if not len(rows):
                return

    def _unsure(self) -> npt.NDArray[np.int32]:
        """Look again at what the prices no longer prove; the rows that would rather have another column."""
        p = self._state.p
        open_columns = ~self._complete & (self._state.capacity > 0)
        fallen = np.where(open_columns, self._reference.astype(np.int64) - p, _NOTHING)
        touched = [_NO_ROWS]
        for column in np.flatnonzero(fallen > _FALL):
            touched.append(self._complete_column(int(column)))
            fallen[column] = _NOTHING
        fall = int(fallen.max(initial=_NOTHING))
        loose = self._below(np.flatnonzero(self._state.u < _GONE).astype(np.int32), fall)
        rows, listed = loose, _LISTED
        while len(rows) and listed < self.market.columns:
            listed *= 2
            self._look(rows, listed)
            rows = self._below(rows, fall)
        every = np.unique(np.concatenate([loose, *touched]))
        asked = prices_asked(self._state, every)
        more = asked > self._state.u[every]
        raise_rows(self._state, every[more], asked[more])
        return np.asarray(every[more], np.int32)

    def _below(self, rows: npt.NDArray[np.int32], fall: int) -> npt.NDArray[np.int32]:
        """The rows to which something outside their candidates may be worth more than their price."""
        slack = self._state.u[rows] - self._state.base - self._rest[rows]
        return np.asarray(rows[slack < fall], np.int32)

    def _look(self, rows: npt.NDArray[np.int32], listed: int) -> None:
        """List more candidates of some rows, at the reference prices."""
        for row in rows:
            column, worth = top(self.market, int(row), min(listed, self.market.columns), self._reference)
            self._rest[row] = worth[-1] if len(column) == listed else _NOTHING
            self._add(int(row), column)

    def _complete_column(self, column: int) -> npt.NDArray[np.int32]:
        """Make every pair of a column a candidate; the rows that are new to it."""
        score = score_column(self.market, column)
        rows = np.flatnonzero(score >= 0).astype(np.int32)
        rows = rows[self._state.u[rows] < _GONE]
        rows = rows[missing(self._state.rows, column, rows)]
        rows = np.array([row for row in rows if (int(row), column) not in self._forbidden], np.int32)
        self._append(rows, np.full((len(rows), 1), column, np.int32), score[rows][:, None])
        self._complete[column] = True
        return rows

    def _add(self, row: int, columns: npt.NDArray[np.int32]) -> None:
        new = columns[missing(self._state.columns, row, columns)]
        new = np.array([column for column in new if (row, int(column)) not in self._forbidden], np.int32)
        score = score_pairs(self.market, np.full(len(new), row, np.int32), new)
        self._append(np.array([row], np.int32), new[None, :], score[None, :])

    def _append(
        self, rows: npt.NDArray[np.int32], columns: npt.NDArray[np.int32], score: npt.NDArray[np.int16]
    ) -> None:
        graph = with_edges(Graph(self._state.columns, self._state.rows), rows, columns, score)
        self._state = self._state._replace(columns=graph.columns, rows=graph.rows)
