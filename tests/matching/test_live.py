from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from matching.domain.engine.assignment import assign
from matching.domain.engine.live import LiveMatching
from matching.domain.engine.rows import row_of
from tests.matching.dense import market_of
from tests.matching.markets import random_market, scores_by_definition


class ChangingProgramme(RuleBasedStateMachine):
    """People join and leave, mentors change their places, pairs are pinned and forbidden: always the optimum."""

    @initialize(seed=st.integers(0, 10**6), richness=st.sampled_from([2, 12]), coverage=st.booleans())
    def start(self, seed: int, richness: int, coverage: bool) -> None:
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
        allowed = scores_by_definition(self.live.market)[row, column] >= 0 and (row, column) not in self.forbidden
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
        score = scores_by_definition(self.live.market)
        for row, column in self.forbidden:
            score[row, column] = -1
        score[[*self.gone, *self.pinned]] = -1
        free = self.capacity - np.bincount(list(self.pinned.values()), minlength=self.columns).astype(np.int32)
        whole, now = assign(market_of(score, free), coverage=self.coverage), self.live.assignment()
        assert now.gap == 0
        assert now.total == whole.total
        assert now.pairs == whole.pairs or not self.coverage
        assert all(self.live.mate[row] == column for row, column in self.pinned.items())


TestChangingProgramme = ChangingProgramme.TestCase
TestChangingProgramme.settings = settings(
    max_examples=10, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)


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
