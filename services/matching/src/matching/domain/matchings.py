"""The solver that fits a programme: by format and objective, over a market."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from contracts.matching import Format
from matching.domain.engine.assignment import assign
from matching.domain.engine.circle_bounds import SCALE
from matching.domain.engine.circles import form_circles
from matching.domain.engine.market import Indices, Market
from matching.domain.engine.peers.pairing import pair_up
from matching.domain.rules import Rules

Progress = Callable[[int], None]
Stop = Callable[[], bool]
Prices = npt.NDArray[np.int64]
Proof = Literal["prices", "blossoms", "circles", "none"]


class Unsolved(Exception):
    """No solver does what was asked."""


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
    blossoms: tuple[tuple[tuple[int, ...], int], ...] = ()
    """Among peers: odd groups of rows that have a price of their own."""


def match(market: Market, rules: Rules, programme_format: Format, stop: Stop, say: Progress) -> Matching:
    """The best matching of a market under the programme's objective."""
    if not market.rows or not market.columns:
        return _nobody(market, programme_format)
    if programme_format == "peer":
        return _peers(market, rules, stop, say)
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


def _peers(market: Market, rules: Rules, stop: Stop, say: Progress) -> Matching:
    found = pair_up(market, coverage=rules.objective != "total", stop=stop, say=say)
    proof = found.proof
    groups = zip(proof.start.tolist(), proof.stop.tolist(), proof.z.tolist(), strict=True)
    return Matching(
        mate=found.mate,
        base=found.base,
        total=found.total,
        value=found.value,
        upper_bound=found.upper_bound,
        proof="blossoms",
        row_price=proof.dual,
        column_price=np.zeros(market.columns, np.int64),
        details={"scale": 2, "rounds": found.rounds},
        blossoms=tuple((tuple(proof.order[first:last].tolist()), price) for first, last, price in groups),
    )


def _nobody(market: Market, programme_format: Format) -> Matching:
    mate = np.full(market.rows, -1, np.int32)
    row_price, column_price = np.zeros(market.rows, np.int64), np.zeros(market.columns, np.int64)
    if programme_format == "peer":
        return Matching(mate, 0, 0, 0, 0, "blossoms", row_price, column_price, {"scale": 2})
    return Matching(mate, 0, 0, 0, 0, "prices", row_price, column_price, {"charge": 0})
