"""Compiles the engine ahead of time, into the cache of this machine: `python -m matching.worker.compiling`."""

import time
from dataclasses import replace
from multiprocessing import get_context

import numpy as np

from matching.domain import board
from matching.domain.encoding import encode
from matching.domain.engine.assignment import assign
from matching.domain.engine.edges import edges_of
from matching.domain.engine.live import LiveMatching
from matching.domain.engine.peers.forest import forest, graph, with_room
from matching.domain.engine.peers.pairing import repair
from matching.domain.engine.peers.search import advance
from matching.domain.engine.rows import row_of
from matching.domain.engine.scoring import Pricing
from matching.domain.engine.transport import (
    bring_in,
    close,
    held_scores,
    insert_all,
    open_with,
    raise_minimum,
    transport,
    value,
)
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.rules import Rules
from matching.domain.runs import solve
from matching.worker import engine


def compile_engine() -> None:
    """Compile on two processors: runs in their order, and beside them what needs nothing that runs compile first."""
    beside = get_context("spawn").Process(target=_compile_beside)
    beside.start()
    engine.warm_up()
    board.warm_up()
    pairs = _pairs()
    found = solve(pairs)
    for rules in ({"objective": "fair"}, {"objective": "two_sided"}, {"objective": "total", "load_charge": 50}):
        solve(replace(pairs, rules=Rules.model_validate(rules)))
    current = frozenset((pair.mentee, pair.mentor) for pair in found.pairs)
    solve(replace(pairs, mentors=pairs.mentors[1:], current=frozenset(sorted(current)[2:]), moves=3))
    circles = tuple(replace(mentor, capacity=9) for mentor in pairs.mentors)
    solve(replace(pairs, format="group", rules=Rules(circle_min=4, circle_max=9), mentors=circles))
    solve(Problem("peer", Rules(threes=True), pairs.mentees[:39]))
    beside.join()
    if beside.exitcode:
        raise RuntimeError("a part of the engine could not be compiled")


def _compile_beside() -> None:
    """What a run comes to late, or need not come to when it is small."""
    _compile_transport()
    _compile_search()
    _compile_changes(_pairs())


def _compile_transport() -> None:
    """Circles that are opened and closed."""
    held = transport(edges_of(np.ones((6, 3), np.int16)), np.full(3, 4, np.int32), extra=1)
    insert_all(held)
    bring_in(held)
    value(held)
    held_scores(held)
    raise_minimum(held, 0, np.int32(2))
    close(held, 1)
    open_with(held, 1, np.int32(2))


def _compile_search() -> None:
    """Pairs among peers."""
    tail, head = np.triu_indices(5, 1)
    edges = graph(5, tail, head, np.ones(len(tail), np.int64))
    wood = with_room(forest(5), edges)
    repair(wood, edges, 5)
    advance(wood, edges, 5, 0, 5)


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


def _pairs() -> Problem:
    mentees = tuple(_person("E", number, 1) for number in range(40))
    mentors = tuple(_person("M", number, 2 + number % 4) for number in range(12))
    return Problem("one_on_one", Rules(), mentees, mentors)


def _person(kind: str, number: int, capacity: int) -> Profile:
    words = frozenset({f"w{number % 5}", f"w{number % 7}"})
    return Profile(
        f"{kind}{number:02}", skills_wanted=words, skills_offered=words, goals=words, interests=words, capacity=capacity
    )


if __name__ == "__main__":
    began = time.monotonic()
    compile_engine()
    print(f"The matching engine is compiled ({time.monotonic() - began:.0f} s).")  # noqa: T201  what it was asked for
