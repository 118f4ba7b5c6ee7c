"""What pins leave to be decided, and the circles that they open but nobody can fill."""

from collections import Counter
from dataclasses import replace

import numpy as np

from matching.domain.encoding import Encoded, encode
from matching.domain.engine.market import Indices
from matching.domain.problems import Problem

MOST_AT_ONCE = 100_000_000
"""Pairs of a problem whose solver holds all scores at once: circles with a minimum size, few moves."""


def undecided(problem: Problem) -> Problem:
    """The problem without those who are pinned and the places they take, and without peers who have none."""
    taken = Counter(mentor for _, mentor in problem.pins)
    gone = {mentee for mentee, _ in problem.pins}
    if problem.format == "peer":
        gone |= set(taken) | {profile.employee_id for profile in problem.mentees if not profile.capacity}
    if not gone:
        return problem
    return replace(
        problem,
        mentees=tuple(profile for profile in problem.mentees if profile.employee_id not in gone),
        mentors=tuple(
            replace(profile, capacity=problem.places_of(profile) - taken[profile.employee_id])
            if profile.employee_id in taken
            else profile
            for profile in problem.mentors
        ),
    )


def pinned_to(rest: Problem, encoded: Encoded) -> Indices:
    """How many people pins have given each of the market's columns; one that has begun has as many as it needs."""
    taken, least = Counter(mentor for _, mentor in rest.pins), rest.rules.circle_min
    columns = encoded.people(rest)[1]
    return np.array([least if one.seated else taken[one.employee_id] for one in columns], np.int32)


def short_circles(rest: Problem, encoded: Encoded) -> list[str]:
    """Mentors to whom somebody is pinned and whose circle cannot have its minimum beside those before them.

    Nobody, where the problem is larger than its solver takes.
    """
    rules, market = rest.rules, encoded.market
    if not _opens_circles(rest) or market.rows * market.columns > MOST_AT_ONCE:
        return []
    from matching.domain.engine.circle_seats import unfilled  # noqa: PLC0415  takes the engine in

    columns = encoded.people(rest)[1]
    short = unfilled(market, rules.circle_min, rules.circle_max, pinned_to(rest, encoded))
    return [columns[column].employee_id for column in short.tolist()]


def with_full_circles(problem: Problem) -> tuple[Problem, int]:
    """The problem without the pins of circles that cannot be filled just now, and how many these are.

    A circle that cannot have its minimum is not opened, whoever asks for it; its people can go elsewhere.
    """
    if not _opens_circles(problem):
        return problem, 0
    rest = undecided(problem)
    short = set(short_circles(rest, encode(rest)))
    kept = frozenset(pin for pin in problem.pins if pin[1] not in short)
    return replace(problem, pins=kept), len(problem.pins) - len(kept)


def _opens_circles(problem: Problem) -> bool:
    """Whether pins open circles that need more people than one."""
    return problem.format == "group" and problem.rules.circle_min > 1 and bool(problem.pins)
