"""The scores that a matching is made from: all of them, or chosen pairs listed by row and by column."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.domain.engine.market import Indices, Market, Points
from matching.domain.engine.scoring import score_row


class Edges(NamedTuple):
    """The pairs that may be made, listed by row (columns ascending) and again by column (rows ascending)."""

    row_start: npt.NDArray[np.int64]
    column: Indices
    row_score: Points
    column_start: npt.NDArray[np.int64]
    row: Indices
    column_score: Points


def scores(market: Market) -> tuple[Points, Points]:
    """All scores of a market, by row and by column."""
    by_row = np.empty((market.rows, market.columns), np.int16)
    for row in range(market.rows):
        by_row[row] = score_row(market, row)
    return by_row, np.ascontiguousarray(by_row.T)


def edges_of(score: Points) -> Edges:
    """All allowed pairs of a matrix of scores."""
    row, column = np.nonzero(score >= 0)
    return edges_between(row.astype(np.int32), column.astype(np.int32), score[row, column], score.shape)


def edges_between(row: Indices, column: Indices, score: Points, shape: tuple[int, ...]) -> Edges:
    """Given pairs, each as often as it likes."""
    _, first = np.unique(row.astype(np.int64) * max(1, shape[1]) + column, return_index=True)
    row, column, score = row[first], column[first], score[first]
    order = np.argsort(column, kind="stable")
    return Edges(
        row_start=np.searchsorted(row, np.arange(shape[0] + 1)).astype(np.int64),
        column=column,
        row_score=score,
        column_start=np.searchsorted(column[order], np.arange(shape[1] + 1)).astype(np.int64),
        row=row[order],
        column_score=score[order],
    )
