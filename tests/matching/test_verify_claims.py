"""What a run claims of moves, of the worst pair, of circles and of two-sided lists is looked at, or said not to be."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.domain.problems import Problem
from matching.domain.rules import Rules
from matching.domain.runs import solve
from matching.domain.verify import Unreadable, verify
from tests.matching.people import problems
from tests.matching.test_verify import company, complaints, run_of


def rematched(moves: int, *, size: int = 30, **rules: Any) -> Problem:
    """A programme that was matched, of which some have left and whose rules are others since."""
    before = company(Rules(), size=size)
    current = frozenset((pair.mentee, pair.mentor) for pair in solve(before).pairs)
    return replace(before, rules=Rules(**rules), mentees=before.mentees[3:], current=current, moves=moves)


@pytest.mark.parametrize("objective", ["coverage", "total"])
@pytest.mark.parametrize("moves", [0, 1, 4])
def test_a_run_with_few_moves_holds_and_its_prices_prove_a_bound(moves: int, objective: str) -> None:
    document = run_of(rematched(moves, objective=objective, shared_hours_min=2))
    verdict = verify(document)
    assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]
    assert verdict.gap is not None
    claim = document["claim"]
    assert verdict.gap >= claim["upper_bound"] - claim["value"]
    assert bool(verdict.unproven) == (claim["value"] + verdict.gap > claim["upper_bound"])


@pytest.mark.parametrize("moves", [0, 3])
def test_more_moves_than_are_allowed_are_seen(moves: int) -> None:
    document = run_of(rematched(moves, score_min=1))
    assert not complaints(document)
    free = run_of(replace(rematched(moves, score_min=1), moves=30))
    for field in ("pairs", "claim", "certificate"):
        document[field] = free[field]
    assert "moves" in complaints(document)


def test_a_bonus_for_staying_is_no_part_of_a_proof_where_everybody_may_move() -> None:
    document = run_of(company(Rules()))
    document["certificate"]["stay"] = 5
    assert "terms" in complaints(document)


def test_a_bonus_for_staying_that_is_too_low_proves_no_more_than_it_does() -> None:
    document = run_of(rematched(0, score_min=1))
    assert not verify(document).unproven
    document["certificate"]["stay"] = 0
    assert any("branching" in said for said in verify(document).unproven)


@settings(max_examples=40, deadline=None)
@given(problems("one_on_one", "reverse"), st.integers(0, 3))
def test_true_runs_with_few_moves_hold(problem: Problem, moves: int) -> None:
    current = frozenset((pair.mentee, pair.mentor) for pair in solve(problem).pairs)
    verdict = verify(run_of(replace(problem, mentees=problem.mentees[1:], current=current, moves=moves)))
    assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]


@pytest.mark.parametrize("programme_format", ["one_on_one", "reverse", "peer", "group"])
@pytest.mark.parametrize("least", [1, 3])
def test_that_no_worst_pair_can_be_better_is_proven(programme_format: Any, least: int) -> None:
    rules = Rules(objective="fair", circle_min=least if programme_format == "group" else 1)
    verdict = verify(run_of(company(rules, programme_format, size=16)))
    assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]
    assert not verdict.unproven
    assert "ceiling" in {finding.check for finding in verdict.findings}


@settings(max_examples=40, deadline=None)
@given(problems("one_on_one", "peer"), st.sampled_from([0, 300, 10_000]))
def test_true_fair_runs_hold_and_are_proven(problem: Problem, charge: int) -> None:
    borne = charge if problem.format == "one_on_one" else 0  # among peers nobody bears a load
    rules = problem.rules.model_copy(update={"objective": "fair", "load_charge": borne})
    verdict = verify(run_of(replace(problem, rules=rules)))
    assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]
    assert not verdict.unproven


def test_a_worst_pair_that_could_be_better_is_not_called_proven() -> None:
    document = run_of(company(Rules(objective="fair"), size=16))
    del document["certificate"]["above"]
    verdict = verify(document)
    assert verdict.holds
    assert any("better worst pair" in said for said in verdict.unproven)


def test_a_ceiling_that_prices_do_not_prove_is_seen() -> None:
    document = run_of(company(Rules(objective="fair"), size=16))
    document["certificate"]["above"]["floor"] = 1
    assert "ceiling" in complaints(document)


def test_a_run_that_stopped_early_says_that_its_worst_pair_is_not_proven() -> None:
    problem = company(Rules(objective="fair"), size=16)
    ahead = run_of(replace(problem, rules=Rules()))
    document = run_of(problem)
    worst = min(pair["score"] for pair in ahead["pairs"])
    assert worst < document["certificate"]["floor"], "the fairest are other pairs"
    document |= {"pairs": ahead["pairs"], "claim": ahead["claim"]}
    document["certificate"] = ahead["certificate"] | {"floor": worst, "above": document["certificate"]["above"]}
    assert verify(document).unproven


@pytest.mark.parametrize("objective", ["coverage", "total", "fair"])
def test_circles_whose_proof_is_of_another_number_of_people_are_seen(objective: Any) -> None:
    problem = company(Rules(circle_min=3, circle_max=6, objective=objective), "group", size=16)
    document = run_of(problem)
    assert not complaints(document)
    lost = document["pairs"][0]["mentor"]
    kept = [pair for pair in document["pairs"] if pair["mentor"] != lost]
    assert kept
    fewer, total = len(document["pairs"]) - len(kept), sum(pair["score"] for pair in kept)
    claim, base = document["claim"], document["certificate"]["base"]
    value = base * len(kept) + total
    document |= {"pairs": kept, "claim": {"pairs": len(kept), "total": total, "value": value, "upper_bound": value}}
    verdict = verify(document)
    assert verdict.unproven
    assert verdict.gap is not None
    assert verdict.gap >= claim["value"] - value >= base * fewer


def test_how_many_people_circles_can_have_is_not_believed_but_proven() -> None:
    document = run_of(company(Rules(circle_min=3, circle_max=6), "group", size=16))
    gap = verify(document).gap
    assert gap is not None
    document["certificate"]["cover_price"] = [0] * len(document["mentees"])
    looser = verify(document).gap
    assert looser is not None
    assert looser >= gap
    document["certificate"]["cover_price"][0] = -1
    assert "prices" in complaints(document)


def test_weights_too_small_to_put_coverage_first_are_seen_in_circles_too() -> None:
    document = run_of(company(Rules(circle_min=3, circle_max=6), "group", size=16))
    document["certificate"]["base"] = 1
    assert "coverage" in complaints(document)


def test_a_proof_for_peers_is_none_for_two_sides() -> None:
    problem = company(Rules(), size=20)
    document = run_of(replace(problem, mentees=problem.mentees[:10]))
    assert len(document["mentees"]) == len(document["mentors"])
    price = [document["certificate"]["base"]] * 10
    proof = {"kind": "blossoms", "base": document["certificate"]["base"], "scale": 1}
    document["certificate"] = proof | {"row_price": price, "blossoms": []}
    assert "terms" in complaints(document)


def test_what_stability_costs_is_proven() -> None:
    document = run_of(company(Rules(objective="two_sided")))
    verdict = verify(document)
    assert verdict.holds
    assert not verdict.unproven
    assert verdict.gap == document["claim"]["upper_bound"] - document["claim"]["value"]
    document["claim"]["upper_bound"] -= 1
    assert "bound" in complaints(document)


def test_threes_are_said_to_be_without_proof() -> None:
    document = run_of(company(Rules(threes=True), "peer", size=15))
    verdict = verify(document)
    assert verdict.holds
    assert verdict.gap is None
    assert any("no proof" in said for said in verdict.unproven)


def test_pairs_that_leave_somebody_out_are_not_called_the_best_where_threes_may_be() -> None:
    document = run_of(company(Rules(), "peer", size=15))
    document["rules"]["threes"] = True
    assert any("threes" in said for said in verify(document).unproven)


def test_a_run_without_its_proof_is_not_called_proven() -> None:
    document = run_of(company(Rules(objective="total")))
    document["certificate"] = None
    verdict = verify(document)
    assert verdict.gap is None
    assert verdict.unproven


def test_a_charge_is_told_beside_the_points() -> None:
    document = run_of(company(Rules(load_charge=300)))
    points, total = sum(pair["score"] for pair in document["pairs"]), document["claim"]["total"]
    assert total < points
    claims = next(finding for finding in verify(document).findings if finding.check == "claims")
    assert claims.says.endswith(f"pairs with {points:,} points, {total:,} after the load charge")


@pytest.mark.parametrize("place", ["document", "rules", "claim", "certificate", "pairs", "mentees", "taxonomy"])
def test_a_field_that_nothing_looks_at_is_damage(place: str) -> None:
    document = run_of(company(Rules(), size=10))
    where = document if place == "document" else document[place]
    (where[0] if isinstance(where, list) else where)["proven_by"] = "an oracle"
    with pytest.raises(Unreadable):
        verify(document)


def test_skills_that_are_not_what_the_taxonomy_says_are_seen() -> None:
    document = run_of(company(Rules()))
    document["taxonomy"]["near"].popitem()
    assert "inputs" in complaints(document)


def test_two_fields_of_a_person_under_each_others_names_are_damage() -> None:
    document = run_of(company(Rules()))
    names = {"skills_wanted": "skills_offered", "skills_offered": "skills_wanted"}
    document["mentees"][0] = {names.get(name, name): value for name, value in document["mentees"][0].items()}
    with pytest.raises(Unreadable, match="order"):
        verify(document)
