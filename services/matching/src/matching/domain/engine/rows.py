"""A market that gains rows."""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from matching.domain.engine.market import Indices, Market, Points, Terms

Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a market, as `Market` describes them."""

    credits: Indices
    share: Points
    values: Indices
    gates: Indices
    pairs: Indices
    points: Points
    line: tuple[int, int]


def row_of(market: Market, row: int) -> Row:
    """A row taken out of a market."""

    def own(terms: Terms) -> slice:
        return slice(int(terms.start[row]), int(terms.start[row + 1]))

    return Row(
        credits=market.credits.term[own(market.credits)],
        share=market.share[own(market.credits)],
        values=market.values.term[own(market.values)],
        gates=market.gates.term[own(market.gates)],
        pairs=market.pairs.term[own(market.pairs)],
        points=market.points[own(market.pairs)],
        line=(int(market.row_line[row, 0]), int(market.row_line[row, 1])),
    )


class GrowingMarket:
    """Appends rows without copying those before, as long as there is room; then the room doubles."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.room = market.rows + max(64, market.rows // 8)
        """Rows that the market can hold before it has to be copied."""
        self._terms = {name: _Terms(getattr(market, name)) for name in ("credits", "values", "gates", "pairs")}
        self._share, self._points = _List(market.share), _List(market.points)
        self._line = _List(market.row_line)

    def append(self, row: Row) -> int:
        """The number of the new row."""
        number = self.market.rows
        self.market = replace(
            self.market,
            credits=self._terms["credits"].extend(row.credits),
            values=self._terms["values"].extend(row.values),
            gates=self._terms["gates"].extend(row.gates),
            pairs=self._terms["pairs"].extend(row.pairs),
            share=self._share.extend(row.share),
            points=self._points.extend(row.points),
            row_line=self._line.extend(np.array([row.line], np.int32)),
        )
        if number + 1 > self.room:
            self.room = 2 * self.room
        return number


class _Terms:
    """Lists of terms, to which one more is added."""

    def __init__(self, terms: Terms) -> None:
        self._start, self._term = _List(terms.start), _List(terms.term)

    def extend(self, more: Indices) -> Terms:
        term = self._term.extend(more)
        return Terms(self._start.extend(np.array([len(term)], np.int64)), term)


class _List(Generic[Kind]):
    """An array with spare room behind it."""

    def __init__(self, held: npt.NDArray[Kind]) -> None:
        self._buffer = held
        self._size = len(held)

    def extend(self, more: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
        """The array with `more` at its end."""
        size = self._size + len(more)
        if size > len(self._buffer):
            grown = np.empty((size + size // 4 + 64, *self._buffer.shape[1:]), self._buffer.dtype)
            grown[: self._size] = self._buffer[: self._size]
            self._buffer = grown
        self._buffer[self._size : size] = more
        self._size = size
        return self._buffer[:size]
