"""The same scores in NumPy: what the peers are given, and the referee of every result.

Two ways, both kept because both are fair to compare with. `products`: skills, goals and interests as one product of
single-precision matrices on all cores (exact: every sum is a whole number below 2**24), then `argpartition`: what
NumPy is usually made to do. `lines`: each mentee's score is a sum of ready lines of 16-bit numbers, then `partition`
of those who may meet, two threads: the fastest we know to write in NumPy.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from tests.bench.matching import company as made

Scores = npt.NDArray[np.int16]
Numbers = npt.NDArray[np.int64]
Best = tuple[Numbers, Numbers, Numbers]
"""Rows, columns and scores of some pairs."""

NEVER = -10_001
"""Added where a rule forbids a pair; three of them and more fit 16 bits."""


class NumpyScorer:
    """Scores of all mentors for any mentees of a company; below 0 where a rule forbids the pair."""

    def __init__(self, company: made.Company) -> None:
        self._of = company
        level, zone, department, site = company.column_facts.T
        self._first = np.maximum(_lines(_seniority(company), level, _hours(company), zone), NEVER)
        self._second = _lines(company.department_points, department, company.site_points, site)
        self._speech, self._tongues = _languages(company)
        level, zone, department, site = company.row_facts.T
        self._fact = (level * made.ZONES + zone, department * made.SITES + site)
        rows, columns, points = _particular(company)
        order = np.lexsort((columns, rows))
        self._start = np.searchsorted(rows[order], np.arange(company.rows + 1))
        self._column, self._points = columns[order], points[order]
        self._terms: dict[tuple[int, int, int], Scores] = {}
        self._meets = (made.credit(company.offered).T, company.column_goals.T * 4, company.column_interests.T * 4)

    def block(self, rows: Numbers) -> Scores:
        """Scores of some mentees with all mentors: shape (rows, columns)."""
        found = np.empty((len(rows), self._of.columns), dtype=np.int16)
        asked = self._asked(rows)
        for place, (row, terms) in enumerate(zip(rows, asked, strict=True)):
            line = found[place]
            np.add(self._first[self._fact[0][row]], self._second[self._fact[1][row]], out=line)
            np.add(line, self._tongues[self._speech[row]], out=line)
            for term in terms:
                np.add(line, term, out=line)
        self._add_particular(rows, found)
        return found

    def products(self, rows: Numbers, given: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The same by a product of matrices; `given` is what `given()` says."""
        found: npt.NDArray[np.float32] = self._factor(rows) @ given
        found += self._first[self._fact[0][rows]]
        found += self._second[self._fact[1][rows]]
        found += self._tongues[self._speech[rows]]
        self._add_particular(rows, found)
        return found

    def given(self) -> npt.NDArray[np.float32]:
        """Which terms each mentor meets, skills in full and by half: shape (terms, columns)."""
        skills, goals, interests = self._meets
        return np.concatenate([skills == 4, skills == 2, goals == 4, interests == 4], dtype=np.float32)

    def blocks(self, size: int = 256) -> Iterator[tuple[Numbers, Scores]]:
        """All mentees, some at a time, on two threads."""
        starts = range(0, self._of.rows, size)
        rows = [np.arange(start, min(start + size, self._of.rows)) for start in starts]
        with ThreadPoolExecutor(2) as threads:
            for first in range(0, len(rows), 2):
                yield from zip(rows[first : first + 2], threads.map(self.block, rows[first : first + 2]), strict=True)

    def matrix(self) -> Scores:
        """Everybody's scores; -1 where forbidden."""
        found = np.empty((self._of.rows, self._of.columns), dtype=np.int16)
        for rows, block in self.blocks():
            np.maximum(block, -1, out=found[rows[0] : rows[-1] + 1])
        return found

    def best_by_products(self, count: int, size: int = 256) -> Best:
        """The best of each mentee, by products of matrices and argpartition."""
        given = self.given()
        parts = []
        for start in range(0, self._of.rows, size):
            rows = np.arange(start, min(start + size, self._of.rows))
            block = self.products(rows, given)
            columns = np.argpartition(block, -min(count, block.shape[1]), axis=1)[:, -count:]
            scores = np.take_along_axis(block, columns, axis=1)
            row, place = np.nonzero(scores >= 0)
            parts.append((rows[row], columns[row, place], scores[row, place].astype(np.int64)))
        return _joined(parts)

    def best_by_lines(self, count: int, size: int = 128) -> Best:
        """The best of each mentee, by sums of lines and partition, on two threads."""

        def of_block(start: int) -> Best:
            rows = np.arange(start, min(start + size, self._of.rows))
            return _joined([_best(row, line, count) for row, line in zip(rows.tolist(), self.block(rows), strict=True)])

        with ThreadPoolExecutor(2) as threads:
            return _joined(list(threads.map(of_block, range(0, self._of.rows, size))))

    def pairs(self, rows: Numbers, columns: Numbers) -> Numbers:
        """Scores of single pairs; -1 where forbidden."""
        found = np.empty(len(rows), dtype=np.int64)
        for start in range(0, len(rows), 256):
            here = slice(start, start + 256)
            block = self.block(rows[here])
            found[here] = np.maximum(block[np.arange(len(block)), columns[here]], -1)
        return found

    def bound(self, price: Numbers, extra: int) -> int:
        """No assignment is worth more, each pair counting its score and `extra`: from the mentors' prices alone."""
        cost = price - extra
        total = int((self._of.capacity.astype(np.int64) * price).sum())
        for _, block in self.blocks():
            total += int(np.where(block >= 0, block - cost, 0).max(axis=1, initial=0).sum())
        return total

    def _shares(self, rows: Numbers) -> Iterator[tuple[int, made.Array, made.Array, made.Array]]:
        """Of skills, goals and interests: who asks for what, and its share of the points."""
        flags = (self._of.wanted, self._of.row_goals, self._of.row_interests)
        weights = (made.SKILL_WEIGHT, made.GOAL_WEIGHT, made.INTEREST_WEIGHT)
        for kind, (flag, weight) in enumerate(zip(flags, weights, strict=True)):
            yield kind, *made.shares(flag[rows], weight)

    def _asked(self, rows: Numbers) -> list[list[Scores]]:
        """For each mentee the lines to add: for each term and share a line over all mentors, made once."""
        found: list[list[Scores]] = [[] for _ in rows]
        for kind, row, term, share in self._shares(rows):
            for place, *key in zip(row.tolist(), term.tolist(), share.tolist(), strict=True):
                line = self._terms.get((kind, key[0], key[1]))
                if line is None:
                    line = (self._meets[kind][key[0]].astype(np.int32) * key[1] // 4).astype(np.int16)
                    self._terms[kind, key[0], key[1]] = line
                found[place].append(line)
        return found

    def _factor(self, rows: Numbers) -> npt.NDArray[np.float32]:
        found = np.zeros((len(rows), 2 * made.SKILLS + made.GOALS + made.INTERESTS), dtype=np.float32)
        before = (0, 2 * made.SKILLS, 2 * made.SKILLS + made.GOALS)
        for kind, row, term, share in self._shares(rows):
            found[row, before[kind] + term] = share
            if kind == 0:
                found[row, made.SKILLS + term] = share // 2
        return found

    def _add_particular(self, rows: Numbers, found: npt.NDArray[np.int16] | npt.NDArray[np.float32]) -> None:
        first, last = self._start[rows], self._start[rows + 1]
        which = _ranges(first, last)
        np.add.at(found, (np.repeat(np.arange(len(rows)), last - first), self._column[which]), self._points[which])


def _best(row: int, line: Scores, count: int) -> Best:
    columns = np.flatnonzero(line >= 0)
    scores = line[columns].astype(np.int32)
    if len(scores) > count:
        enough = scores >= np.partition(scores, -count)[-count]
        columns, scores = columns[enough], scores[enough]
    return np.full(len(columns), row), columns, scores.astype(np.int64)


def _joined(parts: list[Best]) -> Best:
    rows, columns, scores = (np.concatenate(found) for found in zip(*parts, strict=True))
    return rows, columns, scores


def _seniority(company: made.Company) -> made.Array:
    level = np.arange(made.LEVELS)
    gap = level[None, :] - level[:, None]
    return np.where((gap >= 1) & (gap <= made.LEVEL_GAP_MAX), company.level_points, 2 * NEVER)


def _hours(company: made.Company) -> made.Array:
    return np.where(made.shared_hours() >= made.HOURS_MIN, company.hours_points, 2 * NEVER)


def _lines(first: made.Array, one: made.Array, second: made.Array, other: made.Array) -> Scores:
    """A line over all mentors for each two facts of a mentee."""
    found = np.empty((len(first), len(second), len(one)), dtype=np.int16)
    for number, line in enumerate(first[:, one]):
        found[number] = np.maximum(line + second[:, other], NEVER)
    return found.reshape(-1, len(one))


def _languages(company: made.Company) -> tuple[Numbers, Scores]:
    """Each mentee's set of languages, and a line over all mentors for each such set."""
    sets, which = made.distinct(company.row_languages)
    common = sets.astype(np.float32) @ company.column_languages.T.astype(np.float32)
    return which, np.where(common > 0, 0, NEVER).astype(np.int16)


def _particular(company: made.Company) -> tuple[Numbers, Numbers, Scores]:
    """Pairs with points of their own: wishes, blocks and reporting lines."""
    below = _within(company.row_line, company.column_line)
    above = _within(company.column_line, company.row_line)[::-1]
    wishes, blocked = company.wishes, company.blocked
    never = np.concatenate([blocked[:, 0], below[0], above[0]]), np.concatenate([blocked[:, 1], below[1], above[1]])
    once = np.unique(never[0] * np.int64(company.columns) + never[1])
    rows = np.concatenate([wishes[:, 0], once // company.columns])
    columns = np.concatenate([wishes[:, 1], once % company.columns])
    points = np.full(len(rows), NEVER, dtype=np.int16)
    points[: len(wishes)] = wishes[:, 2]
    return rows.astype(np.int64), columns.astype(np.int64), points


def _within(lines: made.Array, others: made.Array) -> tuple[Numbers, Numbers]:
    """Who of the others stands in whose part of the tree."""
    order = np.argsort(others[:, 0])
    enter = others[order, 0]
    first, last = np.searchsorted(enter, lines[:, 0]), np.searchsorted(enter, lines[:, 1])
    return np.repeat(np.arange(len(lines)), last - first), order[_ranges(first, last)]


def _ranges(first: Numbers, last: Numbers) -> Numbers:
    """All whole numbers of ranges, one range after the other."""
    count = last - first
    ends = np.cumsum(count)
    return np.repeat(first - ends + count, count) + np.arange(ends[-1] if len(ends) else 0)
