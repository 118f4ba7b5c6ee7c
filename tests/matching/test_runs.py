import pickle
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.matching import Format
from matching.domain.engine.market import Market
from matching.domain.engine.peers import pairing, threes
from matching.domain.export import exported
from matching.domain.people import Profile, words
from matching.domain.problems import Names, Problem
from matching.domain.refusal import BadValue
from matching.domain.rules import Rules, Weights
from matching.domain.runs import solve
from matching.domain.scoring import forbidden_by, score
from matching.domain.solutions import Solution
from matching.domain.verify import verify
from tests.matching.by_matrix import best
from tests.matching.people import problems
from tests.matching.test_encoding import by_definition

SEEDS = st.integers(0, 2**32)


def pinned(problem: Problem, seed: int) -> Problem:
    """The same with up to two pins that the rules allow."""
    pins: set[Names] = set()
    pairs = [(mentee, mentor) for mentee in problem.mentees for mentor in problem.columns]
    Random(seed).shuffle(pairs)
    for mentee, mentor in pairs:
        if len(pins) < 2 and not forbidden_by(problem, mentee, mentor):
            tried = replace(problem, pins=frozenset(pins | {(mentee.employee_id, mentor.employee_id)}))
            try:
                tried.must_make_sense()
            except BadValue:
                continue
            pins = set(tried.pins)
    return replace(problem, pins=frozenset(pins))


def best_by_matrix(problem: Problem) -> tuple[int, int]:
    """Pairs and total of the best matching, from all scores at once; pins are put in by leaving them no choice."""
    scores = by_definition(problem)
    columns = {profile.employee_id: place for place, profile in enumerate(problem.columns)}
    rows = {profile.employee_id: place for place, profile in enumerate(problem.mentees)}
    most = problem.rules.circle_max if problem.format == "group" else 50
    capacity = np.array([min(profile.capacity, most) for profile in problem.columns], np.int64)
    settled = [(rows[mentee], columns[mentor]) for mentee, mentor in problem.pins]
    total = sum(int(scores[pair]) for pair in settled)
    for row, column in settled:
        capacity[column] -= 1
        scores[row] = -1
        if problem.format == "peer":
            scores[:, [row, column]], scores[column] = -1, -1
    found = best(scores, capacity, peers=problem.format == "peer")
    return len(settled) + len(found.left), total + found.total


def must_hold(problem: Problem, solution: Solution) -> None:
    """What every solution has to be, whatever the solver."""
    mentees = {profile.employee_id: profile for profile in problem.mentees}
    mentors = {profile.employee_id: profile for profile in problem.columns}
    load = dict.fromkeys(mentors, 0)
    matched: list[str] = []
    for pair in solution.pairs:
        one, other = mentees[pair.mentee], mentors[pair.mentor]
        assert forbidden_by(problem, one, other) is None
        assert pair.score == score(one, other, problem.rules, problem.format, problem.taxonomy)
        assert pair.score == sum(pair.contributions.values())
        load[pair.mentor] += 1
        matched += [pair.mentee] + ([pair.mentor] if problem.format == "peer" else [])
    assert len(matched) == len(set(matched))
    assert set(solution.unmatched) == set(mentees) - set(matched)
    assert all(places <= max(mentors[name].capacity, 0) for name, places in load.items())
    there = {(pair.mentee, pair.mentor) for pair in solution.pairs}
    there |= {names[::-1] for names in there} if problem.format == "peer" else set()
    assert problem.pins <= there


@settings(max_examples=120)
@given(problems("one_on_one", "reverse", "group", "peer"), SEEDS)
def test_a_run_finds_the_best_there_is_and_proves_it(problem: Problem, seed: int) -> None:
    problem = pinned(problem, seed)
    solution = solve(problem)
    must_hold(problem, solution)
    assert (len(solution.pairs), solution.total) == best_by_matrix(problem)
    assert solution.upper_bound == solution.total
    certificate = solution.certificate
    assert certificate is not None
    assert certificate.gap == 0
    assert len(certificate.row_price) == len(problem.mentees)
    assert len(certificate.column_price) == len(problem.columns)


@settings(max_examples=20)
@given(problems())
def test_the_same_problem_has_the_same_solution_to_the_last_price(problem: Problem) -> None:
    assert solve(problem) == solve(problem)


def person(name: str, **given: Any) -> Profile:
    return Profile(name, **given)


def test_the_unmatched_hear_why() -> None:
    rules = Rules(weights=Weights(goals=1), score_min=5000)
    mentees = (
        person("E1", goals=words(["a"])),
        person("E2", goals=words(["a"])),
        person("E3", goals=words(["b"])),
        person("E4", goals=words(["a"]), blocks=frozenset({"E9"})),
    )
    found = solve(Problem("one_on_one", rules, mentees, (person("E9", goals=words(["a"])),)))
    assert [pair.mentee for pair in found.pairs] == ["E1"]
    assert found.unmatched == {"E2": "all_full", "E3": "below_floor", "E4": "no_candidates"}


def test_a_pin_is_kept_though_it_costs_and_its_place_is_taken() -> None:
    rules = Rules(weights=Weights(goals=1))
    fan, stranger = person("E1", goals=words(["a"])), person("E2", goals=words(["b"]))
    mentor = person("E9", goals=words(["a"]))
    problem = Problem("one_on_one", rules, (fan, stranger), (mentor,), pins=frozenset({("E2", "E9")}))
    found = solve(problem)
    assert [(pair.mentee, pair.mentor) for pair in found.pairs] == [("E2", "E9")]
    assert found.unmatched == {"E1": "all_full"}
    assert (found.total, found.upper_bound, found.report["pinned"]) == (0, 0, 1)


REFUSED_PINS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"pins": frozenset({("E1", "E9")}), "rules": Rules(training_required=True)}, "training_required"),
    ({"pins": frozenset({("E1", "E9")}), "rules": Rules(score_min=10_000)}, "score_min"),
    ({"pins": frozenset({("E1", "E9")}), "forbids": frozenset({("E1", "E9")})}, "forbidden"),
    ({"pins": frozenset({("E1", "E7")})}, "takes no part"),
    ({"pins": frozenset({("E7", "E9")})}, "takes no part"),
    ({"pins": frozenset({("E1", "E9"), ("E1", "E8")})}, "more pinned partners than places"),
    ({"pins": frozenset({("E1", "E9"), ("E2", "E9")})}, "more pinned partners than places"),
)


@pytest.mark.parametrize(("given", "says"), REFUSED_PINS, ids=[says for _, says in REFUSED_PINS])
def test_a_pin_that_cannot_be_is_refused_and_says_why(given: dict[str, Any], says: str) -> None:
    people = tuple(person(name) for name in ("E1", "E2", "E8", "E9"))
    problem = replace(Problem("one_on_one", Rules(), people[:2], people[2:]), **given)
    with pytest.raises(BadValue) as refused:
        solve(problem)
    assert refused.value.field == "pins"
    assert says in refused.value.detail


def test_a_refusal_is_heard_in_another_process() -> None:
    said = pickle.loads(pickle.dumps(BadValue("pins", "E1 with E2: no.")))  # noqa: S301
    assert (said.field, said.detail, str(said)) == ("pins", "E1 with E2: no.", "pins: E1 with E2: no.")


@pytest.mark.parametrize(
    ("people", "field"),
    [
        ((person("E1"), person("E1")), "mentees"),
        ((person("E1", wishes=("E1",)),), "wishes"),
        ((person("E1", capacity=-1),), "capacity"),
    ],
)
def test_people_who_make_no_sense_are_refused_by_field(people: tuple[Profile, ...], field: str) -> None:
    with pytest.raises(BadValue) as refused:
        solve(Problem("one_on_one", Rules(), people))
    assert refused.value.field == field


@pytest.mark.parametrize("programme_format", ["one_on_one", "group", "peer", "reverse"])
def test_nobody_at_all_is_no_trouble(programme_format: Format) -> None:
    for mentees in ((), (person("E1"),)):
        found = solve(Problem(programme_format, Rules(), mentees))
        assert (found.pairs, found.total, found.upper_bound) == ((), 0, 0)
        assert found.unmatched == {profile.employee_id: "no_candidates" for profile in mentees}
        assert found.certificate is not None


def test_without_coverage_the_total_alone_counts() -> None:
    mentees = (person("E1", goals=words("ab")), person("E2", goals=words("cd")))
    mentors = (person("E8", goals=words("abc"), blocks=frozenset()), person("E9", goals=words("c"), level=9))
    rules = Rules(weights=Weights(goals=1), level_gap_max=5)
    first = solve(Problem("one_on_one", rules, mentees, mentors))
    assert len(first.pairs) == 1
    for objective in ("coverage", "total"):
        found = solve(Problem("one_on_one", rules.model_copy(update={"objective": objective}), mentees, mentors))
        assert (len(found.pairs), found.total) == (1, 10_000)


def test_a_charge_for_load_spreads_mentees_over_mentors() -> None:
    mentees = tuple(person(f"E{n}", goals=words("ab")) for n in range(4))
    mentors = (person("E8", goals=words("ab"), capacity=4), person("E9", goals=words("a"), capacity=4))
    plain = solve(Problem("one_on_one", Rules(weights=Weights(goals=1)), mentees, mentors))
    assert plain.report["mentors_by_load"] == {"4": 1}
    spread = solve(Problem("one_on_one", Rules(weights=Weights(goals=1), load_charge=6000), mentees, mentors))
    assert spread.report["mentors_by_load"] == {"2": 2}
    assert spread.total == 2 * 10_000 + 2 * 5000 - 2 * 6000
    assert spread.certificate is not None
    assert spread.certificate.gap == 0


def test_circles_that_cannot_fill_are_not_opened_and_their_people_go_elsewhere() -> None:
    mentees = tuple(person(f"E{n}", goals=words("a")) for n in range(4))
    mentors = (person("E8", goals=words("b"), capacity=4), person("E9", goals=words("a"), capacity=2))
    found = solve(Problem("group", Rules(weights=Weights(goals=1), circle_min=3, circle_max=5), mentees, mentors))
    assert {pair.mentor for pair in found.pairs} == {"E8"}
    assert len(found.pairs) == 4
    assert found.report["gap"] == 0


def test_people_who_have_met_are_not_brought_together_again() -> None:
    one, other = (person("E1"), person("E2")), person("E3")
    assert not solve(Problem("one_on_one", Rules(), one[:1], (other,), frozenset({("E1", "E3")}))).pairs
    assert not solve(Problem("peer", Rules(), one, (), frozenset({("E2", "E1")}))).pairs
    assert len(solve(Problem("peer", Rules(exclude_earlier=False), one, (), frozenset({("E2", "E1")}))).pairs) == 1


def test_somebody_who_is_both_is_never_matched_with_themselves() -> None:
    both = person("E1")
    assert not solve(Problem("one_on_one", Rules(), (both,), (both,))).pairs


def test_a_group_takes_as_many_as_its_mentor_has_room_for() -> None:
    mentees = tuple(person(f"E{number}") for number in range(5))
    found = solve(Problem("group", Rules(), mentees, (person("E9", capacity=4),)))
    assert len(found.pairs) == 4


def test_peers_with_the_smaller_id_stand_first_and_who_has_no_place_is_left_out() -> None:
    people = (person("E3"), person("E2"), person("E1", capacity=0))
    found = solve(Problem("peer", Rules(), people))
    assert [(pair.mentee, pair.mentor) for pair in found.pairs] == [("E2", "E3")]
    assert found.unmatched == {"E1": "all_full"}
    assert found.report["certified"]


def test_an_odd_pool_of_peers_may_have_a_three() -> None:
    people = tuple(person(f"E{number}", goals=words("ab" if number < 3 else "c")) for number in range(5))
    rules = Rules(weights=Weights(goals=1), threes=True)
    found = solve(Problem("peer", rules, people))
    assert [(pair.mentee, pair.mentor) for pair in found.pairs] == [
        ("E0", "E1"),
        ("E0", "E2"),
        ("E1", "E2"),
        ("E3", "E4"),
    ]
    assert found.unmatched == {}
    assert (found.total, found.upper_bound) == (40_000, 40_000)
    even = solve(Problem("peer", rules, people[1:]))
    assert len(even.pairs) == 2
    assert even.report["certified"]


def test_the_pairs_of_an_odd_pool_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    pair_worth = pairing.pair_worth

    def counted(market: Market, *given: Any, **named: Any) -> pairing.Pairing:
        asked.append(market.rows)
        return pair_worth(market, *given, **named)

    monkeypatch.setattr(pairing, "pair_worth", counted)
    monkeypatch.setattr(threes, "pair_worth", counted)
    people = tuple(person(f"E{number}") for number in range(5))
    solve(Problem("peer", Rules(threes=True), people))
    assert asked.count(5) == 1


@settings(max_examples=40)
@given(problems("peer"), SEEDS)
def test_threes_take_in_people_whom_pairs_leave_out(problem: Problem, seed: int) -> None:
    problem = replace(pinned(problem, seed), rules=problem.rules.model_copy(update={"threes": True}))
    plain = solve(replace(problem, rules=problem.rules.model_copy(update={"threes": False})))
    found = solve(problem)
    assert len(found.unmatched) <= len(plain.unmatched)
    partners: dict[str, set[str]] = {}
    mentees = {profile.employee_id: profile for profile in problem.mentees}
    for pair in found.pairs:
        assert forbidden_by(problem, mentees[pair.mentee], mentees[pair.mentor]) is None
        partners.setdefault(pair.mentee, set()).add(pair.mentor)
        partners.setdefault(pair.mentor, set()).add(pair.mentee)
    assert set(found.unmatched) == set(mentees) - set(partners)
    for name, others in partners.items():
        assert len(others) <= 2
        assert all(partners[other] - {name} == others - {other} for other in others)
    assert all(finding.holds for finding in verify(exported(problem, found)).findings)
