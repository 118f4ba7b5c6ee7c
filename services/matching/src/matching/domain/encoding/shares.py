"""What each criterion gives pairs, from the terms of a market and the classes of its people."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.domain.encoding.facts import Facts
from matching.domain.encoding.markets import Encoded
from matching.domain.encoding.terms import entries_of
from matching.domain.engine.market import QUARTERS, Indices, Market
from matching.domain.problems import Problem
from matching.domain.rules import CRITERIA, Criterion

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shares:
    """A market whose two sides are apart, ready to be asked what makes the scores of some of its pairs."""

    market: Market
    facts: dict[Criterion, tuple[Indices, Indices, npt.NDArray[Any]]]
    """Classes of the rows and of the columns, and what the one gets from the other."""
    kinds: tuple[Criterion, ...]
    """The criteria that go by words."""
    kind: Numbers
    """The place in `kinds` of each credit term."""
    particular: Numbers
    """The pairs that the market has points for, as row * columns + column, ascending."""

    @classmethod
    def of(cls, problem: Problem, encoded: Encoded) -> "Shares":
        """Those of a problem's people."""
        market, names = encoded.market, [name for name, _ in encoded.credit_names]
        kinds = tuple(dict.fromkeys(names))
        owner = np.repeat(np.arange(market.rows), np.diff(market.pairs.start))
        return cls(
            market=market,
            facts=Facts(problem, *encoded.people(problem)).shares(),
            kinds=kinds,
            kind=np.array([kinds.index(name) for name in names], np.int64),
            particular=owner * max(1, market.columns) + market.pairs.term,
        )

    def between(self, rows: Indices, columns: Indices) -> dict[Criterion, Numbers]:
        """The points of each criterion for the pairs (rows[k], columns[k])."""
        found = {name: np.zeros(len(rows), np.int64) for name in CRITERIA}
        for name, (of_row, of_column, points) in self.facts.items():
            found[name] = points[of_row[rows], of_column[columns]].astype(np.int64)
        return found | self._credits(rows, columns) | {"wish": self._wishes(rows, columns)}

    def _credits(self, rows: Indices, columns: Indices) -> dict[Criterion, Numbers]:
        market = self.market
        pair, entry = entries_of(market.credits, rows)
        term = market.credits.term[entry]
        points = market.share[entry].astype(np.int64) * market.credit[term, columns[pair]] // QUARTERS
        # A count for each kind and pair at once.
        place = self.kind[term] * len(rows) + pair
        sums = np.bincount(place, points, len(self.kinds) * len(rows)).astype(np.int64)
        return dict(zip(self.kinds, sums.reshape(len(self.kinds), len(rows)), strict=True))

    def _wishes(self, rows: Indices, columns: Indices) -> Numbers:
        """Points that are particular to a pair; a forbidden one is never asked for."""
        if not len(self.particular):
            return np.zeros(len(rows), np.int64)
        asked = rows.astype(np.int64) * max(1, self.market.columns) + columns
        place = np.minimum(np.searchsorted(self.particular, asked), len(self.particular) - 1)
        points = np.maximum(self.market.points[place], 0)
        return np.where(self.particular[place] == asked, points, 0).astype(np.int64)
