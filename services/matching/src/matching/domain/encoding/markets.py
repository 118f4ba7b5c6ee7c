"""A market from a problem: people sorted so that those who may meet stand near each other, then their terms."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.domain.encoding.facts import Facts, merged, pointed
from matching.domain.encoding.particulars import particulars
from matching.domain.encoding.terms import Entries, classes, entries_of, listed
from matching.domain.encoding.words import Neighbours, credit_entries, credit_lines, meetings, returned, wants
from matching.domain.engine.market import Indices, Market, Terms
from matching.domain.people import OUTSIDE, Profile
from matching.domain.problems import Problem
from matching.domain.rules import FULL, Criterion

People = Sequence[Profile]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A market, and what its rows, columns and terms stand for."""

    market: Market
    row_order: Indices
    """Row r is the problem's mentee `row_order[r]`."""
    column_order: Indices
    """Column c is `problem.columns[column_order[c]]`."""
    credit_names: tuple[tuple[Criterion, str], ...]
    """Criterion and word of each credit term; of a skill its key."""
    value_names: tuple[tuple[str, ...], ...]
    """The criteria that each value term adds up; among peers also (criterion, word) of what the other one wants."""
    gate_names: tuple[tuple[str, ...], ...]
    """The rules that each gate term stands for."""

    def people(self, problem: Problem) -> tuple[list[Profile], list[Profile]]:
        """The people of the rows and of the columns."""
        rows = [problem.mentees[place] for place in self.row_order.tolist()]
        return rows, [problem.columns[place] for place in self.column_order.tolist()]


class _Words:
    """The criteria that go by words, one after the other."""

    def __init__(self, problem: Problem, rows: People, columns: People) -> None:
        self.credit: list[npt.NDArray[np.uint8]] = []
        self.credits: list[Entries] = []
        self.credit_names: list[tuple[Criterion, str]] = []
        self.returned: list[npt.NDArray[np.int16]] = []
        self.returns: list[Entries] = []
        self.return_names: list[tuple[str, ...]] = []
        self._peers = problem.format == "peer"
        self._rows, self._columns = rows, columns
        taxonomy = problem.taxonomy
        near: Neighbours = lambda key: taxonomy.neighbours.get(key, ())  # noqa: E731
        weight = problem.rules.weights.scaled(FULL // 2 if self._peers else FULL)
        if weight["skills"]:
            self._add("skills", weight["skills"], "skills_wanted", "skills_offered", taxonomy.key, near)
        for name in ("goals", "interests"):
            if weight[name]:
                self._add(name, weight[name], name, name)

    def _add(
        self, name: Criterion, weight: int, wanted: str, given: str, key: Any = str, near: Any = lambda _: ()
    ) -> None:
        asked = wants(_lists(self._rows, wanted), weight, key)
        met = meetings(_lists(self._columns, given), asked.words, key, near)
        used = np.unique(met.word)
        self.credits.append(credit_entries(asked, used).moved(len(self.credit_names)))
        self.credit.append(credit_lines(met, used, len(self._columns), len(asked.words)))
        self.credit_names += [(name, asked.words[word]) for word in used.tolist()]
        if self._peers:
            lines, entries = returned(asked, met, len(self._rows))
            self.returns.append(entries.moved(len(self.return_names)))
            self.returned.append(lines)
            self.return_names += [(name,)] * len(lines)


def encode(problem: Problem) -> Encoded:
    """The problem's market. Pins are not in it: who is pinned takes no part in what is still to be decided."""
    row_order = _order(problem.mentees)
    column_order = row_order if problem.format == "peer" else _order(problem.mentors)
    rows = [problem.mentees[place] for place in row_order.tolist()]
    columns = [problem.columns[place] for place in column_order.tolist()]
    words, facts = _Words(problem, rows, columns), Facts(problem, rows, columns)
    values, row_values, value_names = pointed(merged(facts.values(), len(columns), gates=False), idle=0)
    gates, row_gates, gate_names = pointed(merged(facts.gates(), len(columns), gates=True), idle=1)
    row_values += [entries.moved(len(value_names)) for entries in words.returns]
    credit_terms, share = listed(words.credits, len(rows))
    pairs, points = particulars(problem, rows, columns)
    market = Market(
        capacity=_capacity(problem, columns),
        credit=_stacked(words.credit, len(columns), np.uint8),
        credits=credit_terms,
        share=share,
        value=_stacked([*values, *words.returned], len(columns), np.int16),
        values=listed(row_values, len(rows))[0],
        gate=_stacked(gates, len(columns), np.uint8),
        gates=listed(row_gates, len(rows))[0],
        pairs=pairs,
        points=points,
        row_line=_lines(rows),
        column_line=_lines(columns),
        floor=problem.rules.score_min,
    )
    names = tuple(words.credit_names), (*value_names, *words.return_names), tuple(gate_names)
    return Encoded(market, row_order, column_order, *names)


def some_rows(market: Market, rows: Indices) -> Market:
    """The market of some of its rows, in their order."""

    def own(terms: Terms) -> tuple[Terms, npt.NDArray[np.int64]]:
        owner, entry = entries_of(terms, rows)
        return Terms(np.searchsorted(owner, np.arange(len(rows) + 1)), terms.term[entry]), entry

    (credits_, of_credits), (pairs, of_pairs) = own(market.credits), own(market.pairs)
    return replace(
        market,
        credits=credits_,
        share=market.share[of_credits],
        values=own(market.values)[0],
        gates=own(market.gates)[0],
        pairs=pairs,
        points=market.points[of_pairs],
        row_line=market.row_line[rows],
    )


def _order(people: People) -> Indices:
    """People by level, time zone and languages: neighbours pass or fail the same rules, and whole blocks at once."""
    level = np.fromiter((person.level for person in people), np.int64, len(people))
    offset = np.fromiter((person.offset_minutes for person in people), np.int64, len(people))
    kind, sets = classes([person.languages for person in people])
    by_words = sorted(range(len(sets)), key=lambda place: sorted(sets[place]))
    rank = np.zeros(len(sets), np.int64)
    rank[by_words] = np.arange(len(sets))
    return np.lexsort((rank[kind], offset, level)).astype(np.int32)


def _capacity(problem: Problem, columns: People) -> Indices:
    most = {"peer": 1, "group": problem.rules.circle_max}.get(problem.format)
    places = np.fromiter((person.capacity for person in columns), np.int32, len(columns))
    return places if most is None else np.minimum(places, most).astype(np.int32)


def _lines(people: People) -> Indices:
    """(enter, leave) counted from 1, so that nobody's line holds the (0, 0) of those outside the tree."""
    line = np.array([person.line for person in people], np.int32).reshape(-1, 2)
    return np.asarray(line + (line != OUTSIDE).any(axis=1, keepdims=True), np.int32)


def _lists(people: People, field: str) -> list[Collection[str]]:
    return [getattr(person, field) for person in people]


def _stacked(lines: Sequence[npt.NDArray[Any]], columns: int, kind: type[np.generic]) -> npt.NDArray[Any]:
    return np.concatenate([np.zeros((0, columns), kind), *lines], dtype=kind)
