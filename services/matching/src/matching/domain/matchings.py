"""The solver that fits a programme: by format and objective, over a market."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from contracts.matching import Format
from matching.domain.assignment import assign_peers
from matching.domain.engine.assignment import assign
from matching.domain.engine.circle_bounds import SCALE
from matching.domain.engine.circles import form_circles
from matching.domain.engine.market import Indices, Market
from matching.domain.engine.scoring import score_row
from matching.domain.rules import Rules

Progress = Callable[[int], None]
Stop = Callable[[], bool]
Prices = npt.NDArray[np.int64]
Proof = Literal["prices", "blossoms", "circles", "none"]


@dataclass(frozen=True, slots=True)
class Matching:
    """The column of each row, and what proves how good that is.

    The value is base * pairs + total; no matching has a higher one than `upper_bound`.
    """

    mate: Indices
    """Column of each row, -1 without one; among peers the other one's row."""
    base: int
    total: int
    value: int
    upper_bound: int
    proof: Proof
    row_price: Prices
    column_price: Prices
    details: dict[str, Any] = field(default_factory=dict)
    """What else the proof needs."""


def match(market: Market, rules: Rules, programme_format: Format, stop: Stop, say: Progress) -> Matching:
    """The best matching of a market under the programme's objective."""
    if not market.rows or not market.columns:
        return _nobody(market)
    if programme_format == "peer":
        return _peers(market)
    if programme_format == "group" and rules.circle_min > 1:
        return _circles(market, rules, stop, say)
    return _one_on_one(market, rules, stop, say)


def _one_on_one(market: Market, rules: Rules, stop: Stop, say: Progress) -> Matching:
    coverage = rules.objective != "total"
    found = assign(market, coverage=coverage, charge=rules.load_charge, stop=stop, say=say)
    return Matching(
        mate=found.mate,
        base=found.base,
        total=found.total,
        value=found.value,
        upper_bound=found.upper_bound,
        proof="prices",
        row_price=found.row_price,
        column_price=found.column_price,
        details={"charge": found.charge, "rounds": found.rounds},
    )


def _circles(market: Market, rules: Rules, stop: Stop, say: Progress) -> Matching:
    coverage = rules.objective != "total"
    found = form_circles(market, rules.circle_min, rules.circle_max, coverage=coverage, stop=stop, say=say)
    return Matching(
        mate=found.mate,
        base=found.base,
        total=found.total,
        value=found.value,
        upper_bound=found.upper_bound,
        proof="circles",
        row_price=found.row_price,
        column_price=np.zeros(market.columns, np.int64),
        details={"scale": SCALE, "lift": found.lift, "cover": found.pairs, "price_bound": found.price_bound},
    )


def _peers(market: Market) -> Matching:
    score = np.stack([score_row(market, row) for row in range(market.rows)])
    able = market.capacity > 0
    found = assign_peers(score, (score >= 0) & able & able[:, None])
    mate = np.full(market.rows, -1, np.int32)
    mate[found.left], mate[found.right] = found.right, found.left
    nothing = np.zeros(market.rows, np.int64)
    return Matching(mate, 0, found.total, found.total, found.upper_bound, "none", nothing, nothing)


def _nobody(market: Market) -> Matching:
    mate = np.full(market.rows, -1, np.int32)
    row_price, column_price = np.zeros(market.rows, np.int64), np.zeros(market.columns, np.int64)
    return Matching(mate, 0, 0, 0, 0, "prices", row_price, column_price, {"charge": 0})
