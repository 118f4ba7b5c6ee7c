"""What is particular to a pair of people: wishes, and everything that keeps just these two apart."""

from collections.abc import Collection, Iterable, Sequence
from itertools import chain, repeat
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from matching.domain.encoding.terms import Numbers
from matching.domain.engine.market import FORBIDDEN, Points, Terms
from matching.domain.people import Profile
from matching.domain.problems import Names, Problem
from matching.domain.rules import FULL
from matching.domain.scoring import WISH_RANKS

People = Sequence[Profile]
Found = tuple[Numbers, Numbers, Numbers]
"""Rows, columns, points."""


def particulars(problem: Problem, rows: People, columns: People) -> tuple[Terms, Points]:
    """The pairs that get points or are forbidden, by row and ascending column; forbidden goes before all points."""
    row = {person.employee_id: place for place, person in enumerate(rows)}
    column = {person.employee_id: place for place, person in enumerate(columns)}
    apart = [_same_person(rows, column)]
    for named in ("blocks", *(("earlier",) if problem.rules.exclude_earlier else ())):
        apart += [_naming(rows, column, named), _turned(_naming(columns, row, named))]
    settled = problem.forbids | (problem.earlier if problem.rules.exclude_earlier else frozenset())
    apart.append(_known(settled, row, column))
    if problem.format == "peer":
        apart.append(_turned(_known(settled, row, column)))
    wishes = _wishes(problem, rows, columns, row, column)
    return _joined(wishes, apart, len(rows), len(columns), add=problem.format == "peer")


def wish_lists(people: People, others: People) -> Terms:
    """Whom each of the people wishes for among the others, dearest first."""
    place = {person.employee_id: number for number, person in enumerate(others)}
    listed = [[place[name] for name in person.wishes if name in place] for person in people]
    start = np.zeros(len(listed) + 1, np.int64)
    np.cumsum([len(wishes) for wishes in listed], out=start[1:])
    return Terms(start, np.fromiter(chain.from_iterable(listed), np.int32, int(start[-1])))


def _same_person(rows: People, column: dict[str, int]) -> Found:
    places = _places((person.employee_id for person in rows), column, len(rows))
    return _forbidden(np.arange(len(rows)), places)


def _naming(people: People, other: dict[str, int], field: str) -> Found:
    """Whom each of the people names there."""
    listed: list[Collection[str]] = list(map(attrgetter(field), people))
    size = np.fromiter(map(len, listed), np.int64, len(listed))
    if not size.any():
        return _forbidden(size[:0], size[:0])
    places = _places(chain.from_iterable(listed), other, int(size.sum()))
    return _forbidden(np.repeat(np.arange(len(people)), size), places)


def _known(pairs: Iterable[Names], row: dict[str, int], column: dict[str, int]) -> Found:
    listed = sorted(pairs)
    return _forbidden(
        _places((one for one, _ in listed), row, len(listed)),
        _places((other for _, other in listed), column, len(listed)),
    )


def _wishes(
    problem: Problem, rows: People, columns: People, row: dict[str, int], column: dict[str, int]
) -> list[Found]:
    weight = problem.rules.weights.scaled(FULL // 2 if problem.format == "peer" else FULL)["wish"]
    if not weight:
        return []
    return [_wished(rows, column, weight), _turned(_wished(columns, row, weight))]


def _wished(people: People, other: dict[str, int], weight: int) -> Found:
    listed = [person.wishes for person in people]
    size = np.fromiter(map(len, listed), np.int64, len(listed))
    places = _places(chain.from_iterable(listed), other, int(size.sum()))
    rank = np.arange(len(places)) - np.repeat(np.cumsum(size) - size, size)
    there = places >= 0
    points = weight * np.maximum(WISH_RANKS - rank[there], 0) // WISH_RANKS
    return np.repeat(np.arange(len(people)), size)[there], places[there], points


def _places(names: Iterable[str], places: dict[str, int], count: int) -> Numbers:
    """The place of each name, -1 of those who take no part."""
    return np.fromiter(map(places.get, names, repeat(-1)), np.int64, count)


def _forbidden(who: Numbers, whom: Numbers) -> Found:
    there = (who >= 0) & (whom >= 0)
    return who[there], whom[there], np.full(int(there.sum()), FORBIDDEN, np.int64)


def _turned(found: Found) -> Found:
    return found[1], found[0], found[2]


def _joined(
    wishes: Sequence[Found], apart: Sequence[Found], rows: int, columns: int, *, add: bool
) -> tuple[Terms, Points]:
    """Each pair once: wishes of both sides added up, or the larger of them; forbidden if anything forbids it."""
    wanted, points = _reduced(_keys(wishes, columns), np.add if add else np.maximum)
    kept, never = _reduced(_keys(apart, columns), np.maximum)
    allowed = ~np.isin(wanted, kept) & (points > 0)
    pair = np.concatenate([wanted[allowed], kept])
    order = np.argsort(pair)
    pair, points = pair[order], np.concatenate([points[allowed], never])[order]
    start = np.searchsorted(pair, np.arange(rows + 1) * max(1, columns))
    return Terms(start.astype(np.int64), (pair % max(1, columns)).astype(np.int32)), points.astype(np.int16)


def _keys(found: Sequence[Found], columns: int) -> tuple[Numbers, Numbers]:
    nothing = np.zeros(0, np.int64)
    pair = np.concatenate([nothing, *(row * columns + column for row, column, _ in found)])
    return pair, np.concatenate([nothing, *(points for _, _, points in found)])


def _reduced(keys: tuple[Numbers, Numbers], how: np.ufunc) -> tuple[Numbers, npt.NDArray[np.int64]]:
    pair, points = keys
    order = np.argsort(pair, kind="stable")
    pair, points = pair[order], points[order]
    if not len(pair):
        return pair, points
    first = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
    return pair[first], how.reduceat(points, first)
