import ast
import json
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from matching.domain import verify_scores
from matching.domain.export import exported
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.rules import Rules, Weights
from matching.domain.runs import solve
from matching.domain.scoring import broken_rules, contributions
from matching.domain.solutions import Solution
from matching.domain.verify import Unreadable, verify
from matching.domain.verify_scores import Scores
from tests.matching.people import TAXONOMY, problems


def document_of(problem: Problem) -> dict[str, Any]:
    return exported(problem, Solution((), {}, people=0, total=0, upper_bound=0, inputs_digest=problem.digest))


@settings(max_examples=300, deadline=None)
@given(problems())
def test_its_own_scores_and_rules_are_those_of_the_definition(problem: Problem) -> None:
    scores = Scores(document_of(problem))
    for row, mentee in enumerate(problem.mentees):
        score, allowed = scores.allowed(row)
        broken = scores.broken(row)
        for column, mentor in enumerate(problem.columns):
            said = contributions(mentee, mentor, problem.rules, problem.format, problem.taxonomy)
            assert scores.contributions(row, column) == said
            assert score[column] == sum(said.values())
            by_definition = set(broken_rules(problem, mentee, mentor))
            assert {name for name, apart in broken.items() if apart[column]} == by_definition - {"score_min"}
            assert allowed[column] == (not by_definition)


PLACES = (("berlin, de", "de"), ("bonn, de", "de"), ("paris, fr", "fr"))
SKILLS = ("a", "a1", "b", "c", "d", "e", "f", "g")


def company(rules: Rules, programme_format: Any = "one_on_one", *, seed: int = 1, size: int = 40) -> Problem:
    """Enough people that most find somebody, and every rule forbids some pairs."""
    dice = Random(seed)

    def someone(name: str, *, senior: bool) -> Profile:
        site, country = dice.choice(PLACES)
        return Profile(
            employee_id=name,
            level=dice.randint(4, 9) if senior else dice.randint(0, 5),
            offset_minutes=dice.choice([-300, 0, 60, 330]),
            languages=frozenset(dice.sample(["en", "de", "fr"], 2)),
            skills_wanted=frozenset(dice.sample(SKILLS, 3)),
            skills_offered=frozenset(dice.sample(SKILLS, 3)),
            goals=frozenset(dice.sample("xyz", 2)),
            capacity=dice.randint(1, 3) if senior else 1,
            department=dice.choice(["it", "hr", "law"]),
            site=site,
            country=country,
            tenure_days=dice.choice([10, 900]),
            trained=dice.random() < 0.7,
        )

    mentees = [someone(f"M{number:02}", senior=False) for number in range(size)]
    mentors = [someone(f"N{number:02}", senior=True) for number in range(size // 2)]
    enter = iter(range(1, 10_000, 2))
    people = [replace(one, line=(at, at + 1)) for one, at in zip((*mentees, *mentors), enter, strict=False)]
    rows, columns = tuple(people[:size]), tuple(people[size:])
    if programme_format == "peer":
        return Problem(programme_format, rules, rows, taxonomy=TAXONOMY)
    return Problem(programme_format, rules, rows, columns, taxonomy=TAXONOMY)


def run_of(problem: Problem) -> dict[str, Any]:
    """A true run of the engine, exported."""
    document: dict[str, Any] = json.loads(json.dumps(exported(problem, solve(problem))))
    return document


def complaints(document: dict[str, Any]) -> list[str]:
    return [finding.check for finding in verify(document).findings if not finding.holds]


@pytest.mark.parametrize("programme_format", ["one_on_one", "reverse"])
@pytest.mark.parametrize("charge", [0, 300])
@pytest.mark.parametrize("objective", ["coverage", "total"])
def test_a_true_run_holds_and_is_proven(programme_format: Any, charge: int, objective: Any) -> None:
    rules = Rules(objective=objective, shared_hours_min=2, load_charge=charge)
    verdict = verify(run_of(company(rules, programme_format)))
    assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]
    assert verdict.gap == 0


@settings(max_examples=60, deadline=None)
@given(problems("one_on_one", "reverse"))
def test_true_runs_of_any_rules_hold(problem: Problem) -> None:
    verdict = verify(run_of(problem))
    assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]
    assert verdict.gap == 0


@pytest.mark.parametrize("programme_format", ["one_on_one", "peer", "group"])
def test_where_the_worst_pair_counts_first_the_proof_is_of_matchings_without_a_worse_one(programme_format: Any) -> None:
    document = run_of(company(Rules(objective="fair"), programme_format, size=16))
    assert document["certificate"]["floor"] == min(pair["score"] for pair in document["pairs"])
    verdict = verify(document)
    assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]
    assert verdict.gap == 0
    document["certificate"]["floor"] += 1
    assert "worst pair" in complaints(document)


@settings(max_examples=60, deadline=None)
@given(problems("peer", "group"))
def test_true_runs_of_peers_and_circles_hold(problem: Problem) -> None:
    verdict = verify(run_of(problem))
    assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]


@pytest.mark.parametrize("programme_format", ["one_on_one", "group"])
def test_pinned_pairs_and_their_places_are_taken_out_of_the_proof(programme_format: Any) -> None:
    rules = Rules(load_charge=50 if programme_format == "one_on_one" else 0, circle_max=3)
    free = company(rules, programme_format)
    found = solve(free)
    pins = frozenset((pair.mentee, pair.mentor) for pair in found.pairs[:7])
    verdict = verify(run_of(replace(free, pins=pins)))
    assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]
    assert verdict.gap == 0


@pytest.mark.parametrize("least", [2, 3])
def test_circles_are_proven_as_far_as_prices_reach(least: int) -> None:
    problem = company(Rules(circle_min=least, circle_max=6), "group")
    document = run_of(problem)
    verdict = verify(document)
    assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]
    assert verdict.gap is not None
    assert verdict.gap >= document["claim"]["upper_bound"] - document["claim"]["value"]
    for person in document["mentors"]:
        person["capacity"] = 1
    assert "capacities" in complaints(document)


def test_two_sided_lists_are_proven_by_nobody_who_would_rather_swap() -> None:
    problem = company(Rules(objective="two_sided"))
    dice = Random(5)
    mentees, mentors = problem.mentees, problem.mentors
    wishing = tuple(
        replace(one, wishes=tuple(other.employee_id for other in dice.sample(mentors, 3))) for one in mentees
    )
    wished = tuple(
        replace(one, wishes=tuple(other.employee_id for other in dice.sample(mentees, 4))) for one in mentors
    )
    document = run_of(replace(problem, mentees=wishing, mentors=wished))
    assert not complaints(document)
    one, other = (
        document["pairs"][0],
        next(p for p in document["pairs"] if p["mentor"] != document["pairs"][0]["mentor"]),
    )
    one["mentor"], other["mentor"] = other["mentor"], one["mentor"]
    assert "stability" in complaints(document)


def test_a_changed_score_is_seen() -> None:
    document = run_of(company(Rules()))
    document["pairs"][3]["score"] += 1
    assert {"scores", "claims"} <= set(complaints(document))


def test_changed_contributions_are_seen() -> None:
    document = run_of(company(Rules()))
    pair = next(pair for pair in document["pairs"] if pair["contributions"]["skills"] > 0)
    pair["contributions"]["skills"] -= 1
    pair["contributions"]["goals"] += 1
    assert complaints(document) == ["scores"]


def rival(document: dict[str, Any]) -> dict[str, Any]:
    """The first pair of a run, to be spoiled."""
    pair: dict[str, Any] = document["pairs"][0]
    return pair


def people_of(document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    pair = rival(document)
    mentee = next(person for person in document["mentees"] if person["employee_id"] == pair["mentee"])
    mentor = next(person for person in document["mentors"] if person["employee_id"] == pair["mentor"])
    return mentee, mentor


BREAKS: dict[str, tuple[Rules, dict[str, Any], dict[str, Any]]] = {
    "reporting_line": (Rules(), {"line": [500, 600]}, {"line": [510, 520]}),
    "block": (Rules(), {"blocks": ["MENTOR"]}, {}),
    "earlier": (Rules(), {}, {"earlier": ["MENTEE"]}),
    "shared_hours_min": (Rules(shared_hours_min=1), {"offset_minutes": 0}, {"offset_minutes": 600}),
    "shared_language": (Rules(shared_language=True), {"languages": ["la"]}, {}),
    "level_gap_min": (Rules(level_gap_min=-1), {"level": 9}, {"level": 0}),
    "level_gap_max": (Rules(level_gap_max=9), {"level": 0}, {"level": 30}),
    "department": (Rules(department="different"), {"department": "it"}, {"department": "it"}),
    "site": (Rules(site="same"), {"site": "rome, it"}, {}),
    "country": (Rules(country="same"), {"country": ""}, {}),
    "tenure_days_min": (Rules(tenure_days_min=5), {}, {"tenure_days": None}),
    "training_required": (Rules(training_required=True), {}, {"trained": False}),
    "score_min": (Rules(score_min=100, weights=Weights(goals=1)), {"goals": ["quiet"]}, {}),
}


@pytest.mark.parametrize("rule", BREAKS)
def test_a_pair_that_breaks_a_hard_rule_is_seen(rule: str) -> None:
    rules, of_mentee, of_mentor = BREAKS[rule]
    document = run_of(company(rules))
    assert not complaints(document)
    mentee, mentor = people_of(document)
    names = {"MENTOR": mentor["employee_id"], "MENTEE": mentee["employee_id"]}
    for person, change in ((mentee, of_mentee), (mentor, of_mentor)):
        person |= {
            field: [names.get(name, name) for name in value] if isinstance(value, list) else value
            for field, value in change.items()
        }
    broken = next(finding for finding in verify(document).findings if finding.check == "hard rules")
    assert not broken.holds
    assert f"{mentee['employee_id']} with {mentor['employee_id']}: {rule}" in broken.says


def test_a_pair_that_was_forbidden_is_seen() -> None:
    document = run_of(company(Rules()))
    document["forbids"] = [[rival(document)["mentee"], rival(document)["mentor"]]]
    assert "hard rules" in complaints(document)


def test_a_pin_that_was_not_kept_is_seen() -> None:
    document = run_of(company(Rules()))
    others = [person["employee_id"] for person in document["mentors"]]
    document["pins"] = [[rival(document)["mentee"], next(name for name in others if name != rival(document)["mentor"])]]
    assert "pins" in complaints(document)


def test_a_mentor_with_more_mentees_than_places_is_seen() -> None:
    document = run_of(company(Rules()))
    _, mentor = people_of(document)
    mentor["capacity"] = 0
    assert "capacities" in complaints(document)


def test_a_mentee_with_two_mentors_is_seen() -> None:
    document = run_of(company(Rules()))
    document["pairs"].insert(0, dict(rival(document)))
    assert "one partner each" in complaints(document)


@pytest.mark.parametrize("field", ["inputs_digest", "rules", "people", "taxonomy"])
def test_inputs_that_are_not_those_of_the_run_are_seen(field: str) -> None:
    document = run_of(company(Rules()))
    if field == "people":
        document["mentors"][0]["capacity"] += 1
    elif field == "rules":
        document["rules"]["circle_max"] = 7
    elif field == "taxonomy":
        document["taxonomy"]["digest"] = "0" * 64
    else:
        document["inputs_digest"] = "0" * 64
    assert "inputs" in complaints(document)


@pytest.mark.parametrize("damaged", [None, [], {}, {"document": "mentorship-run/2"}, {"document": "another/1"}])
def test_what_is_no_exported_run_is_said_to_be_none(damaged: Any) -> None:
    with pytest.raises(Unreadable, match="exported run"):
        verify(damaged)


def test_a_run_with_somebody_who_is_not_there_is_said_to_be_damaged() -> None:
    document = run_of(company(Rules()))
    rival(document)["mentor"] = "X"
    with pytest.raises(Unreadable, match="X"):
        verify(document)


def test_the_verifier_stands_on_numpy_alone() -> None:
    modules = sorted(Path(verify_scores.__file__ or "").parent.glob("verify*.py"))
    own = {f"matching.domain.{module.stem}" for module in modules}
    for module in modules:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        named = {
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [node.module or ""] if isinstance(node, ast.ImportFrom) else [part.name for part in node.names]
            )
        }
        foreign = {name for name in named if name.split(".")[0] not in sys.stdlib_module_names} - own
        assert foreign <= {"numpy", "numpy.typing"}
