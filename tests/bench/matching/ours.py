"""The engine on a made-up company: its market is written as arrays, as the encoder writes that of real people."""

from typing import Any

import numpy as np
import numpy.typing as npt

from matching.domain.encoding.facts import Lines, merged, pointed
from matching.domain.encoding.terms import listed
from matching.domain.engine.assignment import Assignment, assign
from matching.domain.engine.market import FORBIDDEN, Market, Terms
from tests.bench.matching import company as made

Numbers = npt.NDArray[np.int64]


def matched(market: Market) -> Assignment:
    """What the clock runs for: scores, pairs and proof."""
    return assign(market)


def found(company: made.Company, order: Numbers, assignment: Assignment) -> dict[str, Any]:
    """The result with the sorting of the mentors undone."""
    price = np.empty(company.columns, dtype=np.int64)
    price[order] = assignment.column_price
    return {
        "mate": np.where(assignment.mate >= 0, order[assignment.mate], -1),
        "price": price,
        "total": assignment.total,
        "base": assignment.base,
        "gap": assignment.gap,
        "rounds": assignment.rounds,
    }


def market_of(company: made.Company) -> tuple[Market, Numbers]:
    """The company's market, its mentors sorted by level and time zone, and which mentor each column is."""
    level, zone = company.column_facts[:, 0], company.column_facts[:, 1]
    order = np.lexsort((company.column_languages.argmax(axis=1), zone, level))
    place = np.empty(company.columns, dtype=np.int64)
    place[order] = np.arange(company.columns)
    asked, share = _credits(company)
    value, values = _values(company, order)
    gate, gates = _gates(company, order)
    pairs, points = _pairs(company, place)
    market = Market(
        capacity=company.capacity[order],
        credit=_credit(company, order),
        credits=asked,
        share=share,
        value=value,
        values=values,
        gate=gate,
        gates=gates,
        pairs=pairs,
        points=points,
        row_line=company.row_line,
        column_line=np.ascontiguousarray(company.column_line[order]),
    )
    return market, order


def _credit(company: made.Company, order: Numbers) -> made.Flags:
    offered, goals, interests = (
        flags[order] for flags in (company.offered, company.column_goals, company.column_interests)
    )
    return np.ascontiguousarray(np.concatenate([made.credit(offered), goals * 4, interests * 4], axis=1).T)


def _credits(company: made.Company) -> tuple[Terms, npt.NDArray[np.int16]]:
    asked = (
        made.shares(company.wanted, made.SKILL_WEIGHT),
        made.shares(company.row_goals, made.GOAL_WEIGHT),
        made.shares(company.row_interests, made.INTEREST_WEIGHT),
    )
    before = (0, made.SKILLS, made.SKILLS + made.GOALS)
    row = np.concatenate([person for person, _, _ in asked])
    term = np.concatenate([word + first for first, (_, word, _) in zip(before, asked, strict=True)])
    share = np.concatenate([points for _, _, points in asked])
    order = np.argsort(row, kind="stable")
    start = np.zeros(company.rows + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=company.rows), out=start[1:])
    return Terms(start, term[order]), share[order].astype(np.int16)


def _values(company: made.Company, order: Numbers) -> tuple[npt.NDArray[np.int16], Terms]:
    tables = (company.level_points, company.hours_points, company.department_points, company.site_points)
    facts = zip(tables, company.row_facts.T, company.column_facts[order].T, strict=True)
    lines = [
        Lines((str(number),), row, table[:, column].astype(np.int16))
        for number, (table, row, column) in enumerate(facts)
    ]
    listing, entries, _ = pointed(merged(lines, company.columns, gates=False), idle=0)
    return np.concatenate(listing), listed(entries, company.rows)[0]


def _gates(company: made.Company, order: Numbers) -> tuple[made.Flags, Terms]:
    level = np.arange(made.LEVELS)
    gap = level[None, :] - level[:, None]
    senior = (gap >= 1) & (gap <= made.LEVEL_GAP_MAX)
    hours = made.shared_hours() >= made.HOURS_MIN
    sets, which = made.distinct(company.row_languages)
    common = sets.astype(np.float32) @ company.column_languages[order].T.astype(np.float32) > 0
    facts = company.column_facts[order]
    lines = [
        Lines(("level",), company.row_facts[:, 0], senior[:, facts[:, 0]].astype(np.uint8)),
        Lines(("hours",), company.row_facts[:, 1], hours[:, facts[:, 1]].astype(np.uint8)),
        Lines(("language",), which.astype(np.int32), common.astype(np.uint8)),
    ]
    listing, entries, _ = pointed(merged(lines, company.columns, gates=True), idle=1)
    return np.concatenate(listing), listed(entries, company.rows)[0]


def one_of_each(terms: npt.NDArray[np.integer]) -> Terms:
    """Lists of the same length: one line of the array for each row."""
    rows, count = terms.shape
    return Terms(np.arange(rows + 1, dtype=np.int64) * count, terms.reshape(-1).astype(np.int32))


def _pairs(company: made.Company, place: Numbers) -> tuple[Terms, npt.NDArray[np.int16]]:
    """Wishes and blocks; a blocked pair stays forbidden whoever wishes it."""
    particular = np.concatenate([company.wishes[:, :2], company.blocked]).astype(np.int64)
    points = np.concatenate([company.wishes[:, 2], np.full(len(company.blocked), FORBIDDEN)])
    key = particular[:, 0] * company.columns + place[particular[:, 1]]
    sort = np.lexsort((points, key))
    first = np.concatenate([[True], np.diff(key[sort]) > 0]) if len(key) else np.zeros(0, dtype=np.bool_)
    kept = sort[first]
    start = np.searchsorted(key[kept] // company.columns, np.arange(company.rows + 1)).astype(np.int64)
    return Terms(start, (key[kept] % company.columns).astype(np.int32)), points[kept].astype(np.int16)
