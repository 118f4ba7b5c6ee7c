"""Criteria and rules that go by one fact of each side: level, time zone, department, site, languages, style.

People with the same fact are one class. A small table says what a class of rows gets from a class of columns; it
becomes lines over all columns, one for each class of rows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.domain.encoding.terms import Entries, classes
from matching.domain.engine.market import QUARTERS, Indices
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.rules import DAY_MINUTES, FULL, WORKDAY_MINUTES, Criterion
from matching.domain.scoring import LEVEL_SPAN, share

Table = npt.NDArray[Any]
People = Sequence[Profile]

MERGED_BYTES = 16 * 2**20
"""Facts are combined as long as their lines stay within this size: a row then has one line to read, not several."""

_FACTS: dict[str, Callable[[Profile], Any]] = {
    "level": attrgetter("level"),
    "offset": attrgetter("offset_minutes"),
    "department": attrgetter("department"),
    "site": attrgetter("site"),
    "country": attrgetter("country"),
    "place": attrgetter("site", "country"),
    "languages": attrgetter("languages"),
    "style": attrgetter("style", "meeting"),
    "tenure": attrgetter("tenure_days"),
    "trained": attrgetter("trained"),
    "anybody": lambda _: None,
}


@dataclass(frozen=True, slots=True)
class Lines:
    """What each row gets from the columns by its class: `lines[row_class[i], j]`."""

    names: tuple[str, ...]
    row_class: Indices
    lines: Table
    """Shape (classes of rows, columns)."""


class Facts:
    """The facts of a problem's people, in the order of the market's rows and columns."""

    def __init__(self, problem: Problem, rows: People, columns: People) -> None:
        self._rules = problem.rules
        self._format = problem.format
        self._peers = problem.format == "peer"
        self._rows, self._columns = rows, columns
        self._found: dict[str, tuple[tuple[Indices, list[Any]], tuple[Indices, list[Any]]]] = {}
        self._weight = problem.rules.weights.scaled(FULL // 2 if self._peers else FULL)

    def values(self) -> Iterator[Lines]:
        """Points of the criteria that go by facts."""
        for name, (by, table) in self._tables().items():
            yield self._lines(name, by, table, np.int16, both_ways=self._peers)

    def shares(self) -> dict[Criterion, tuple[Indices, Indices, Table]]:
        """The same of people who stand on one side each: the classes of both sides, and the table between them."""
        found: dict[Criterion, tuple[Indices, Indices, Table]] = {}
        for name, (by, table) in self._tables().items():
            (row_class, of_rows), (column_class, of_columns) = self._classes(by)
            found[name] = row_class, column_class, table(of_rows, of_columns).astype(np.int16)
        return found

    def _tables(self) -> dict[Criterion, tuple[str, Callable[[list[Any], list[Any]], Table]]]:
        tables: dict[Criterion, tuple[str, Callable[[list[Any], list[Any]], Table]]] = {
            "style": ("style", self._style),
            "department": ("department", self._department),
            "site": ("place", self._site),
            "level": ("level", self._level),
            "hours": ("offset", self._hours),
            # Whoever passes the rule has it.
            "language": ("anybody" if self._rules.shared_language else "languages", self._language),
        }
        return {name: found for name, found in tables.items() if self._weight[name]}

    def gates(self) -> Iterator[Lines]:
        """1 where a hard rule that goes by facts lets a pair through, 0 where it does not."""
        rules = self._rules
        if rules.shared_hours_min:
            least = rules.shared_hours_min * 60
            yield self._lines("shared_hours_min", "offset", lambda one, other: _minutes(one, other) >= least)
        if rules.shared_language:
            yield self._lines("shared_language", "languages", _common)
        if rules.level_gap_min is not None or rules.level_gap_max is not None:
            yield self._lines("level_gap", "level", self._within_range)
        for name in ("department", "site", "country"):
            if (asked := getattr(rules, name)) != "any":
                yield self._lines(name, name, _same if asked == "same" else _different)
        if rules.tenure_days_min:
            yield self._lines(
                "tenure_days_min", "tenure", self._judged(lambda days: (days or 0) >= rules.tenure_days_min)
            )
        if rules.training_required:
            yield self._lines("training_required", "trained", self._judged(bool))

    def _lines(
        self,
        name: str,
        by: str,
        table: Callable[[list[Any], list[Any]], Table],
        kind: type[np.generic] = np.uint8,
        *,
        both_ways: bool = False,
    ) -> Lines:
        (row_class, of_rows), (column_class, of_columns) = self._classes(by)
        small = table(of_rows, of_columns)
        # Among peers rows and columns are the same people in the same order, and so are their classes.
        small = small + small.T if both_ways else small
        return Lines((name,), row_class, small.astype(kind)[:, column_class])

    def _classes(self, by: str) -> tuple[tuple[Indices, list[Any]], tuple[Indices, list[Any]]]:
        """The classes of the rows and of the columns by a fact; each fact is looked at once."""
        if by not in self._found:
            rows = classes(list(map(_FACTS[by], self._rows)))
            self._found[by] = rows, rows if self._peers else classes(list(map(_FACTS[by], self._columns)))
        return self._found[by]

    def _style(self, rows: list[Any], columns: list[Any]) -> Table:
        styles, meetings = (_codes([fact[part] for fact in rows], [fact[part] for fact in columns]) for part in (0, 1))
        either = np.array([fact[1] == "either" for fact in columns], np.bool_)
        asks = [(bool(style), meeting not in {"", "either"}) for style, meeting in rows]
        total = np.zeros((len(rows), len(columns)), np.int64)
        for place, (mine, theirs), anything in ((0, styles, np.zeros_like(either)), (1, meetings, either)):
            quarters = np.where((mine == theirs) | anything, QUARTERS, np.where(theirs < 0, QUARTERS // 2, 0))
            # The weight is split among what is asked for: the style first, then the way of meeting.
            points = [share(self._weight["style"], sum(ask[:place]), sum(ask)) if ask[place] else 0 for ask in asks]
            total += np.array(points, np.int64).reshape(-1, 1) * quarters // QUARTERS
        return total

    def _department(self, rows: list[Any], columns: list[Any]) -> Table:
        met = _same(rows, columns) if self._rules.department_distance == "near" else _different(rows, columns)
        return met * np.int64(self._weight["department"])

    def _site(self, rows: list[Any], columns: list[Any]) -> Table:
        sites, countries = (([fact[part] for fact in rows], [fact[part] for fact in columns]) for part in (0, 1))
        if self._rules.site_distance == "near":
            fully, half = _same(*sites), _same(*countries)
        else:
            fully, half = _different(*countries), _different(*sites)
        weight = self._weight["site"]
        return np.where(fully, weight, np.where(half, weight * (QUARTERS // 2) // QUARTERS, 0))

    def _level(self, rows: list[Any], columns: list[Any]) -> Table:
        near = LEVEL_SPAN - np.abs(self._gap(rows, columns) - self._rules.aim(self._format))
        found: Table = self._weight["level"] * np.maximum(near, 0) // LEVEL_SPAN
        return found

    def _hours(self, rows: list[Any], columns: list[Any]) -> Table:
        return self._weight["hours"] * _minutes(rows, columns) // WORKDAY_MINUTES

    def _language(self, rows: list[Any], columns: list[Any]) -> Table:
        met = np.ones((1, 1), np.bool_) if self._rules.shared_language else _common(rows, columns)
        return met * np.int64(self._weight["language"])

    def _within_range(self, rows: list[Any], columns: list[Any]) -> Table:
        gap, rules = self._gap(rows, columns), self._rules
        low = -np.inf if rules.level_gap_min is None else rules.level_gap_min
        high = np.inf if rules.level_gap_max is None else rules.level_gap_max
        return (gap >= low) & (gap <= high)

    def _gap(self, rows: list[Any], columns: list[Any]) -> Table:
        gap = np.array(columns, np.int64).reshape(1, -1) - np.array(rows, np.int64).reshape(-1, 1)
        return np.abs(gap) if self._peers else -gap if self._format == "reverse" else gap

    def _judged(self, passes: Callable[[Any], bool]) -> Callable[[list[Any], list[Any]], Table]:
        """A gate that mentors have to pass, whoever the mentee is; among peers both."""

        def table(rows: list[Any], columns: list[Any]) -> Table:
            here = np.array([not self._peers or passes(fact) for fact in rows], np.bool_)
            there = np.array([passes(fact) for fact in columns], np.bool_)
            return here.reshape(-1, 1) & there.reshape(1, -1)

        return table


def merged(lines: Iterable[Lines], columns: int, *, gates: bool) -> list[Lines]:
    """The same in fewer: small ones are combined; lines of combinations add up, or as gates have both to be open."""
    found: list[Lines] = []
    for one in sorted(lines, key=lambda lines: (len(lines.lines), lines.names)):
        if found:
            last, size = found[-1], len(one.lines)
            pair = last.row_class.astype(np.int64) * size + one.row_class
            there = np.zeros(len(last.lines) * size, np.bool_)
            there[pair] = True
            pairs = np.flatnonzero(there)
            if len(pairs) * columns * one.lines.itemsize <= MERGED_BYTES:
                left, right = last.lines[pairs // size], one.lines[pairs % size]
                both = left & right if gates else left + right
                row_class = (np.cumsum(there) - 1)[pair].astype(np.int32)
                found[-1] = Lines(last.names + one.names, row_class, both)
                continue
        found.append(one)
    return found


def pointed(facts: Sequence[Lines], *, idle: int) -> tuple[list[Table], list[Entries], list[tuple[str, ...]]]:
    """All lines, which row has which, and the names of each line.

    Lines that are `idle` everywhere (0 points, or a gate that lets everybody through) are left out.
    """
    lines: list[Table] = []
    entries: list[Entries] = []
    names: list[tuple[str, ...]] = []
    for one in facts:
        busy = (one.lines != idle).any(axis=1)
        number = np.where(busy, np.cumsum(busy) - 1 + len(names), -1)[one.row_class]
        there = np.flatnonzero(number >= 0)
        entries.append(Entries.of(there, number[there]))
        lines.append(one.lines if busy.all() else one.lines[busy])
        names += [one.names] * int(busy.sum())
    return lines, entries, names


def _minutes(rows: list[Any], columns: list[Any]) -> Table:
    """Minutes of the working day that two UTC offsets share."""
    apart = np.abs(np.array(rows, np.int64).reshape(-1, 1) - np.array(columns, np.int64).reshape(1, -1)) % DAY_MINUTES
    found: Table = np.maximum(WORKDAY_MINUTES - np.minimum(apart, DAY_MINUTES - apart), 0)
    return found


def _common(rows: list[Any], columns: list[Any]) -> Table:
    """Whether two sets of words have one in common."""
    number = {word: place for place, word in enumerate(sorted(frozenset().union(*rows) & frozenset().union(*columns)))}
    left, right = _membership(rows, number), _membership(columns, number)
    return left @ right.T > 0


def _membership(sets: list[Any], number: dict[str, int]) -> Table:
    found = np.zeros((len(sets), len(number)), np.float32)
    for place, words in enumerate(sets):
        found[place, [number[word] for word in words if word in number]] = 1
    return found


def _codes(rows: list[Any], columns: list[Any]) -> tuple[Table, Table]:
    """Numbers for words, the same for the same, -1 for what is not known; shapes (rows, 1) and (1, columns)."""
    number = {word: place for place, word in enumerate(dict.fromkeys((*rows, *columns)))} | {"": -1}
    left, right = (np.array([number[word] for word in side], np.int64) for side in (rows, columns))
    return left.reshape(-1, 1), right.reshape(1, -1)


def _same(rows: list[Any], columns: list[Any]) -> Table:
    left, right = _codes(rows, columns)
    return np.asarray((left == right) & (left >= 0))


def _different(rows: list[Any], columns: list[Any]) -> Table:
    left, right = _codes(rows, columns)
    return np.asarray((left != right) & (left >= 0) & (right >= 0))
