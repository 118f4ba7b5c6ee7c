"""A matching problem as arrays: who may be paired with whom, and how well each pair would fit.

The matrix of scores is never stored. A row (a mentee) is a short list of terms; a term is one line of small numbers
over all columns (the mentors). A pair's score is the sum of the row's terms at that column.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Points = npt.NDArray[np.int16]
Indices = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]

FORBIDDEN = -1
"""Stands for the score of a pair that a hard rule forbids."""
FULL = 10_000
"""The highest score, and the sum of the weights."""
QUARTERS = 4
"""A credit of so many quarters meets a term in full."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A list of term numbers for each row, one after the other: row i has `term[start[i]:start[i + 1]]`."""

    start: Offsets
    """Shape (rows + 1,)."""
    term: Indices

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.start) - 1


@dataclass(frozen=True, slots=True)
class Market:
    """Rows to be matched with columns.

    With q quarters of credit a share of s points gives `s * q // 4`. The score of row i and column j is

        sum(share * credit[term, j] // 4)  over the row's credits
      + sum(value[term, j])                over the row's values
      + points                             if (i, j) stands among the row's pairs

    and the pair is allowed if each of the row's gates is 1 at j, it is not marked FORBIDDEN among the pairs, neither
    stands above the other in the organisation, and the score is at least `floor`. Scores lie in 0..10000.
    """

    capacity: Indices
    """Free places of each column, 0 or more; shape (columns,)."""
    credit: Bytes
    """Quarters 0..4 to which each column meets each term; shape (terms, columns)."""
    credits: Terms
    share: Points
    """Points 0..10000 of each of the rows' credits when met in full; as long as `credits.term`."""
    value: Points
    """Points 0..10000 of each column under each term; shape (terms, columns)."""
    values: Terms
    gate: Bytes
    """1 lets the column through, 0 forbids it; shape (terms, columns)."""
    gates: Terms
    pairs: Terms
    """Columns (ascending within a row) that are particular to the row."""
    points: Points
    """For each of `pairs`: points to add, or FORBIDDEN."""
    row_line: Indices
    """(enter, leave) of each row in a walk of the organisation tree, (0, 0) outside it; shape (rows, 2)."""
    column_line: Indices
    """The same of each column; shape (columns, 2)."""
    floor: int = 0
    """Pairs that score less are forbidden."""

    @property
    def rows(self) -> int:
        """How many are to be matched."""
        return len(self.row_line)

    @property
    def columns(self) -> int:
        """How many they can be matched with."""
        return len(self.column_line)
