from dataclasses import replace
from itertools import combinations, count

import networkx as nx  # type: ignore[import-untyped]
import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.domain.engine.market import FORBIDDEN, Market
from matching.domain.engine.peers.certificate import certificate
from matching.domain.engine.peers.checking import check_pairing
from matching.domain.engine.peers.forest import DUAL, MATE, forest, graph, with_room
from matching.domain.engine.peers.pairing import Pairing, pair_up
from matching.domain.engine.peers.pools import restricted
from matching.domain.engine.peers.search import advance
from matching.domain.engine.scoring import score_row
from tests.matching.dense import Numbers, market_of, symmetric_scores
from tests.matching.markets import random_market, scores_by_definition


def best_by_networkx(scores: Numbers, *, coverage: bool) -> tuple[int, int]:
    network = nx.Graph()
    network.add_nodes_from(range(len(scores)))
    one, two = np.nonzero(np.triu(scores >= 0, 1))
    network.add_weighted_edges_from(zip(one.tolist(), two.tolist(), scores[one, two].tolist(), strict=True))
    pairs = nx.max_weight_matching(network, maxcardinality=coverage)
    return len(pairs), sum(int(scores[i, j]) for i, j in pairs)


def assert_is_a_proven_pairing(market: Market, scores: Numbers, found: Pairing) -> None:
    held = np.flatnonzero(found.mate >= 0)
    assert (found.mate[found.mate[held]] == held).all()
    assert (found.mate[held] != held).all()
    assert (scores[held, found.mate[held]] == found.score[held]).all()
    assert (found.score[held] >= 0).all()
    assert check_pairing(market, found) == []
    assert found.gap == 0
    assert found.value == found.upper_bound == found.base * found.pairs + found.total


@pytest.mark.parametrize("seed", range(120))
def test_pairs_are_as_good_as_those_of_another_exact_solver(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people, highest = int(rng.integers(0, 40)), int(rng.choice([0, 1, 3, 100, 10_000]))
    scores = symmetric_scores(rng, people, highest=highest, density=float(rng.random()))
    market = market_of(scores, 1)
    for coverage in (True, False):
        found = pair_up(market, coverage=coverage)
        assert_is_a_proven_pairing(market, scores, found)
        pairs, total = best_by_networkx(scores, coverage=coverage)
        assert found.total == total
        assert found.pairs == pairs or not coverage


@pytest.mark.parametrize("seed", range(40))
def test_pairs_that_were_not_among_the_nearest_are_found_by_pricing_all(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matching.domain.engine.peers.pairing.NEAREST", 1)
    rng = np.random.default_rng(seed)
    scores = symmetric_scores(rng, int(rng.integers(20, 90)), highest=int(rng.choice([3, 100, 10_000])), density=0.4)
    # Beginning far from the end, with duals as low as they can be, most of what breaks them has to be found.
    nothing = pair_up(market_of(np.where(scores >= 0, 0, -1), 1), stop=lambda: True)
    for coverage in (True, False):
        found = pair_up(market_of(scores, 1), coverage=coverage, start=nothing)
        assert_is_a_proven_pairing(market_of(scores, 1), scores, found)
        assert found.rounds > 1
        assert found.total == best_by_networkx(scores, coverage=coverage)[1]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_pairs_of_any_small_pool_are_the_best(data: st.DataObject) -> None:
    people = data.draw(st.integers(0, 9))
    scores = np.full((people, people), FORBIDDEN, np.int64)
    for i, j in combinations(range(people), 2):
        scores[i, j] = scores[j, i] = data.draw(st.integers(-1, 4))
    market, coverage = market_of(scores, 1), data.draw(st.booleans())
    found = pair_up(market, coverage=coverage)
    assert_is_a_proven_pairing(market, scores, found)
    assert found.total == best_by_networkx(scores, coverage=coverage)[1]


@pytest.mark.parametrize("seed", range(200))
def test_the_search_alone_finds_the_best_pairs_from_duals_that_know_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people, highest = int(rng.integers(2, 60)), int(rng.choice([1, 2, 10, 10_000]))
    scores = symmetric_scores(rng, people, highest=highest, density=float(rng.random()) ** 1.5)
    one, two = np.nonzero(np.triu(scores >= 0, 1))
    edges = graph(people, one, two, scores[one, two])
    wood = with_room(forest(people), edges)
    wood.node[:people, DUAL] = highest + int(rng.integers(0, 2))
    advance(wood, edges, people, 0, people)
    mate = wood.node[:people, MATE]
    held = np.flatnonzero(mate >= 0)
    value = int(scores[held, mate[held]].sum())
    assert value == certificate(wood, people).doubled_bound
    assert value == 2 * best_by_networkx(scores, coverage=False)[1]


@pytest.mark.parametrize("people", [3, 4, 5, 6, 51, 200, 201])
@pytest.mark.parametrize("score", [0, 1, 10_000])
def test_people_who_all_fit_alike_are_all_paired_but_one_of_an_odd_pool(people: int, score: int) -> None:
    scores = np.full((people, people), score, np.int64)
    np.fill_diagonal(scores, FORBIDDEN)
    found = pair_up(market_of(scores, 1))
    assert_is_a_proven_pairing(market_of(scores, 1), scores, found)
    assert found.pairs == people // 2


@pytest.mark.parametrize("people", [0, 1, 2, 3])
def test_hardly_anybody_and_nothing_allowed_give_no_pairs(people: int) -> None:
    scores = np.full((people, people), FORBIDDEN, np.int64)
    for coverage in (True, False):
        found = pair_up(market_of(scores, 1), coverage=coverage)
        assert_is_a_proven_pairing(market_of(scores, 1), scores, found)
        assert found.pairs == 0


@pytest.mark.parametrize("length", [3, 5, 7, 31])
def test_rings_of_odd_length_joined_to_one_another_are_paired_best(length: int) -> None:
    rng = np.random.default_rng(length)
    people = 6 * length
    scores = np.full((people, people), FORBIDDEN, np.int64)
    for ring in range(6):
        for k in range(length):
            i, j = ring * length + k, ring * length + (k + 1) % length
            scores[i, j] = scores[j, i] = 9000
    for one, two in combinations(range(6), 2):
        i, j = one * length + int(rng.integers(0, length)), two * length + int(rng.integers(0, length))
        scores[i, j] = scores[j, i] = int(rng.integers(0, 3))
    found = pair_up(market_of(scores, 1))
    assert_is_a_proven_pairing(market_of(scores, 1), scores, found)
    assert (found.pairs, found.total) == best_by_networkx(scores, coverage=True)
    assert len(found.proof.z) > 0


@pytest.mark.parametrize("sides", [(10, 10), (10, 25), (1, 40)])
def test_people_of_two_kinds_who_meet_only_the_other_kind_are_paired_best(sides: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(sides))
    scores = symmetric_scores(rng, sum(sides), highest=50, density=0.8)
    scores[: sides[0], : sides[0]] = scores[sides[0] :, sides[0] :] = FORBIDDEN
    found = pair_up(market_of(scores, 1))
    assert_is_a_proven_pairing(market_of(scores, 1), scores, found)
    assert (found.pairs, found.total) == best_by_networkx(scores, coverage=True)


def test_an_odd_pool_leaves_out_the_one_whose_absence_costs_least() -> None:
    scores = symmetric_scores(np.random.default_rng(5), 21, highest=10_000, density=1.0)
    found = pair_up(market_of(scores, 1))
    alone = int(np.flatnonzero(found.mate < 0)[0])
    without = [
        best_by_networkx(np.delete(np.delete(scores, out, 0), out, 1), coverage=True)[1] for out in range(len(scores))
    ]
    assert without[alone] == max(without) == found.total


def test_pairs_within_the_cooling_off_period_are_not_repeated() -> None:
    scores = symmetric_scores(np.random.default_rng(6), 40, highest=10_000, density=1.0)
    for _ in range(5):
        found = pair_up(market_of(scores, 1))
        assert found.pairs == 20
        assert (scores[np.arange(40), found.mate] >= 0).all()
        assert (found.pairs, found.total) == best_by_networkx(scores, coverage=True)
        scores[np.arange(40), found.mate] = FORBIDDEN


def test_people_without_a_free_place_take_no_part() -> None:
    scores = symmetric_scores(np.random.default_rng(7), 30, highest=10_000, density=0.9)
    able = np.arange(30) % 4 != 1
    market = replace(market_of(scores, 1), capacity=np.where(able, 3, 0).astype(np.int32))
    found = pair_up(market)
    scores[~able] = scores[:, ~able] = FORBIDDEN
    assert_is_a_proven_pairing(market_of(scores, 1), scores, found)
    assert (found.pairs, found.total) == best_by_networkx(scores, coverage=True)


@pytest.mark.parametrize("after", [0, 1, 2, 5])
def test_a_stopped_pairing_says_how_far_it_may_be_from_the_best(after: int) -> None:
    scores = symmetric_scores(np.random.default_rng(8), 150, highest=10_000, density=0.3)
    asked = count()
    found = pair_up(market_of(scores, 1), stop=lambda: next(asked) >= after)
    best = found.base * best_by_networkx(scores, coverage=True)[0] + best_by_networkx(scores, coverage=True)[1]
    assert found.value <= best <= found.upper_bound
    assert check_pairing(market_of(scores, 1), found) == []


def test_pairing_again_from_an_earlier_pairing_is_as_good_as_from_the_beginning() -> None:
    rng = np.random.default_rng(9)
    scores = symmetric_scores(rng, 101, highest=300, density=0.5)
    found = pair_up(market_of(scores, 1))
    for _ in range(6):
        for _ in range(10):
            i, j = rng.choice(101, 2, replace=False)
            scores[i, j] = scores[j, i] = int(rng.integers(-1, 300))
        found = pair_up(market_of(scores, 1), start=found)
        assert_is_a_proven_pairing(market_of(scores, 1), scores, found)
        assert (found.pairs, found.total) == best_by_networkx(scores, coverage=True)


def test_the_same_people_get_the_same_pairs_whatever_the_number_of_threads() -> None:
    market = market_of(symmetric_scores(np.random.default_rng(10), 120, highest=5, density=0.4), 1)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        alone = pair_up(market)
    finally:
        numba.set_num_threads(threads)
    together = pair_up(market)
    assert (alone.mate == together.mate).all()
    assert (alone.proof.dual == together.proof.dual).all()


def test_a_proof_with_a_dual_too_low_is_seen_through() -> None:
    scores = symmetric_scores(np.random.default_rng(11), 30, highest=100, density=0.7)
    market = market_of(scores, 1)
    found = pair_up(market)
    dual = found.proof.dual.copy()
    dual[np.argmax(dual)] -= 1
    assert check_pairing(market, replace(found, proof=replace(found.proof, dual=dual)))


def test_a_part_of_a_market_has_the_scores_of_its_people() -> None:
    for seed in range(10):
        market = random_market(np.random.default_rng(seed), 30, 30)
        some = np.flatnonzero(np.random.default_rng(seed).random(30) < 0.5)
        part = restricted(market, some)
        found = np.array([score_row(part, row) for row in range(len(some))])
        assert (found == scores_by_definition(market)[np.ix_(some, some)]).all()
        assert (part.capacity == market.capacity[some]).all()
