"""What each criterion gives many pairs at once, from the terms of a market and the classes of its people."""

import numpy as np
import numpy.typing as npt

from matching.domain.encoding.facts import Facts
from matching.domain.encoding.markets import Encoded
from matching.domain.encoding.terms import entries_of
from matching.domain.engine.market import QUARTERS, Indices
from matching.domain.problems import Problem
from matching.domain.rules import CRITERIA, Criterion

Numbers = npt.NDArray[np.int64]


def contributions_of(problem: Problem, encoded: Encoded, rows: Indices, columns: Indices) -> dict[Criterion, Numbers]:
    """The points of each criterion for the pairs (rows[k], columns[k]) of a market whose two sides are apart."""
    facts = Facts(problem, *encoded.people(problem)).points(rows, columns)
    found = {name: np.zeros(len(rows), np.int64) for name in CRITERIA}
    found |= facts | _credits(encoded, rows, columns)
    found["wish"] = _wishes(encoded, rows, columns)
    return found


def _credits(encoded: Encoded, rows: Indices, columns: Indices) -> dict[Criterion, Numbers]:
    market = encoded.market
    pair, entry = entries_of(market.credits, rows)
    term = market.credits.term[entry]
    points = market.share[entry].astype(np.int64) * market.credit[term, columns[pair]] // QUARTERS
    kinds = list(dict.fromkeys(name for name, _ in encoded.credit_names))
    kind = np.array([kinds.index(name) for name, _ in encoded.credit_names], np.int64)[term]
    found: dict[Criterion, Numbers] = {}
    for number, name in enumerate(kinds):
        of = kind == number
        found[name] = np.bincount(pair[of], points[of], len(rows)).astype(np.int64)
    return found


def _wishes(encoded: Encoded, rows: Indices, columns: Indices) -> Numbers:
    """Points that are particular to a pair; a forbidden one is never asked for."""
    market = encoded.market
    owner = np.repeat(np.arange(market.rows), np.diff(market.pairs.start))
    there = owner * max(1, market.columns) + market.pairs.term
    asked = rows.astype(np.int64) * max(1, market.columns) + columns
    if not len(there):
        return np.zeros(len(rows), np.int64)
    place = np.minimum(np.searchsorted(there, asked), len(there) - 1)
    return np.where(there[place] == asked, np.maximum(market.points[place], 0), 0).astype(np.int64)
