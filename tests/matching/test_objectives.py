"""The objectives beside coverage and total: the fairest, two-sided lists, few moves."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings

from contracts.matching import Format
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.refusal import BadValue
from matching.domain.rules import Rules
from matching.domain.runs import solve
from matching.domain.scoring import forbidden_by, score
from matching.domain.solutions import Solution
from tests.matching.by_matrix import best
from tests.matching.people import problems
from tests.matching.test_encoding import by_definition
from tests.matching.test_runs import SEEDS, must_hold, person


def solved(problem: Problem, objective: str) -> tuple[Problem, Solution]:
    """The problem with that objective, and its solution."""
    problem = replace(problem, rules=problem.rules.model_copy(update={"objective": objective}))
    solution = solve(problem)
    must_hold(problem, solution)
    return problem, solution


def fairest_by_matrix(problem: Problem) -> tuple[int, int, int]:
    """Pairs, worst pair and total of the fairest matching, by trying every floor."""
    scores = by_definition(problem)
    capacity = np.array([profile.capacity for profile in problem.columns], np.int64)
    found = []
    for floor in sorted({0, *scores[scores >= 0].tolist()}):
        pairs = best(np.where(scores >= floor, scores, -1), capacity, peers=problem.format == "peer")
        worst = int(scores[pairs.left, pairs.right].min()) if len(pairs.left) else 0
        found.append((len(pairs.left), worst, pairs.total))
    return max(found)


@settings(max_examples=60)
@given(problems("one_on_one", "reverse", "peer"))
def test_the_fairest_matching_raises_the_worst_pair_before_the_total(problem: Problem) -> None:
    problem, solution = solved(problem, "fair")
    assert (len(solution.pairs), solution.worst, solution.total) == fairest_by_matrix(problem)
    assert solution.certificate is not None
    assert solution.certificate.gap == 0
    if solution.pairs:
        assert solution.certificate.details["ceiling"] == solution.certificate.details["floor"] == solution.worst


@settings(max_examples=60)
@given(problems("one_on_one", "reverse", "group"))
def test_with_two_sided_lists_no_two_would_both_rather_have_each_other(problem: Problem) -> None:
    problem, solution = solved(problem, "two_sided")
    most = problem.rules.circle_max if problem.format == "group" else 50
    has = {pair.mentee: pair.mentor for pair in solution.pairs}
    for mentee in problem.mentees:
        for mentor in problem.mentors:
            if forbidden_by(problem, mentee, mentor) or has.get(mentee.employee_id) == mentor.employee_id:
                continue
            held = [one for one in problem.mentees if has.get(one.employee_id) == mentor.employee_id]
            full = len(held) >= min(mentor.capacity, most)
            current = next((one for one in problem.mentors if one.employee_id == has.get(mentee.employee_id)), None)
            mentee_would = current is None or likes(problem, mentee, mentor) > likes(problem, mentee, current)
            worst = min((likes(problem, mentor, one, turned=True) for one in held), default=(-1, -1))
            mentor_would = not full or likes(problem, mentor, mentee, turned=True) > worst
            assert not (mentee_would and mentor_would and min(mentor.capacity, most))


def likes(problem: Problem, who: Profile, other: Profile, *, turned: bool = False) -> tuple[int, int]:
    """How much somebody wants another: by the place on their list, then by score."""
    wished = 10 - who.wishes.index(other.employee_id) if other.employee_id in who.wishes else 0
    pair = (other, who) if turned else (who, other)
    return wished, score(*pair, problem.rules, problem.format, problem.taxonomy)


@settings(max_examples=60)
@given(problems("one_on_one", "reverse"), SEEDS)
def test_few_moves_leave_most_people_with_whom_they_have(problem: Problem, seed: int) -> None:
    rules = problem.rules.model_copy(update={"exclude_earlier": False})
    problem = replace(problem, rules=rules, forbids=frozenset())
    first = solve(problem)
    current = frozenset((pair.mentee, pair.mentor) for pair in first.pairs)
    changed = replace(problem, mentees=problem.mentees[1:], current=current, moves=Random(seed).randint(0, 2))
    found = solve(changed)
    must_hold(changed, found)
    there = {profile.employee_id for profile in changed.mentees}
    kept = {(pair.mentee, pair.mentor) for pair in found.pairs}
    moved = [names for names in current if names[0] in there and names not in kept]
    assert len(moved) <= (changed.moves or 0)
    free = solve(replace(changed, moves=None))
    assert (len(found.pairs), found.total) <= (len(free.pairs), free.total)
    assert found.certificate is not None
    assert found.certificate.upper_bound >= found.certificate.value
    unlimited = solve(replace(changed, moves=99))
    assert (len(unlimited.pairs), unlimited.total) == (len(free.pairs), free.total)
    assert unlimited.inputs_digest != free.inputs_digest


@pytest.mark.parametrize(
    ("programme_format", "rules"),
    [
        ("peer", Rules()),
        ("group", Rules(circle_min=3)),
        ("one_on_one", Rules(objective="fair")),
        ("one_on_one", Rules(load_charge=5)),
    ],
)
def test_moves_are_refused_where_they_are_not_counted(programme_format: Format, rules: Rules) -> None:
    with pytest.raises(BadValue) as refused:
        solve(Problem(programme_format, rules, (person("E1"),), moves=1))
    assert refused.value.field == "options.moves"
