"""Pairs that somebody decides on by hand: a must-match pair has to be possible under the hard rules."""

from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.refusal import BadValue
from matching.domain.rules import Rules
from matching.domain.scoring import HardRule, forbidden_by

_WHY: dict[HardRule, str] = {
    "self": "Nobody is matched with themselves.",
    "reporting_line": "One reports to the other, directly or not.",
    "block": "One has blocked the other.",
    "earlier": "They were partners before.",
}


def must_hold(problem: Problem, mentee: Profile, mentor: Profile) -> None:
    """Refuses a pair that a hard rule forbids, by the rule; `problem` has the format, rules and taxonomy."""
    rule = forbidden_by(problem, mentee, mentor)
    if rule is None:
        return
    field = f"rules.{rule}" if rule in Rules.model_fields else f"pair.{rule}"
    why = _WHY.get(rule, "This rule of the programme forbids the pair.")
    raise BadValue(field, f"{mentee.employee_id} with {mentor.employee_id}: {why}")


def in_order(problem_format: str, mentee_id: str, mentor_id: str) -> tuple[str, str]:
    """The two as they are kept: peers have no order, so the smaller id stands first."""
    if problem_format == "peer":
        return min(mentee_id, mentor_id), max(mentee_id, mentor_id)
    return mentee_id, mentor_id
