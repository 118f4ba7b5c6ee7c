"""Pairs that somebody decides on by hand: a must-match pair has to be possible under the hard rules."""

from collections import Counter
from dataclasses import replace

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


def with_possible_pins(problem: Problem) -> tuple[Problem, dict[str, int]]:
    """The problem with those of its pins that can be just now, and how many of the others each rule forbids.

    People come, go, block each other and change after a pair was decided on. `no_place`: the pins before it, by ids,
    take all places of one of the two.
    """
    row = {profile.employee_id: profile for profile in problem.mentees}
    column = {profile.employee_id: profile for profile in problem.columns}
    taken: Counter[tuple[str, str]] = Counter()
    kept, broken = [], Counter[str]()
    for pin in problem.ordered_pins():
        if pin[0] not in row or pin[1] not in column:
            continue  # matched, away or pausing: there is nothing to settle now
        mentee, mentor = row[pin[0]], column[pin[1]]
        sides = _sides(problem, mentee, mentor)
        rule = forbidden_by(problem, mentee, mentor)
        if rule is None and all(taken[side] < places for side, places in sides.items()):
            kept.append(pin)
            taken.update(sides.keys())
        else:
            broken[rule or "no_place"] += 1
    return replace(problem, pins=frozenset(kept)), dict(sorted(broken.items()))


def _sides(problem: Problem, mentee: Profile, mentor: Profile) -> dict[tuple[str, str], int]:
    """The places that each of the two has for pins, by role."""
    if problem.format == "peer":
        return {("peer", one.employee_id): min(1, one.capacity) for one in (mentee, mentor)}
    return {("mentee", mentee.employee_id): 1, ("mentor", mentor.employee_id): problem.places_of(mentor)}


def in_order(problem_format: str, mentee_id: str, mentor_id: str) -> tuple[str, str]:
    """The two as they are kept: peers have no order, so the smaller id stands first."""
    if problem_format == "peer":
        return min(mentee_id, mentor_id), max(mentee_id, mentor_id)
    return mentee_id, mentor_id
