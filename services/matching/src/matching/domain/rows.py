"""The scores of one row of a problem at a time, from its market."""

import numpy as np

from matching.domain.encoding import Encoded, encode
from matching.domain.engine.scoring import score_row
from matching.domain.fairness import Line, Row
from matching.domain.problems import Problem


def rows_of(problem: Problem, encoded: Encoded | None = None) -> Row:
    """Gives the scores of a row and every column in the problem's own order, below 0 where they may not be paired."""
    found = encode(problem) if encoded is None else encoded
    place = np.empty(len(found.row_order), dtype=np.int32)
    place[found.row_order] = np.arange(len(found.row_order), dtype=np.int32)

    def row(number: int) -> Line:
        line = np.empty(len(found.column_order), dtype=np.int16)
        line[found.column_order] = score_row(found.market, int(place[number]))
        return line

    return row
