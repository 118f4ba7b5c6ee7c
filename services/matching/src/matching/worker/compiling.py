"""Compiles the engine ahead of time, into the cache of this machine: `python -m matching.worker.compiling`."""

import time
from dataclasses import replace

import numpy as np

from matching.domain import board
from matching.domain.encoding import encode
from matching.domain.engine.assignment import assign
from matching.domain.engine.live import LiveMatching
from matching.domain.engine.rows import row_of
from matching.domain.engine.scoring import Pricing
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.rules import Rules
from matching.domain.runs import solve
from matching.worker import engine


def compile_engine() -> None:
    """Ask the engine what each process asks it first, and a little of everything that runs ask it."""
    engine.warm_up()
    board.warm_up()
    mentees = tuple(_person("E", number, 1) for number in range(40))
    mentors = tuple(_person("M", number, 2 + number % 4) for number in range(12))
    pairs = Problem("one_on_one", Rules(), mentees, mentors)
    found = solve(pairs)
    for rules in ({"objective": "fair"}, {"objective": "two_sided"}, {"objective": "total", "load_charge": 50}):
        solve(replace(pairs, rules=Rules.model_validate(rules)))
    current = frozenset((pair.mentee, pair.mentor) for pair in found.pairs)
    solve(replace(pairs, mentors=mentors[1:], current=frozenset(sorted(current)[2:]), moves=3))
    circles = tuple(replace(mentor, capacity=9) for mentor in mentors)
    solve(Problem("group", Rules(circle_min=4, circle_max=9), mentees, circles))
    solve(Problem("peer", Rules(threes=True), mentees[:39]))
    _compile_changes(pairs)


def _compile_changes(problem: Problem) -> None:
    """Pricing again and single changes, which a small run need not come to."""
    market = encode(problem).market
    pricing, above = Pricing(market), np.zeros(market.rows, np.int32)
    for _ in range(3):
        pricing.best(4, np.zeros(market.columns, np.int32), above)
    live = LiveMatching(market, assign(market))
    live.join(row_of(market, 0))
    live.leave(1)
    live.set_capacity(0, 0)
    live.set_capacity(0, 5)


def _person(kind: str, number: int, capacity: int) -> Profile:
    words = frozenset({f"w{number % 5}", f"w{number % 7}"})
    return Profile(
        f"{kind}{number:02}", skills_wanted=words, skills_offered=words, goals=words, interests=words, capacity=capacity
    )


if __name__ == "__main__":
    began = time.monotonic()
    compile_engine()
    print(f"The matching engine is compiled ({time.monotonic() - began:.0f} s).")  # noqa: T201  what it was asked for
