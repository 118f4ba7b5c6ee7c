"""A matching that stays optimal, and proven so, while people come, go and change their places.

Each change is mended by augmenting paths from where it happened. What is proven has to be proven again where prices
moved (`proof.py`).
"""

import numpy as np
import numpy.typing as npt

from matching.domain.engine.assignment import Assignment
from matching.domain.engine.market import FORBIDDEN, Market
from matching.domain.engine.paths import part, prices_asked, seek_column
from matching.domain.engine.proof import GONE, Proof
from matching.domain.engine.rows import Row
from matching.domain.engine.scoring import score_pairs

_NO_ROWS = np.zeros(0, np.int32)


class LiveMatching:
    """The optimum of a market that changes. Every method leaves it optimal; `assignment` says so with gap 0."""

    def __init__(self, market: Market, found: Assignment) -> None:
        self._capacity = market.capacity.astype(np.int32).copy()
        self._pinned: dict[int, int] = {}
        self._held = np.zeros(market.columns, np.int32)
        self._forbidden: set[tuple[int, int]] = set()
        self._proof = Proof(market, found)

    @property
    def market(self) -> Market:
        """The market as it is now, without pins; rows that have left are still in it."""
        return self._proof.market

    @property
    def mate(self) -> npt.NDArray[np.int32]:
        """Column of each row, -1 without one; pinned rows are where they are pinned."""
        mate = self._proof.state.mate[: self.market.rows].copy()
        for row, column in self._pinned.items():
            mate[row] = column
        return mate

    def assignment(self) -> Assignment:
        """Pairs and prices of everybody who is not pinned, and the bound they prove."""
        return self._proof.assignment()

    def join(self, row: Row) -> int:
        """A new row comes; its number is returned."""
        number = self._proof.append(row)
        self._proof.include(number)
        return number

    def leave(self, row: int) -> None:
        """A row goes for good."""
        self._proof.exclude(row)
        self._let_go(row)
        self._proof.mend(_NO_ROWS)

    def set_capacity(self, column: int, places: int) -> None:
        """A column has from now on so many places, pinned ones included; 0 when it goes."""
        self._capacity[column] = places
        self._fit(column)
        self._proof.mend(_NO_ROWS)

    def pin(self, row: int, column: int) -> None:
        """A row belongs to a column, whatever that costs; ValueError if it is forbidden or no place can be made."""
        held = self._held[column] - (self._pinned.get(row) == column)
        allowed = score_pairs(self.market, np.array([row], np.int32), np.array([column], np.int32))[0] != FORBIDDEN
        if not allowed or (row, column) in self._forbidden or held >= self._capacity[column]:
            raise ValueError("the pair is forbidden, or all places of the column are pinned")
        self.unpin(row)
        self._proof.exclude(row)
        self._pinned[row] = column
        self._held[column] += 1
        self._fit(column)
        self._proof.mend(_NO_ROWS)

    def unpin(self, row: int) -> None:
        """A pinned row looks for a column like any other again; nothing happens to others."""
        if self._let_go(row):
            self._proof.include(row)

    def forbid(self, row: int, column: int) -> None:
        """A pair may not be made any more; ValueError if it is pinned."""
        if self._pinned.get(row) == column:
            raise ValueError("the pair is pinned")
        self._forbidden.add((row, column))
        self._proof.forbid(row, column)

    def _let_go(self, row: int) -> bool:
        """Undo a row's pin; whether there was one."""
        column = self._pinned.pop(row, None)
        if column is None:
            return False
        self._held[column] -= 1
        self._fit(column)
        return True

    def _fit(self, column: int) -> None:
        """Give a column the places that are not pinned; rows for which there is none left look elsewhere."""
        proof, state = self._proof, self._proof.state
        proof.places[column] = max(0, self._capacity[column] - self._held[column])
        state.capacity[column] = min(proof.places[column], len(state.mate))
        while state.load[column] > state.capacity[column]:
            row = int(state.first[column])
            part(state, row)
            if state.capacity[column] == 0:
                # A column without places costs nothing and is worth nothing: nobody may wait for it.
                state.p[column] = GONE
                state.u[row] = prices_asked(state, np.array([row], np.int32))[0]
            seek_column(state, row)
        if state.capacity[column] == 0:
            state.p[column] = GONE
        elif state.p[column] >= GONE:
            proof.open(column)
