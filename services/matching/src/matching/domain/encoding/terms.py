"""Lists of terms, one list for each row, from pairs of a row and a term."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from matching.domain.engine.market import Indices, Terms

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Entries:
    """Entry k says that row `row[k]` has the term `term[k]`, with `points[k]` where terms have points of their own."""

    row: Numbers
    term: Numbers
    points: Numbers

    @classmethod
    def of(cls, row: npt.NDArray[Any], term: npt.NDArray[Any], points: npt.NDArray[Any] | None = None) -> Self:
        """Entries of arrays of the same length; without points they have none."""
        given = np.zeros(len(row), np.int64) if points is None else points.astype(np.int64)
        return cls(row.astype(np.int64), term.astype(np.int64), given)

    def moved(self, by: int) -> "Entries":
        """The same with term numbers that begin later."""
        return Entries(self.row, self.term + by, self.points)


def listed(entries: Sequence[Entries], rows: int) -> tuple[Terms, npt.NDArray[np.int16]]:
    """The terms of each row in the order of `entries`, and the points beside them."""
    row, term, points = (
        np.concatenate([np.zeros(0, np.int64), *(getattr(one, name) for one in entries)])
        for name in ("row", "term", "points")
    )
    order = np.argsort(row, kind="stable")
    start = np.zeros(rows + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=rows), out=start[1:])
    return Terms(start, term[order].astype(np.int32)), points[order].astype(np.int16)


def entries_of(terms: Terms, rows: npt.NDArray[Any]) -> tuple[Numbers, Numbers]:
    """Where the terms of some rows stand: for each the place of its row among `rows`, and its own in `terms.term`."""
    first_of = terms.start[rows]
    size = terms.start[1:][rows] - first_of
    owner = np.repeat(np.arange(len(rows)), size)
    first = np.repeat(first_of - (np.cumsum(size) - size), size)
    return owner, np.arange(len(owner)) + first


def classes(values: Sequence[Hashable]) -> tuple[Indices, list[Any]]:
    """The class of each value, and the value of each class, in the order in which they first appear."""
    number = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return np.fromiter(map(number.__getitem__, values), np.int32, len(values)), list(number)
