"""The scores of one row of a problem at a time, from its market."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.domain.encoding import Encoded, encode
from matching.domain.engine.market import Indices, Points
from matching.domain.engine.scoring import score_row
from matching.domain.problems import Problem


@dataclass(frozen=True, slots=True)
class Rows:
    """Gives the scores of each row and every column, below 0 where they may not be paired."""

    columns: Indices
    """Column c of a line is the problem's column `columns[c]`: the market has an order of its own."""
    line: Callable[[int], Points]
    """The line of the problem's mentee of a number."""

    def in_order(self, number: int) -> npt.NDArray[np.int16]:
        """The line in the problem's own order of columns."""
        line = np.empty(len(self.columns), dtype=np.int16)
        line[self.columns] = self.line(number)
        return line


def rows_of(problem: Problem, encoded: Encoded | None = None) -> Rows:
    """The rows of a problem."""
    found = encode(problem) if encoded is None else encoded
    place = np.empty(len(found.row_order), dtype=np.int32)
    place[found.row_order] = np.arange(len(found.row_order), dtype=np.int32)

    def line(number: int) -> Points:
        return score_row(found.market, int(place[number]))

    return Rows(found.column_order, line)
