"""The candidates of each row as one sparse graph, and the same seen from the columns."""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Graph = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int16]]
"""(start, column, score): row i has the columns `column[start[i]:start[i + 1]]` with those scores."""


def graph_of(column: npt.NDArray[np.int32], score: npt.NDArray[Any]) -> Graph:
    """A graph of lists as `scoring.best` gives them; -1 stands for nothing."""
    held = column >= 0
    start = np.zeros(len(column) + 1, np.int64)
    np.cumsum(held.sum(axis=1), out=start[1:])
    return start, column[held], score[held].astype(np.int16)


def transposed(graph: Graph, columns: int) -> Graph:
    """(start, row, score): the rows of each column."""
    start, row, score = _transposed(*graph, columns)
    return start, row, score


def merged(graph: Graph, rows: npt.NDArray[np.int32], column: npt.NDArray[np.int32], score: npt.NDArray[Any]) -> Graph:
    """A graph with further columns (-1 for none) of some rows (ascending)."""
    start, columns, scores = _merged(*graph, rows, column, score.astype(np.int16))
    return start, columns, scores


@njit(cache=True, nogil=True)
def _transposed(start, column, score, columns):
    back_start = np.zeros(columns + 1, np.int64)
    for e in range(column.shape[0]):
        back_start[column[e] + 1] += 1
    for j in range(columns):
        back_start[j + 1] += back_start[j]
    at = back_start[:-1].copy()
    row = np.empty(column.shape[0], np.int32)
    back_score = np.empty(column.shape[0], np.int16)
    for i in range(start.shape[0] - 1):
        for e in range(start[i], start[i + 1]):
            j = column[e]
            row[at[j]], back_score[at[j]] = i, score[e]
            at[j] += 1
    return back_start, row, back_score


@njit(cache=True, nogil=True)
def _merged(start, column, score, rows, new_column, new_score):
    more = 0
    for k in range(rows.shape[0]):
        for t in range(new_column.shape[1]):
            more += new_column[k, t] >= 0
    new_start = np.zeros_like(start)
    columns = np.empty(column.shape[0] + more, np.int32)
    scores = np.empty(column.shape[0] + more, np.int16)
    at, k = 0, 0
    for i in range(start.shape[0] - 1):
        for e in range(start[i], start[i + 1]):
            columns[at], scores[at] = column[e], score[e]
            at += 1
        if k < rows.shape[0] and rows[k] == i:
            for t in range(new_column.shape[1]):
                if new_column[k, t] >= 0:
                    columns[at], scores[at] = new_column[k, t], new_score[k, t]
                    at += 1
            k += 1
        new_start[i + 1] = at
    return new_start, columns, scores
