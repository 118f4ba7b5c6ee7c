from pathlib import Path

import numpy as np
import pytest

from matching.domain.engine.scoring import score_row
from tests.bench.matching import pool
from tests.bench.matching.company import Company, company
from tests.bench.matching.numpy_scoring import NumpyScorer
from tests.bench.matching.ours import market_of, matched
from tests.bench.matching.pool_ours import market_of_pool


def test_about_a_third_of_all_pairs_may_meet() -> None:
    scores = NumpyScorer(company(1_000, 300)).matrix()
    assert 0.2 < (scores >= 0).mean() < 0.45
    assert scores.max() <= 10_000


def test_a_company_is_the_same_whenever_and_wherever_it_is_drawn(tmp_path: Path) -> None:
    one, other = company(200, 60), company(200, 60)
    one.save(tmp_path / "people.npz")
    kept = Company.load(tmp_path / "people.npz")
    for name in ("wanted", "row_facts", "column_line", "blocked"):
        assert (getattr(one, name) == getattr(other, name)).all()
        assert (getattr(one, name) == getattr(kept, name)).all()


def test_everybody_stands_in_one_tree() -> None:
    people = company(300, 100)
    line = np.concatenate([people.row_line, people.column_line])
    assert sorted(line[:, 0].tolist()) == list(range(1, 401))
    assert line[line[:, 0] == 1].tolist() == [[1, 401]]


def test_both_ways_of_scoring_in_numpy_and_the_engine_agree() -> None:
    people = company(300, 90)
    scorer, (market, order) = NumpyScorer(people), market_of(people)
    rows = np.arange(people.rows)
    lines = np.maximum(scorer.block(rows), -1)
    assert (np.maximum(scorer.products(rows, scorer.given()), -1) == lines).all()
    assert (scorer.matrix() == lines).all()
    for row in range(people.rows):
        assert score_row(market, row).tolist() == lines[row, order].tolist()


def test_the_best_of_each_mentee_are_the_same_both_ways() -> None:
    scorer = NumpyScorer(company(120, 90))
    for row, column, score in (scorer.best_by_lines(20), scorer.best_by_products(20)):
        assert (scorer.pairs(row, column) == score).all()
        worst = np.full(120, 10_000)
        np.minimum.at(worst, row, score)
        left_out = scorer.matrix()
        left_out[row, column] = -1
        assert (left_out.max(axis=1) <= worst).all()


def test_the_referees_bound_is_the_engines() -> None:
    people = company(300, 90)
    market, order = market_of(people)
    found = matched(market)
    price = np.empty(people.columns, dtype=np.int64)
    price[order] = found.column_price
    assert NumpyScorer(people).bound(price, found.base) == found.value == found.upper_bound


@pytest.mark.parametrize("size", [100, 151])
def test_a_pool_is_symmetric_and_the_engines_market_of_it_the_same(size: int) -> None:
    people = company(size, size)
    scores, (market, order) = pool.matrix(people), market_of_pool(people)
    assert (scores == scores.T).all()
    assert (scores >= 0).any()
    for row in range(size):
        assert score_row(market, row).tolist() == scores[order[row], order].tolist()
