from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from matching.domain.engine import proof as proof_module
from matching.domain.engine.assignment import Assignment, assign
from matching.domain.engine.edges import scores
from matching.domain.engine.live import LiveMatching
from matching.domain.engine.market import Indices, Points
from matching.domain.engine.rows import row_of
from matching.domain.engine.scoring import score_row
from tests.matching.dense import market_of
from tests.matching.markets import random_market, scores_by_definition

BOUNDS = {"_LISTED": 32, "_MARGIN": 250, "_COLUMN": 8, "_ANEW": 5}
TIGHT = {"_LISTED": 2, "_MARGIN": 40, "_COLUMN": 1, "_ANEW": 1}
TIGHTEST = {"_LISTED": 1, "_MARGIN": 0, "_COLUMN": 0, "_ANEW": 10}


def prices_hold(found: Assignment, score: Points, places: Indices) -> bool:
    """Whether no pair that is allowed is worth more than its two prices: the bound is proven, not only said."""
    asked = found.row_price[:, None] + found.column_price[None, :]
    return bool((asked >= found.base + score.astype(np.int64))[(score >= 0) & (places > 0)].all())


class ChangingProgramme(RuleBasedStateMachine):
    """People join and leave, mentors change their places, pairs are pinned and forbidden: always the optimum.

    With few candidates and narrow bounds a small programme asks what else only one of thousands does.
    """

    @initialize(
        seed=st.integers(0, 10**6),
        richness=st.sampled_from([2, 12]),
        coverage=st.booleans(),
        bounds=st.sampled_from([BOUNDS, TIGHT, TIGHTEST]),
    )
    def start(self, seed: int, richness: int, coverage: bool, bounds: dict[str, int]) -> None:
        for name, value in bounds.items():
            setattr(proof_module, name, value)
        rng = np.random.default_rng(seed)
        rows, self.columns = int(rng.integers(1, 25)), int(rng.integers(1, 25))
        market = random_market(rng, rows, self.columns, richness=richness)
        self.source = random_market(rng, 40, self.columns, richness=richness)
        self.coverage = coverage
        self.live = LiveMatching(market, assign(market, coverage=coverage))
        self.capacity = market.capacity.copy()
        self.gone: set[int] = set()
        self.pinned: dict[int, int] = {}
        self.forbidden: set[tuple[int, int]] = set()

    def teardown(self) -> None:
        for name, value in BOUNDS.items():
            setattr(proof_module, name, value)

    def someone(self, data: Any) -> int:
        return int(data.draw(st.sampled_from([r for r in range(self.live.market.rows) if r not in self.gone])))

    def some_column(self, data: Any) -> int:
        return int(data.draw(st.integers(0, self.columns - 1)))

    @rule(number=st.integers(0, 39))
    def join(self, number: int) -> None:
        assert self.live.join(row_of(self.source, number)) == self.live.market.rows - 1

    @precondition(lambda self: len(self.gone) < self.live.market.rows)
    @rule(data=st.data())
    def leave(self, data: Any) -> None:
        row = self.someone(data)
        self.live.leave(row)
        self.gone.add(row)
        self.pinned.pop(row, None)

    @rule(data=st.data(), more=st.integers(0, 4))
    def change_places(self, data: Any, more: int) -> None:
        column = self.some_column(data)
        places = list(self.pinned.values()).count(column) + more
        self.live.set_capacity(column, places)
        self.capacity[column] = places

    @precondition(lambda self: len(self.gone) < self.live.market.rows)
    @rule(data=st.data())
    def pin(self, data: Any) -> None:
        row, column = self.someone(data), self.some_column(data)
        held = sum(1 for other, at in self.pinned.items() if at == column and other != row)
        allowed = score_row(self.live.market, row)[column] >= 0 and (row, column) not in self.forbidden
        if not allowed or held >= self.capacity[column]:
            with pytest.raises(ValueError, match="forbidden"):
                self.live.pin(row, column)
            return
        self.live.pin(row, column)
        self.pinned[row] = column

    @precondition(lambda self: self.pinned)
    @rule(data=st.data())
    def unpin(self, data: Any) -> None:
        row = data.draw(st.sampled_from(sorted(self.pinned)))
        self.live.unpin(row)
        del self.pinned[row]

    @precondition(lambda self: len(self.gone) < self.live.market.rows)
    @rule(data=st.data())
    def forbid(self, data: Any) -> None:
        row, column = self.someone(data), self.some_column(data)
        if self.pinned.get(row) != column:
            self.live.forbid(row, column)
            self.forbidden.add((row, column))

    @invariant()
    def it_is_the_optimum_and_says_so(self) -> None:
        score, _ = scores(self.live.market)
        for row, column in self.forbidden:
            score[row, column] = -1
        score[[*self.gone, *self.pinned]] = -1
        free = self.capacity - np.bincount(list(self.pinned.values()), minlength=self.columns).astype(np.int32)
        whole, now = assign(market_of(score, free), coverage=self.coverage), self.live.assignment()
        assert now.gap == 0
        assert prices_hold(now, score, free)
        assert now.total == whole.total
        assert now.pairs == whole.pairs or not self.coverage
        assert all(self.live.mate[row] == column for row, column in self.pinned.items())


TestChangingProgramme = ChangingProgramme.TestCase
TestChangingProgramme.settings = settings(
    max_examples=24, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("bounds", [TIGHT, TIGHT | {"_COLUMN": 0}, TIGHT | {"_COLUMN": 9, "_ANEW": 1000}, TIGHTEST])
@pytest.mark.parametrize("seed", range(3))
def test_after_each_of_many_changes_it_is_the_optimum_whatever_is_looked_at(
    seed: int, bounds: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bounds.items():
        monkeypatch.setattr(proof_module, name, value)
    rng = np.random.default_rng([seed, 17])
    market, source = random_market(rng, 40, 15, richness=20), random_market(rng, 60, 15, richness=20)
    coverage = seed != 1
    live = LiveMatching(market, assign(market, coverage=coverage))
    capacity, here = market.capacity.copy(), list(range(market.rows))
    for number in range(60):
        # Many leave and then many join: prices move far in one direction and back.
        if number % 20 < 10:
            live.leave(here.pop(int(rng.integers(len(here)))))
        else:
            here.append(live.join(row_of(source, number)))
        if number % 3 == 0:
            column = int(rng.integers(15))
            capacity[column] = rng.integers(0, 4)
            live.set_capacity(column, int(capacity[column]))
        score = scores(live.market)[0]
        score[np.setdiff1d(np.arange(len(score)), here)] = -1
        whole, now = assign(market_of(score, capacity), coverage=coverage), live.assignment()
        assert (now.pairs, now.total, now.gap) == (whole.pairs, whole.total, 0)
        assert prices_hold(now, score, capacity)


@pytest.fixture
def tightest(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (TIGHTEST | {"_ANEW": 1000}).items():
        monkeypatch.setattr(proof_module, name, value)


def live_of(score: list[list[int]], *, charge: int = 0) -> LiveMatching:
    """Places for one each, and the total alone counts."""
    market = market_of(np.array(score, np.int16), 1)
    return LiveMatching(market, assign(market, coverage=False, charge=charge))


def test_prices_hold_from_the_start_where_one_more_pair_is_worth_more_in_a_market_that_grows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proof_module, "_LISTED", 2)
    rng = np.random.default_rng(3725)
    market = random_market(rng, int(rng.integers(1, 25)), int(rng.integers(1, 25)), richness=12)
    assert prices_hold(LiveMatching(market, assign(market)).assignment(), scores(market)[0], market.capacity)


@pytest.mark.usefixtures("tightest")
def test_who_was_pinned_hears_of_columns_that_became_cheap_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_module, "_ANEW", 1)
    live = live_of([[5000, 6000, 100], [-1, 9000, -1], [-1, 8900, -1]])
    assert live.mate.tolist() == [0, 1, -1]
    live.pin(0, 2)
    live.leave(1)
    live.leave(2)
    live.unpin(0)
    assert live.mate[0] == 1


@pytest.mark.usefixtures("tightest")
def test_whose_only_candidate_is_forbidden_hears_of_others_when_everything_is_looked_at_anew() -> None:
    live = live_of([[5000, 4000]])
    live.forbid(0, 0)
    assert (live.mate.tolist(), live.assignment().total) == ([1], 4000)


@pytest.mark.usefixtures("tightest")
def test_a_column_with_fewer_places_than_are_pinned_proves_no_more_than_there_is() -> None:
    live = live_of([[900, 800], [700, 500], [-1, 400]], charge=10)
    live.pin(0, 0)
    live.set_capacity(0, 0)
    live.forbid(1, 1)
    assert live.mate.tolist() == [0, -1, 1]
    assert (live.assignment().total, live.assignment().gap) == (400, 0)


def test_places_doubled_at_once_are_taken_and_proven() -> None:
    market = random_market(np.random.default_rng(8), 300, 60, richness=30)
    live = LiveMatching(market, assign(market))
    for column in range(market.columns):
        live.set_capacity(column, 2 * int(market.capacity[column]))
    score = scores_by_definition(market)
    assert live.assignment().gap == 0
    assert live.assignment().total == assign(market_of(score, 2 * market.capacity)).total


def test_more_people_join_than_there_was_room_for() -> None:
    rng = np.random.default_rng(9)
    market, source = random_market(rng, 20, 30, richness=5), random_market(rng, 150, 30, richness=5)
    live = LiveMatching(market, assign(market))
    for number in range(source.rows):
        live.join(row_of(source, number))
    whole = assign(live.market)
    assert (live.assignment().pairs, live.assignment().total) == (whole.pairs, whole.total)
    assert live.assignment().gap == 0
