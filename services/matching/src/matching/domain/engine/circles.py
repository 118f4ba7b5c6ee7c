"""Circles: each column opens one of a minimum to a maximum of people, or none, and their people go elsewhere.

Which circles to open is NP-hard. The answer comes with a bound that no choice exceeds, proven by prices on the rows
(`circle_bounds`) and, as far as the steps go, by branching (`circle_branching`); with a gap of 0 it is the best.
"""

from dataclasses import dataclass, replace

import numpy as np

from matching.domain.engine.assignment import Progress, Stop
from matching.domain.engine.circle_bounds import SCALE, Bound, Prices, Question, descend
from matching.domain.engine.circle_branching import covered, reachable, settle
from matching.domain.engine.circle_search import choose, climb, enforce
from matching.domain.engine.circle_seats import Seats, relaxed, seats_of
from matching.domain.engine.market import FORBIDDEN, FULL, Indices, Market
from matching.domain.engine.outcome import Outcome
from matching.domain.engine.transport import Transport, held_scores, value

ROUNDS = 600
"""Rounds of a search for prices, at most."""
_LIFT = 2 * FULL
"""What a covered row counts beside its score when the search for prices begins."""
_WORK = 4 * 10**8
"""Pairs times steps of branching, about."""
_STEPS = 20_000
"""Steps of branching, at most."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Prices of the rows that prove how many can be in circles, where a pair counts `scale` whatever its score."""

    price: Prices
    scale: int


@dataclass(frozen=True, slots=True)
class Circles(Outcome):
    """Circles: rows with one column are together. The bound is on what any others could be worth."""

    opened: Indices
    """The columns that hold a circle, ascending."""
    row_price: Prices
    """Prices that prove a bound by themselves (without branching), `circle_bounds.SCALE` to the point."""
    lift: int
    price_bound: int
    """The highest total that the prices allow to circles with as many people as the upper bound covers."""
    cover: "Cover"


@dataclass(frozen=True, slots=True)
class _Task:
    """The rows and columns that can be in circles at all, and how to go about them."""

    rows: Indices
    columns: Indices
    relaxed: Transport
    """The best matching in which only columns that are open for sure have a minimum."""
    question: Question
    cover: Cover
    stop: Stop
    say: Progress


def form_circles(
    market: Market,
    minimum: int,
    maximum: int,
    *,
    pinned: Indices | None = None,
    coverage: bool = True,
    stop: Stop = lambda: False,
    say: Progress = lambda _: None,
) -> Circles:
    """The circles of `minimum` to `maximum` rows (a column's capacity may be lower) that cover most, then score most.

    Without `coverage` those of the highest total alone. `stop` is asked between steps; when it says so, the answer
    has an honest gap. A column with `pinned` people beside the rows, who count for its minimum alone, is filled
    whatever it costs; where all of these cannot be there are no circles at all.
    """
    seats = seats_of(market, minimum, maximum, pinned)
    base = FULL * len(seats.rows) + 1 if coverage else 0
    found, short = relaxed(seats, base)
    if short.size or seats.hopeless.size:
        return _none(market, base)
    task = _task(seats, found, stop, say)
    say(30)
    best = climb(choose(task.relaxed, task.question), task.question, stop)
    say(50)
    task = _covering(task, best)
    return _settled(task, market, *_proven(task, best))


def _task(seats: Seats, relaxed: Transport, stop: Stop, say: Progress) -> _Task:
    base, cover = relaxed.extra, None
    if base:
        cover = reachable(covered(relaxed), seats.lower, seats.upper)
    question = Question(np.ascontiguousarray(seats.score.T), seats.upper, seats.lower, seats.sure, cover=cover)
    # Who pays as much as a pair weighs, or more, has paid for being in a circle once.
    paid = Cover(np.clip(relaxed.row_price, 0, base), max(base, 1))
    return _Task(seats.rows, seats.columns, relaxed, question, paid, stop, say)


def _none(market: Market, base: int) -> Circles:
    """No circles: those that must be cannot be filled, so that there is nothing to be compared with."""
    free = np.zeros(market.rows, np.int64)
    return Circles(
        mate=np.full(market.rows, -1, np.int32),
        score=np.full(market.rows, FORBIDDEN, np.int16),
        opened=np.zeros(0, np.int32),
        base=base,
        total=0,
        upper_bound=0,
        row_price=free,
        lift=0,
        price_bound=0,
        cover=Cover(free, max(base, 1)),
        rounds=0,
    )


def _proven(task: _Task, best: Transport) -> tuple[Transport, Bound, int, int]:
    """The best circles to be found from `best` on, the bound by prices, the bound on the value and the steps taken."""
    question = task.question
    proof = _priced(question, best, task.stop)
    task.say(75)
    if _gap(best, question, proof):
        other = climb(enforce(task.relaxed, question, proof.often), question, task.stop)
        best = max(best, other, key=value)
    task.say(85)
    reach = _bound(question, proof, best)
    if reach <= value(best):
        return best, proof, value(best), 0
    steps = min(_STEPS, _WORK // (1 + question.across.size))
    found = settle(task.relaxed, best, question, proof, steps=steps, stop=task.stop)
    return found.matching, proof, min(reach, max(found.bound, value(found.matching))), found.steps


def _priced(question: Question, best: Transport, stop: Stop) -> Bound:
    """The bound on the total from prices, beginning with those that prove the people of the best circles well placed.

    Their coverage is taken out: a row costs a lift less, or more, for each time that it counts as covered.
    """
    target = value(best) - best.extra * covered(best)
    times = np.rint(best.row_price / best.extra).astype(np.int64) if best.extra else 0 * best.row_price
    lift = _LIFT * SCALE if question.cover is not None and not question.everybody else 0
    away = 1 if question.everybody else times
    price = (best.row_price - away * best.extra) * SCALE + times * lift
    return descend(question, price, lift, target=target, rounds=ROUNDS, stop=stop)


def _covering(task: _Task, best: Transport) -> _Task:
    """The task with a lower bound on how many rows circles can cover, if there is one: the total of scores all 1."""
    question = task.question
    if question.cover is None or covered(best) == question.cover:
        return task
    across = np.where(question.across >= 0, np.int16(1), np.int16(FORBIDDEN))
    price = np.full(across.shape[1], SCALE, np.int64)
    ones = replace(question, across=across, cover=None)
    found = descend(ones, price, 0, target=covered(best), rounds=ROUNDS, stop=task.stop)
    cover = reachable(found.value, question.lower, question.upper)
    if cover >= question.cover:
        return task
    return replace(task, question=replace(question, cover=cover), cover=Cover(found.price, SCALE))


def _bound(question: Question, proof: Bound, best: Transport) -> int:
    """The bound on the value from prices and, where coverage comes first, from the bound on coverage."""
    return best.extra * (question.cover or 0) + max(0, proof.value)


def _gap(best: Transport, question: Question, proof: Bound) -> int:
    return _bound(question, proof, best) - int(value(best))


def _settled(task: _Task, market: Market, best: Transport, proof: Bound, bound: int, steps: int) -> Circles:
    mate = np.full(market.rows, -1, np.int32)
    held = best.mate >= 0
    mate[task.rows[held]] = task.columns[best.mate[held]]
    score = np.full(market.rows, FORBIDDEN, np.int16)
    score[task.rows[held]] = held_scores(best)[held]
    price, cover = np.zeros((2, market.rows), np.int64)
    price[task.rows], cover[task.rows] = proof.price, task.cover.price
    task.say(100)
    return Circles(
        mate=mate,
        score=score,
        opened=np.unique(mate[mate >= 0]).astype(np.int32),
        base=best.extra,
        total=int(score[mate >= 0].sum(dtype=np.int64)),
        upper_bound=bound,
        row_price=price,
        lift=proof.lift,
        price_bound=proof.value,
        cover=Cover(cover, task.cover.scale),
        rounds=steps,
    )
