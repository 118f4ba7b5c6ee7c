"""A pool of peers as a market of the engine."""

from typing import Any

import numpy as np
import numpy.typing as npt

from matching.domain.engine.market import FORBIDDEN, Market, Terms
from matching.domain.engine.peers.pairing import Pairing, pair_up
from tests.bench.matching import company as made
from tests.bench.matching.ours import one_of_each
from tests.bench.matching.pool import SKILL_WEIGHT, hours_points, level_points

Numbers = npt.NDArray[np.int64]


def paired(market: Market) -> Pairing:
    """What the clock runs for."""
    return pair_up(market)


def found(order: Numbers, pairing: Pairing) -> dict[str, Any]:
    """The result with the sorting undone."""
    mate = np.full(len(order), -1, dtype=np.int64)
    held = pairing.mate >= 0
    mate[order[held]] = order[pairing.mate[held]]
    return {"mate": mate, "total": pairing.total, "gap": pairing.gap, "rounds": pairing.rounds}


def market_of_pool(people: made.Company) -> tuple[Market, Numbers]:
    """Skills that a row wants are credit terms; skills that it offers are values, of what each column gains by them."""
    order = np.lexsort((people.row_languages.argmax(axis=1), people.row_facts[:, 1]))
    row, word, share = made.shares(people.wanted[order], SKILL_WEIGHT)
    offered, facts = people.offered[order], people.row_facts[order]
    gain = np.zeros((made.SKILLS, people.rows), dtype=np.int16)
    gain[word, row] = share
    value = np.concatenate([gain, level_points()[:, facts[:, 0]], hours_points()[:, facts[:, 1]]]).astype(np.int16)
    gate, gates = _gates(people, order)
    pairs, points = _pairs(people, order)
    market = Market(
        capacity=np.ones(people.rows, dtype=np.int32),
        credit=np.ascontiguousarray(offered.T * np.uint8(4)),
        credits=Terms(_start(row, people.rows), word),
        share=share.astype(np.int16),
        value=value,
        values=_values(offered, facts),
        gate=gate,
        gates=gates,
        pairs=pairs,
        points=points,
        row_line=np.ascontiguousarray(people.row_line[order]),
        column_line=np.ascontiguousarray(people.row_line[order]),
    )
    return market, order


def _start(row: npt.NDArray[np.integer], rows: int) -> Numbers:
    start = np.zeros(rows + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=rows), out=start[1:])
    return start


def _values(offered: made.Flags, facts: made.Array) -> Terms:
    """The skills that each offers, then the own level and time zone."""
    row, term = np.nonzero(offered)
    everybody = np.arange(len(facts))
    rows = np.concatenate([row, everybody, everybody])
    terms = np.concatenate([term, facts[:, 0] + made.SKILLS, facts[:, 1] + made.SKILLS + made.LEVELS])
    by_row = np.argsort(rows, kind="stable")
    return Terms(_start(rows, len(facts)), terms[by_row].astype(np.int32))


def _gates(people: made.Company, order: Numbers) -> tuple[made.Flags, Terms]:
    sets, which = made.distinct(people.row_languages[order])
    common = sets.astype(np.float32) @ people.row_languages[order].T.astype(np.float32) > 0
    zone = people.row_facts[order, 1]
    hours = (made.shared_hours() >= made.HOURS_MIN)[:, zone]
    terms = np.stack([zone, which + made.ZONES], axis=1)
    return np.concatenate([hours, common]).astype(np.uint8), one_of_each(terms)


def _pairs(people: made.Company, order: Numbers) -> tuple[Terms, npt.NDArray[np.int16]]:
    place = np.empty(people.rows, dtype=np.int64)
    place[order] = np.arange(people.rows)
    one, other = place[people.blocked[:, 0]], place[people.blocked[:, 1]]
    everybody = np.arange(people.rows)
    row, column = np.concatenate([one, other, everybody]), np.concatenate([other, one, everybody])
    key = np.unique(row * people.rows + column)
    terms = Terms(_start(key // people.rows, people.rows), (key % people.rows).astype(np.int32))
    return terms, np.full(len(key), FORBIDDEN, dtype=np.int16)
