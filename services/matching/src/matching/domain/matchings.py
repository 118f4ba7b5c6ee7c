"""The solver that fits a programme, by format and objective."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.domain.encoding import Encoded, wish_lists
from matching.domain.engine.assignment import Assignment, Progress, Stop, assign
from matching.domain.engine.circle_bounds import SCALE
from matching.domain.engine.circles import form_circles
from matching.domain.engine.deferred import blocking_pairs, deferred_acceptance, rankings_by_score
from matching.domain.engine.fair import fairest
from matching.domain.engine.market import Indices, Market
from matching.domain.engine.moves import rematch
from matching.domain.engine.peers.pairing import Pairing, pair_up
from matching.domain.engine.peers.threes import pair_up_with_threes
from matching.domain.engine.scoring import score_pairs
from matching.domain.problems import Problem
from matching.domain.refusal import BadValue
from matching.domain.rules import Rules
from matching.domain.solutions import Proof
from matching.domain.undecided import MOST_AT_ONCE, pinned_to

Prices = npt.NDArray[np.int64]

MOST_RANKED = 25_000_000
"""Pairs of a programme with two-sided lists: both sides' rankings of everybody are held at once."""


class Unsolved(Exception):
    """The solver gave no answer."""


@dataclass(frozen=True, slots=True)
class Matching:
    """The column of each row, and what proves how good that is.

    The value is base * pairs + total; no matching has a higher one than `upper_bound`. Where the worst pair counts
    first, that is said of matchings whose worst pair scores `details["floor"]` at least.
    """

    mate: Indices
    """Column of each row, -1 without one; among peers the other one's row."""
    base: int
    total: int
    upper_bound: int
    proof: Proof
    row_price: Prices
    column_price: Prices
    details: dict[str, Any] = field(default_factory=dict)
    """What else the proof needs."""
    blossoms: tuple[tuple[tuple[int, ...], int], ...] = ()
    """Among peers: odd groups of rows that have a price of their own."""
    threes: tuple[tuple[int, int, int], ...] = ()
    """Among peers: rows of which each two are together; they have no column of their own."""
    cover_price: Prices | None = None
    """In circles: prices of rows that prove how many people can have one."""
    above: "Matching | None" = None
    """Where the worst pair counts first: the best one point above the ceiling, where there are fewer pairs."""

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        held = int((self.mate >= 0).sum())
        return held // 2 if self.proof == "blossoms" else held

    @property
    def value(self) -> int:
        """What is maximised."""
        return self.base * self.pairs + self.total

    @property
    def alone(self) -> Indices:
        """The rows without anybody."""
        free = self.mate < 0
        free[[row for three in self.threes for row in three]] = False
        return np.flatnonzero(free).astype(np.int32)


def match(problem: Problem, encoded: Encoded, stop: Stop, say: Progress) -> Matching:
    """The best matching of a problem's market under the programme's objective."""
    market = encoded.market
    if not market.rows or not market.columns:
        return _nobody(market, problem)
    if problem.moves is not None:
        return _few_moves(problem, encoded, stop, say)
    if problem.rules.objective == "two_sided":
        return _two_sided(problem, encoded, stop, say)
    return _of_format(problem, encoded, stop, say)


def _of_format(problem: Problem, encoded: Encoded, stop: Stop, say: Progress) -> Matching:
    market, rules = encoded.market, problem.rules
    solve = _solver(problem, encoded, stop, say)
    if rules.objective != "fair":
        return solve(market)
    charge = rules.load_charge if problem.format != "peer" else 0
    fair = fairest(market, solve, charge=charge, stop=stop, say=say)
    above = fair.above and replace(fair.above, details=fair.above.details | {"floor": fair.ceiling + 1})
    details = fair.found.details | {"floor": fair.floor, "ceiling": fair.ceiling}
    return replace(fair.found, details=details, above=above)


def _solver(problem: Problem, encoded: Encoded, stop: Stop, say: Progress) -> Callable[[Market], Matching]:
    rules = problem.rules
    if problem.format == "peer":
        return lambda market: _peers(market, rules, stop, say)
    if problem.format == "group" and rules.circle_min > 1:
        pinned = pinned_to(problem, encoded)
        return lambda market: _circles(market, pinned, rules, stop, say)
    coverage = rules.objective != "total"
    return lambda market: _by_prices(assign(market, coverage=coverage, charge=rules.load_charge, stop=stop, say=say))


def _by_prices(found: Assignment) -> Matching:
    prices, details = (found.row_price, found.column_price), {"charge": found.charge, "rounds": found.rounds}
    return Matching(found.mate, found.base, found.total, found.upper_bound, "prices", *prices, details)


def _circles(market: Market, pinned: Indices, rules: Rules, stop: Stop, say: Progress) -> Matching:
    _must_fit(market, "rules.circle_min")
    sizes, coverage = (rules.circle_min, rules.circle_max), rules.objective != "total"
    found = form_circles(market, *sizes, pinned=pinned, coverage=coverage, stop=stop, say=say)
    prices = found.row_price, np.zeros(market.columns, np.int64)
    details = {"scale": SCALE, "lift": found.lift, "cover_scale": found.cover.scale}
    value, cover = (found.base, found.total, found.upper_bound), found.cover.price
    return Matching(found.mate, *value, "circles", *prices, details, cover_price=cover)


def _peers(market: Market, rules: Rules, stop: Stop, say: Progress) -> Matching:
    found = pair_up(market, coverage=rules.objective != "total", stop=stop, say=say)
    if rules.threes and (found.mate < 0).any():
        return _threes(market, found, rules, stop, say)
    proof = found.proof
    prices, details = (proof.dual, np.zeros(market.columns, np.int64)), {"scale": 2, "rounds": found.rounds}
    groups = zip(proof.start.tolist(), proof.stop.tolist(), proof.z.tolist(), strict=True)
    blossoms = tuple((tuple(proof.order[first:last].tolist()), price) for first, last, price in groups)
    return Matching(found.mate, found.base, found.total, found.upper_bound, "blossoms", *prices, details, blossoms)


def _threes(market: Market, pairs: Pairing, rules: Rules, stop: Stop, say: Progress) -> Matching:
    """Pairs, and threes for those whom pairs leave out. Each one's own score is the mean of those with the others."""
    coverage = rules.objective != "total"
    found = pair_up_with_threes(market, coverage=coverage, stop=stop, say=say, pairs=pairs)
    members = found.threes
    ends = [members[:, places] for places in ((0, 1), (0, 2), (1, 2))]
    total = int(found.score[found.mate >= 0].sum(dtype=np.int64)) // 2
    total += sum(int(score_pairs(market, end[:, 0], end[:, 1]).sum(dtype=np.int64)) for end in ends)
    # What is maximised counts every person, a pair twice: half of its gap is that of a pair.
    bound = total + -(-found.gap // 2)
    threes = tuple((int(one), int(two), int(three)) for one, two, three in members)
    return Matching(found.mate, 0, total, bound, "none", *_unpriced(market), {"threes": len(threes)}, threes=threes)


def _two_sided(problem: Problem, encoded: Encoded, stop: Stop, say: Progress) -> Matching:
    """Both sides rank each other: whom they wish for, then all others by score. Nobody blocks the result.

    The bound is that of the highest total, so that the gap says what it costs that nobody would rather swap.
    """
    market = encoded.market
    _must_fit(market, "rules.objective", MOST_RANKED)
    rows, columns = encoded.people(problem)
    lists = rankings_by_score(market, wish_lists(rows, columns), wish_lists(columns, rows))
    say(50)
    mate = deferred_acceptance(lists, market.capacity).mate
    held = np.flatnonzero(mate >= 0).astype(np.int32)
    total = int(score_pairs(market, held, mate[held]).sum(dtype=np.int64))
    most = assign(market, coverage=False, stop=stop)
    prices = most.row_price, most.column_price
    details = {"charge": 0, "blocking_pairs": len(blocking_pairs(lists, market.capacity, mate)[0])}
    return Matching(mate, 0, total, most.upper_bound, "two_sided", *prices, details)


def _few_moves(problem: Problem, encoded: Encoded, stop: Stop, say: Progress) -> Matching:
    """The best matching in which at most so many of those who have somebody are moved.

    The prices are those of a market in which staying earns `stay`; branching may have proven more than they do.
    """
    market = encoded.market
    _must_fit(market, "options.moves")
    rows, columns = encoded.people(problem)
    column = {profile.employee_id: place for place, profile in enumerate(columns)}
    has = {mentee: column[mentor] for mentee, mentor in sorted(problem.current) if mentor in column}
    home = np.array([has.get(profile.employee_id, -1) for profile in rows], np.int32)
    coverage = problem.rules.objective != "total"
    found = rematch(market, home, problem.moves or 0, coverage=coverage, stop=stop, say=say)
    prices = np.zeros(market.rows, np.int64), found.column_price
    details = {"charge": 0, "stay": found.charge, "moved": len(found.moved), "unavoidable": found.unavoidable}
    return Matching(found.mate, found.base, found.total, found.upper_bound, "few_moves", *prices, details)


def _must_fit(market: Market, named: str, most: int = MOST_AT_ONCE) -> None:
    if market.rows * market.columns > most:
        raise BadValue(named, f"This looks at all pairs at once; {most:,} pairs of mentee and mentor are the most.")


def _nobody(market: Market, problem: Problem) -> Matching:
    mate, prices = np.full(market.rows, -1, np.int32), _unpriced(market)
    if problem.format == "peer":
        return Matching(mate, 0, 0, 0, "blossoms", *prices, {"scale": 2})
    return Matching(mate, 0, 0, 0, "prices", *prices, {"charge": problem.rules.load_charge})


def _unpriced(market: Market) -> tuple[Prices, Prices]:
    return np.zeros(market.rows, np.int64), np.zeros(market.columns, np.int64)
