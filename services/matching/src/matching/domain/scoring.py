"""How well a pair fits: integers 0..10000, whose contributions by criterion add up to them exactly."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from matching.domain.people import IntArray, Profile, column_of, ranks, shared
from matching.domain.rules import CRITERIA, WORKDAY_MINUTES, Rules, level_gap, shared_minutes

_LEVEL_SPAN = 6
"""Levels away from the aim at which the level counts for nothing."""


def contributions(
    mentees: Sequence[Profile], mentors: Sequence[Profile], rules: Rules, *, programme_format: str
) -> dict[str, IntArray]:
    """What each criterion gives each pair; each array has shape (mentees, mentors)."""
    one_way = _one_way(mentees, mentors, rules, reverse=programme_format == "reverse", peers=programme_format == "peer")
    if programme_format != "peer":
        return one_way
    # Between peers neither side comes first: the score is the mean of both ways, the same from either end.
    other_way = _one_way(mentors, mentees, rules, reverse=False, peers=True)
    return {name: (one_way[name] + other_way[name].T) // 2 for name in CRITERIA}


def scores(mentees: Sequence[Profile], mentors: Sequence[Profile], rules: Rules, *, programme_format: str) -> IntArray:
    """The sum of the contributions: 0..10000, shape (mentees, mentors)."""
    parts = contributions(mentees, mentors, rules, programme_format=programme_format)
    return sum(parts.values(), start=np.zeros((len(mentees), len(mentors)), dtype=np.int64))


def explain(mentee: Profile, mentor: Profile, rules: Rules, *, programme_format: str) -> dict[str, int]:
    """The contributions of one pair, adding up to its score."""
    parts = contributions([mentee], [mentor], rules, programme_format=programme_format)
    return {name: int(part[0, 0]) for name, part in parts.items()}


def _one_way(
    mentees: Sequence[Profile], mentors: Sequence[Profile], rules: Rules, *, reverse: bool, peers: bool
) -> dict[str, IntArray]:
    weight = rules.weights.scaled()
    shares: dict[str, tuple[IntArray, Any]] = {
        "skills": _share(mentees, mentors, "skills_wanted", "skills_offered"),
        "goals": _share(mentees, mentors, "goals", "goals"),
        "interests": _share(mentees, mentors, "interests", "interests"),
        "language": (np.minimum(_common(mentees, mentors, "languages", "languages"), 1), 1),
        "hours": (shared_minutes(mentees, mentors), WORKDAY_MINUTES),
        "wish": (np.maximum(ranks(mentees, mentors), ranks(mentors, mentees).T), 10),
        "level": (_near_aim(mentees, mentors, 0 if peers else rules.aim("one_on_one"), reverse=reverse), _LEVEL_SPAN),
    }
    nothing = np.zeros((len(mentees), len(mentors)), dtype=np.int64)
    return {name: weight[name] * shares[name][0] // shares[name][1] if name in shares else nothing for name in CRITERIA}


def _common(left: Sequence[Profile], right: Sequence[Profile], asked: str, given: str) -> IntArray:
    return shared([getattr(p, asked) for p in left], [getattr(p, given) for p in right])


def _share(left: Sequence[Profile], right: Sequence[Profile], asked: str, given: str) -> tuple[IntArray, IntArray]:
    """Of what each on the left asks, how much the right gives; who asks for nothing gains nothing from anybody."""
    return _common(left, right, asked, given), np.maximum(column_of(len(getattr(p, asked)) for p in left), 1)


def _near_aim(mentees: Sequence[Profile], mentors: Sequence[Profile], aim: int, *, reverse: bool) -> IntArray:
    away = np.abs(level_gap(mentees, mentors, reverse=reverse) - aim)
    found: IntArray = np.maximum(_LEVEL_SPAN - away, 0)
    return found
