"""A market that gains rows."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.domain.engine.market import Indices, Market, Points, Terms


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
        self._lists = {name: _List(getattr(market, name).term) for name in ("credits", "values", "gates", "pairs")}
        self._points = {"share": _List(market.share), "points": _List(market.points)}
        self._starts = {name: _List(getattr(market, name).start) for name in self._lists}
        self._line = _List(market.row_line)

    def append(self, row: Row) -> int:
        """The number of the new row."""
        number = self.market.rows
        given = {"credits": row.credits, "values": row.values, "gates": row.gates, "pairs": row.pairs}
        terms = {}
        for name, listed in self._lists.items():
            term = listed.extend(np.asarray(given[name], np.int32))
            start = self._starts[name].extend(np.array([len(term)], np.int64))
            terms[name] = Terms(start, term)
        share = self._points["share"].extend(np.asarray(row.share, np.int16))
        points = self._points["points"].extend(np.asarray(row.points, np.int16))
        line = self._line.extend(np.array([row.line], np.int32))
        self.market = replace(self.market, **terms, share=share, points=points, row_line=line)
        self.room = max(self.room, number + 1 + (number + 1) // 8 if number + 1 > self.room else 0)
        return number


class _List:
    """An array with spare room behind it."""

    def __init__(self, held: npt.NDArray[np.generic]) -> None:
        self._buffer = held
        self._size = len(held)

    def extend(self, more: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """The array with `more` at its end."""
        size = self._size + len(more)
        if size > len(self._buffer):
            grown = np.empty((size + size // 4 + 64, *self._buffer.shape[1:]), self._buffer.dtype)
            grown[: self._size] = self._buffer[: self._size]
            self._buffer = grown
        self._buffer[self._size : size] = more
        self._size = size
        return self._buffer[:size]
