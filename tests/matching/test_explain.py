from dataclasses import replace

import pytest

from matching.domain.explain import missing_mentors, why_unmatched
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.rules import Rules
from matching.domain.runs import solve


def mentor(name: str, **known: object) -> Profile:
    return Profile(name, level=5, skills_offered=frozenset({"sql"}), languages=frozenset({"en"}), **known)  # type: ignore[arg-type]


MENTEE = Profile("E1", level=3, skills_wanted=frozenset({"sql"}), languages=frozenset({"en"}))


def asked(rules: Rules, *mentors: Profile, mentees: tuple[Profile, ...] = (MENTEE,)) -> Problem:
    return Problem("one_on_one", rules, mentees, mentors)


@pytest.mark.parametrize(
    ("rules", "other", "rule", "value"),
    [
        (Rules(shared_hours_min=4), mentor("M1", offset_minutes=300), "shared_hours_min", 3),
        (Rules(level_gap_max=1), mentor("M1"), "level_gap_max", 2),
        (Rules(level_gap_min=4), mentor("M1"), "level_gap_min", 2),
        (Rules(department="same"), mentor("M1", department="ops"), "department", "any"),
        (Rules(training_required=True), mentor("M1"), "training_required", None),
        (Rules(tenure_days_min=100), mentor("M1", tenure_days=40), "tenure_days_min", 40),
    ],
)
def test_the_nearest_relaxation_is_the_one_that_lets_somebody_through(
    rules: Rules, other: Profile, rule: str, value: object
) -> None:
    problem = asked(rules, other)
    found = why_unmatched(problem, MENTEE)
    assert found.broken == {rule: 1}
    assert (found.relaxations[0].rule, found.relaxations[0].value) == (rule, value)
    assert solve(problem).unmatched == {"E1": found.reason}
    if value is not None:
        relaxed = Rules.model_validate({**rules.model_dump(), rule: value})
        assert solve(replace(problem, rules=relaxed)).unmatched == {}


def test_a_score_below_the_floor_says_which_floor_would_do() -> None:
    found = why_unmatched(asked(Rules(score_min=9_999), mentor("M1")), MENTEE)
    assert found.reason == "below_floor"
    relaxed = Rules(score_min=int(found.relaxations[0].value or 0))
    assert solve(asked(relaxed, mentor("M1"))).unmatched == {}


def test_who_finds_everybody_full_learns_whose_place_would_help_most() -> None:
    other = replace(MENTEE, employee_id="E2", wishes=("M1",))
    problem = asked(Rules(), mentor("M1"), mentees=(MENTEE, other))
    solution = solve(problem)
    assert solution.unmatched == {"E1": "all_full"}
    found = why_unmatched(problem, MENTEE)
    assert found.reason == "all_full"
    assert (found.relaxations[0].rule, found.relaxations[0].value) == ("capacity", "M1")
    assert solve(asked(Rules(), mentor("M1", capacity=2), mentees=(MENTEE, other))).unmatched == {}


def test_nobody_is_told_to_lift_a_block() -> None:
    found = why_unmatched(asked(Rules(), mentor("M1", blocks=frozenset({"E1"}))), MENTEE)
    assert (found.reason, found.relaxations, found.broken) == ("no_candidates", (), {"block": 1})


def test_the_missing_mentors_are_those_whom_most_of_the_unmatched_could_have() -> None:
    rules = Rules(shared_hours_min=6, shared_language=True, level_gap_min=1)
    tokyo = [
        Profile(f"T{n}", level=2, offset_minutes=540, skills_wanted=frozenset({"rust"}), languages=frozenset({"ja"}))
        for n in range(4)
    ]
    lima = Profile("L1", level=2, offset_minutes=-300, skills_wanted=frozenset({"sql"}), languages=frozenset({"es"}))
    problem = asked(rules, mentor("M1", capacity=2), mentees=(*tokyo, lima))
    assert set(solve(problem).unmatched) == {"T0", "T1", "T2", "T3", "L1"}
    found = missing_mentors(problem, problem.mentees)
    first, second = found
    assert (first.skill, first.offset_minutes, first.language, first.mentors, first.would_match) == (
        "rust",
        540,
        "ja",
        2,
        4,
    )
    assert (second.skill, second.offset_minutes, second.would_match) == ("sql", -300, 1)
    hired = tuple(
        Profile(
            f"N{kind.skill}{number}",
            level=kind.level,
            offset_minutes=kind.offset_minutes,
            languages=frozenset({kind.language}),
            skills_offered=frozenset({kind.skill}),
            capacity=2,
        )
        for kind in found
        for number in range(kind.mentors)
    )
    assert solve(replace(problem, mentors=(*problem.mentors, *hired))).unmatched == {}


def test_where_everybody_is_matched_nobody_is_missing() -> None:
    assert missing_mentors(asked(Rules(), mentor("M1")), ()) == []
