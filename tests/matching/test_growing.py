"""Lists of candidates and markets that grow where they stand."""

import numpy as np
import pytest

from matching.domain.engine.graph import Graph, drop_known, empty_graph, remove, unknown_to, with_edges
from matching.domain.engine.rows import GrowingMarket, row_of
from tests.matching.markets import random_market, scores_by_definition

ROWS, COLUMNS = 6, 30
Held = dict[tuple[int, int], int]


def assert_holds(graph: Graph, held: Held) -> None:
    """The edges, and no others, from both sides."""
    for turned, lists in ((False, graph.columns), (True, graph.rows)):
        found = [
            ((int(other), thing) if turned else (thing, int(other)), int(score))
            for thing, (at, size) in enumerate(zip(lists.at, lists.size, strict=True))
            for other, score in zip(lists.other[at : at + size], lists.score[at : at + size], strict=True)
        ]
        assert sorted(found) == sorted(held.items())


@pytest.mark.parametrize("seed", range(5))
def test_candidates_are_those_that_came_and_have_not_been_removed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph, held = empty_graph(ROWS, COLUMNS), Held()
    for _ in range(40):
        rows = rng.permutation(ROWS)[: rng.integers(1, ROWS)].astype(np.int32)
        columns = np.array([rng.permutation(COLUMNS)[:4] for _ in rows], np.int32)
        score = rng.integers(0, 10_001, columns.shape).astype(np.int16)
        known = np.array(
            [[(i, j) in held for j in line] for i, line in zip(rows.tolist(), columns.tolist(), strict=True)]
        )
        for k, row in enumerate(rows.tolist()):
            assert (unknown_to(graph.columns, row, columns[k], np.zeros(COLUMNS, np.bool_)) == ~known[k]).all()
        asked = columns.copy()
        drop_known(graph.columns, rows, columns)
        assert (columns == np.where(known, -1, asked)).all()
        graph = with_edges(graph, rows, columns, score)
        for k, line in enumerate(columns.tolist()):
            held |= {(int(rows[k]), j): int(score[k, t]) for t, j in enumerate(line) if j >= 0}
        for number in rng.permutation(len(held))[: rng.integers(0, 12)].tolist():
            row, column = sorted(held)[number % len(held)]
            remove(graph.columns, row, column)
            remove(graph.rows, column, row)
            del held[row, column]
        assert_holds(graph, held)


def test_marks_are_as_they_were_after_asking_who_is_not_listed() -> None:
    rows, columns = np.array([0], np.int32), np.array([[3, 5]], np.int32)
    graph = with_edges(empty_graph(1, 8), rows, columns, np.zeros((1, 2), np.int16))
    marks = np.zeros(8, np.bool_)
    assert unknown_to(graph.columns, 0, np.array([5, 6], np.int32), marks).tolist() == [False, True]
    assert not marks.any()


def test_a_market_that_has_grown_scores_every_row_as_it_would_by_itself() -> None:
    market = random_market(np.random.default_rng(1), 60, 20)
    grown = GrowingMarket(market)
    for number in range(180):
        assert grown.append(row_of(market, number % 60)) == 60 + number
        assert grown.room >= grown.market.rows
    assert (scores_by_definition(grown.market) == np.tile(scores_by_definition(market), (4, 1))).all()
