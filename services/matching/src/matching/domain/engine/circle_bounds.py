"""Bounds on what circles can reach, from prices on the rows.

A price on each row stands for the rule that nobody sits in two circles; without that rule the problem falls apart
into one question for each column: which subset of minimum to maximum rows is worth most after prices, or none. The
answers add up to a true bound whatever the prices are; a search makes it low. Prices are whole numbers, `SCALE` to a
point of score, so that the bound holds exactly.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from matching.domain.engine.assignment import Stop
from matching.domain.engine.market import Indices, Points

Prices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SCALE = 16
NEVER = -(1 << 60)
"""Stands for the worth of a circle that cannot be filled, and the bound of a question without an answer."""
_PATIENCE = 10
"""Rounds without a lower bound before the steps get shorter."""
_SHORTEST = 0.01
"""Steps shorter than this change nothing."""


@dataclass(frozen=True, slots=True)
class Question:
    """Circles to be bounded: columns that may open, what a pair is worth and how many rows must be covered."""

    across: Points
    """Scores, shape (columns, rows)."""
    upper: Indices
    """Rows of each column at most."""
    lower: Indices
    """Rows that each column needs if it opens."""
    sure: Flags
    """Columns that are open whatever that costs; one of them that needs no rows may have none."""
    unit: int = SCALE
    """What a point of score counts: SCALE for the total, 0 for coverage alone."""
    cover: int | None = None
    """Only solutions that cover so many rows are asked for; None: all solutions."""

    def circles(self) -> tuple[int, int]:
        """The fewest and the most circles that a solution can have."""
        rows = self.across.shape[1] if self.cover is None else self.cover
        reach = np.cumsum(np.sort(self.upper)[::-1])
        fewest = int(np.searchsorted(reach, self.cover)) + 1 if self.cover else 0
        return fewest, most_circles(rows, self.lower)

    @property
    def everybody(self) -> bool:
        """Whether all rows must be covered, which leaves the sign of their prices free."""
        return bool(self.cover == self.across.shape[1])


def most_circles(rows: int, lower: Indices) -> int:
    """How many circles so many rows can fill at most: those that need least."""
    return int(np.searchsorted(np.cumsum(np.sort(lower)), rows, side="right"))


@dataclass(frozen=True, slots=True)
class Bound:
    """Prices of the rows, what each circle would be worth under them, and the bound that they prove."""

    price: Prices
    lift: int
    """What each covered row counts beside its score, taken back for as many as must be covered."""
    worth: Prices
    """Of each column opened in the best way; NEVER where that cannot be."""
    value: int
    often: npt.NDArray[np.float64]
    """How often each column was open on the way, 0 to 1, late rounds counting more."""

    def within(self, question: Question, opened: Flags, closed: Flags) -> int:
        """The bound if some columns are open and some closed for sure."""
        return fold(question, self.price, self.lift, self.worth, opened, closed)[0]


def fold(
    question: Question, price: Prices, lift: int, worth: Prices, opened: Flags, closed: Flags
) -> tuple[int, Indices]:
    """The bound of prices from the worth of each column, and the columns that it opens beside those `opened`."""
    fewest, most = (max(0, circles - int(opened.sum())) for circles in question.circles())
    free = np.flatnonzero(~opened & ~closed & (worth > NEVER))
    best = free[np.argsort(-worth[free], kind="stable")]
    if (worth[opened] == NEVER).any() or fewest > min(most, len(best)):
        return NEVER, best[:0].astype(np.int32)
    taken = best[: max(fewest, min(most, int((worth[best] > 0).sum())))]
    total = int(price.sum()) + int(worth[opened].sum()) + int(worth[taken].sum())
    return (total - lift * (question.cover or 0)) // SCALE, taken.astype(np.int32)


def ask(question: Question, price: Prices, lift: int) -> tuple[Prices, Indices, Indices]:
    """Of each column: its worth if it opens, how many rows it takes then, and which (shape (columns, widest))."""
    columns = len(question.upper)
    worth, count = np.full(columns, NEVER, np.int64), np.zeros(columns, np.int32)
    chosen = np.zeros((columns, int(question.upper.max(initial=1))), np.int32)
    _ask(question.across, question.upper, question.lower, question.unit, lift, price, worth, count, chosen)
    return worth, count, chosen


def descend(question: Question, price: Prices, lift: int, *, target: int, rounds: int, stop: Stop) -> Bound:
    """The lowest bound found in so many rounds of subgradient steps; ends early where it meets `target`."""
    rows, columns = question.across.shape[1], len(question.upper)
    nothing = np.zeros(columns, bool)
    at, often = np.append(price, lift).astype(np.float64), np.zeros(columns)
    best, length, waited = Bound(price, lift, np.zeros(0, np.int64), -NEVER, often), 1.0, 0
    heading = np.zeros(rows + 1)
    for _ in range(rounds):
        price, lift = _whole(at, question)
        worth, count, chosen = ask(question, price, lift)
        value, taken = fold(question, price, lift, worth, question.sure, nothing)
        taken = np.append(np.flatnonzero(question.sure), taken)
        waited += 1
        if value < best.value:
            best, waited = Bound(price, lift, worth, value, often), 0
        if best.value <= target or length < _SHORTEST or stop():
            break
        if waited >= _PATIENCE:
            length, waited, at = length / 2, 0, np.append(best.price, best.lift).astype(np.float64)
            heading[:] = 0
        often = 0.95 * often
        often[taken] += 0.05
        slope = _slope(question, count, chosen, taken)
        heading = 0.6 * heading + slope
        norm = float(heading @ heading)
        if norm == 0:
            break
        at = at - length * SCALE * max(1, value - target) / norm * heading
    return _general(best, often, question)


def _general(best: Bound, often: npt.NDArray[np.float64], question: Question) -> Bound:
    """The same bound with prices of 0 or more, so that it holds whatever number of rows must be covered."""
    lift = max(0, -int(best.price.min(initial=0))) if question.everybody else 0
    return Bound(best.price + lift, best.lift + lift, best.worth, best.value, often)


def _whole(at: npt.NDArray[np.float64], question: Question) -> tuple[Prices, int]:
    """Whole prices where the search stands, and the lift; never below 0 unless everybody must be covered."""
    whole = np.rint(at).astype(np.int64)
    if question.everybody:
        return whole[:-1], 0
    np.maximum(whole, 0, out=whole)
    np.copyto(at, np.maximum(at, 0))
    return whole[:-1], int(whole[-1]) if question.cover is not None else 0


def _slope(question: Question, count: Indices, chosen: Indices, taken: Indices) -> npt.NDArray[np.float64]:
    """By how much the bound rises with each row's price and with the lift."""
    rows = question.across.shape[1]
    seated = np.arange(chosen.shape[1]) < count[taken, None]
    times = np.bincount(chosen[taken][seated], minlength=rows)
    surplus = float(count[taken].sum() - question.cover) if question.cover is not None else 0.0
    return np.append(1.0 - times, 0.0 if question.everybody else surplus)


@njit(cache=True, nogil=True, parallel=True)
def _ask(across, upper, lower, unit, lift, price, worth, count, chosen):
    for j in prange(across.shape[0]):
        if upper[j] >= lower[j]:
            gain = np.empty(upper[j], np.int64)
            size = _highest(across[j], upper[j], unit, lift, price, gain, chosen[j])
            if size >= lower[j]:
                taken = np.int64(0)
                total = np.int64(0)
                while taken < size and (taken < lower[j] or gain[taken] > 0):
                    total += gain[taken]
                    taken += 1
                worth[j], count[j] = total, taken


@njit(cache=True, nogil=True)
def _highest(line, most, unit, lift, price, gain, chosen):
    """The `most` allowed rows of a column that gain most, in falling order; how many there are."""
    size = 0
    least = np.int64(NEVER)
    for i in range(line.shape[0]):
        found = unit * np.int64(line[i]) + lift - price[i]
        if found <= least or line[i] < 0:
            continue
        at = size if size < most else most - 1
        while at > 0 and gain[at - 1] < found:
            gain[at] = gain[at - 1]
            chosen[at] = chosen[at - 1]
            at -= 1
        gain[at] = found
        chosen[at] = i
        if size < most:
            size += 1
        if size == most:
            least = gain[most - 1]
    return size
