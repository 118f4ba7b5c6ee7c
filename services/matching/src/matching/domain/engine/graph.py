"""The candidates of each row as one sparse graph that can grow, listed by row and again by column."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

_SPARE = 8
"""Places that a list gets beyond what it needs when it moves, or a quarter of that if it is more."""


class Lists(NamedTuple):
    """A list of (other, score) for each of many things: thing i has `other[at[i]:at[i] + size[i]]`."""

    at: npt.NDArray[np.int64]
    size: npt.NDArray[np.int32]
    room: npt.NDArray[np.int32]
    """How far each list may grow where it stands; one that needs more moves to the end."""
    other: npt.NDArray[np.int32]
    score: npt.NDArray[np.int16]
    used: npt.NDArray[np.int64]
    """Shape (1,): from there on `other` and `score` are free."""


class Graph(NamedTuple):
    """The same edges from both sides."""

    columns: Lists
    """Of each row."""
    rows: Lists
    """Of each column."""


def empty_graph(rows: int, columns: int) -> Graph:
    """A graph without edges."""
    return Graph(_lists(rows), _lists(columns))


def with_edges(
    graph: Graph, rows: npt.NDArray[np.int32], columns: npt.NDArray[np.int32], score: npt.NDArray[np.int16]
) -> Graph:
    """The graph with new edges from each of `rows` to its line of `columns` (-1 for none). The old one is spent."""
    held = columns >= 0
    at = np.broadcast_to(rows[:, None], columns.shape)[held].astype(np.int32)
    to, points = columns[held], score[held]
    return Graph(_grown(graph.columns, at, to, points), _grown(graph.rows, to, at, points))


@njit(cache=True, nogil=True)
def drop_known(lists, things, others):
    """Put -1 in place of those of `others`, of shape (things, any), that are in the thing's list already."""
    for k in range(things.shape[0]):
        i = things[k]
        for t in range(others.shape[1]):
            for e in range(lists.at[i], lists.at[i] + lists.size[i]):
                if lists.other[e] == others[k, t]:
                    others[k, t] = -1
                    break


@njit(cache=True, nogil=True)
def unknown_to(lists, thing, others, marks):
    """Which of `others` are not in the thing's list; `marks` is false for everybody, before and after."""
    found = np.empty(others.shape[0], np.bool_)
    for e in range(lists.at[thing], lists.at[thing] + lists.size[thing]):
        marks[lists.other[e]] = True
    for k in range(others.shape[0]):
        found[k] = not marks[others[k]]
    for e in range(lists.at[thing], lists.at[thing] + lists.size[thing]):
        marks[lists.other[e]] = False
    return found


@njit(cache=True, nogil=True)
def remove(lists, thing, other):
    """Take one entry out of the thing's list."""
    end = lists.at[thing] + lists.size[thing] - 1
    for e in range(lists.at[thing], end + 1):
        if lists.other[e] == other:
            lists.other[e], lists.score[e] = lists.other[end], lists.score[end]
            lists.size[thing] -= 1
            return


def _lists(things: int) -> Lists:
    return Lists(
        at=np.zeros(things, np.int64),
        size=np.zeros(things, np.int32),
        room=np.zeros(things, np.int32),
        other=np.empty(0, np.int32),
        score=np.empty(0, np.int16),
        used=np.zeros(1, np.int64),
    )


def _grown(
    lists: Lists, things: npt.NDArray[np.int32], others: npt.NDArray[np.int32], score: npt.NDArray[np.int16]
) -> Lists:
    needed = int(lists.used[0]) + _make_room(lists, things)
    if needed > len(lists.other):
        # What is never written costs nothing, and copying often would.
        other, points, used = np.empty(2 * needed, np.int32), np.empty(2 * needed, np.int16), int(lists.used[0])
        other[:used] = lists.other[:used]
        points[:used] = lists.score[:used]
        lists = lists._replace(other=other, score=points)
    _append(lists, things, others, score)
    return lists


@njit(cache=True, nogil=True)
def _make_room(lists, things):
    """Note in `room`, as a negative number, what each list that has to move will need; what all of them need."""
    more = 0
    for k in range(things.shape[0]):
        lists.size[things[k]] += 1
    for k in range(things.shape[0]):
        i = things[k]
        if lists.size[i] > lists.room[i] >= 0:
            lists.room[i] = -(lists.size[i] + max(_SPARE, lists.size[i] >> 2))
            more -= lists.room[i]
    for k in range(things.shape[0]):
        lists.size[things[k]] -= 1
    return more


@njit(cache=True, nogil=True)
def _append(lists, things, others, score):
    for k in range(things.shape[0]):
        i = things[k]
        if lists.room[i] < 0:
            lists.room[i] = -lists.room[i]
            at = lists.used[0]
            for e in range(lists.size[i]):
                lists.other[at + e] = lists.other[lists.at[i] + e]
                lists.score[at + e] = lists.score[lists.at[i] + e]
            lists.at[i] = at
            lists.used[0] += lists.room[i]
        e = lists.at[i] + lists.size[i]
        lists.other[e], lists.score[e] = others[k], score[k]
        lists.size[i] += 1
