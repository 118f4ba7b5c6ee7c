"""Which circles to open: a first choice, better ones nearby, and all of them where that is not too much.

The people of given circles are always placed exactly (`transport`); what is searched is the set of open columns.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from matching.domain.engine.assignment import Stop
from matching.domain.engine.circle_bounds import NEVER, Question, ask
from matching.domain.engine.transport import (
    Transport,
    branch,
    close,
    open_with,
    raise_minimum,
    value,
)

_TRIES = 60
"""Changes nearby that are tried before a choice of circles counts as good."""
_NEAR = 30
"""Columns to open and to close among which exchanges are looked for."""


def choose(relaxed: Transport, question: Question) -> Transport:
    """A first choice: columns that the matching without a minimum leaves below it are filled or closed, one by one."""
    found, lower = branch(relaxed), question.lower
    for column in np.flatnonzero(found.open & (found.size >= lower)):
        raise_minimum(found, column, lower[column])
    for column in np.flatnonzero(found.open & (found.size == 0) & ~question.sure):
        close(found, column)
    while (below := np.flatnonzero(found.open & (found.size < lower))).size:
        column = below[np.argmin(found.size[below])]
        filled = branch(found)
        could = found.upper[column] >= lower[column] and raise_minimum(filled, column, lower[column])
        close(found, column)
        if could and value(filled) > value(found):
            found = filled
        for other in np.flatnonzero(found.open & (found.size >= lower) & (found.lower < lower)):
            raise_minimum(found, other, lower[other])
    return found


def enforce(relaxed: Transport, question: Question, often: npt.NDArray[np.float64]) -> Transport:
    """The choice of the columns that are open in most of a bound's rounds, as far as they can be filled."""
    found = branch(relaxed)
    for column in np.flatnonzero(found.open & (often < 0.5) & ~question.sure):
        close(found, column)
    for column in np.argsort(-often, kind="stable"):
        if found.open[column]:
            filled = branch(found)
            if raise_minimum(filled, column, question.lower[column]):
                found = filled
            else:
                close(found, column)
    return found


def climb(start: Transport, question: Question, stop: Stop) -> Transport:
    """Open, close or exchange circles for as long as one of the most promising changes gains."""
    found, best, tries = start, value(start), 0
    changes = _changes(found, question)
    while changes and tries < _TRIES and not stop():
        leaving, coming = changes.pop(0)
        tries += 1
        tried = branch(found)
        if leaving >= 0:
            close(tried, leaving)
        if coming >= 0 and not open_with(tried, coming, question.lower[coming]):
            continue
        if value(tried) > best:
            found, best, tries = tried, value(tried), 0
            changes = _changes(found, question)
    return found


def _changes(found: Transport, question: Question) -> list[tuple[int, int]]:
    """Columns (to close, to open; -1: none) that could gain, those with the highest bound on the gain first.

    Prices stay true whatever opens, so no column gains more than it is worth under the prices of the rows, and
    closing one gains at most what its minimum costs now.
    """
    plain = replace(question, unit=1, cover=None)
    worth, _, _ = ask(plain, found.row_price, found.extra)
    held = np.where(found.price > 0, found.upper * found.price, found.lower * found.price)
    coming = np.flatnonzero(~found.open & (worth > NEVER))
    coming = coming[np.argsort(-worth[coming], kind="stable")][:_NEAR]
    leaving = np.flatnonzero(found.open & ~question.sure)
    leaving = leaving[np.argsort(held[leaving], kind="stable")][:_NEAR]
    gains = [(int(worth[b]), -1, int(b)) for b in coming] + [(-int(held[a]), int(a), -1) for a in leaving]
    gains += [(int(worth[b]) - int(held[a]), int(a), int(b)) for a in leaving for b in coming]
    return [(a, b) for gain, a, b in sorted(gains, key=lambda change: -change[0]) if gain > 0]
