"""Matching again with few moves: the best matching in which at most so many of those who are matched move.

Staying earns a bonus, the same for everybody; every bonus is a matching problem solved exactly, and proves a bound on
all matchings with few moves (Lagrange). The bonus that proves most is found by bisection. What is left of the gap is
closed, as far as the steps go, by branching on rows that stay for sure or are free to move.
"""

from dataclasses import dataclass, replace

import numpy as np
from numba import njit

from matching.domain.engine.assignment import ADDED, CANDIDATES, Assignment, Progress, Stop, assign
from matching.domain.engine.edges import Edges, edges_between
from matching.domain.engine.market import FULL, Indices, Market
from matching.domain.engine.outcome import Outcome
from matching.domain.engine.scoring import best as price_best
from matching.domain.engine.scoring import score_pairs
from matching.domain.engine.transport import (
    ABSENT,
    FAR,
    Flags,
    Prices,
    Transport,
    branch,
    bring_in,
    held_scores,
    insert_all,
    take_out,
    transport,
    value,
    worth,
)

_WORK = 10**8
"""Pairs times steps of branching, about."""
_STEPS = 2_000
"""Steps of branching, at most."""
_SHARES = 60
"""A multiple of the first whole numbers: a chain of two to six moves can share the worth of one more pair evenly."""


@dataclass(frozen=True, slots=True)
class Rematch(Outcome):
    """A matching with few moves, and the bound on what any other with so few could be worth."""

    moved: Indices
    """Rows that could have kept their column and have not, ascending."""
    released: Indices
    """Rows whose old pair is not allowed any more; they do not count as moved."""
    unavoidable: int
    """Moves that columns with fewer places than rows force; they are allowed beside the others."""
    charge: int
    """What a move cost in the problem whose prices proved the bound, as far as that went without branching."""
    column_price: Prices
    """Those prices."""


@dataclass(frozen=True, slots=True)
class _Node:
    """Rows of which it is not said yet whether they may move, rows that stay, and the moves that are left."""

    matching: Transport
    open: Flags
    staying: Flags
    budget: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What the bonuses of a node prove, its best matching with few moves, and the rows to decide on next."""

    bound: int
    bonus: int
    price: Prices
    """Of the columns, at that bonus: they prove the bound."""
    matching: Transport | None
    next: int
    state: Transport
    """The node's matching at the bonus, with all pairs that proved to matter."""


@dataclass(frozen=True, slots=True)
class _Task:
    market: Market
    top: int
    """A bonus that no gain of a move outweighs."""
    sure: int
    """A bonus that no gain of all moves outweighs."""
    limit: int
    """A bound on the value of any matching."""
    stop: Stop


def rematch(
    market: Market,
    mate: Indices,
    moves: int,
    *,
    coverage: bool = True,
    stop: Stop = lambda: False,
    say: Progress = lambda _: None,
) -> Rematch:
    """The matching that covers most and then scores most in which at most `moves` rows leave the column in `mate`.

    With no moves everybody who is matched stays (frozen) and only the free places are filled. Without `coverage` the
    highest total alone. `stop` is asked between steps; when it says so, the answer has an honest gap.
    """
    if moves < 0:
        raise ValueError(f"{moves} moves")
    held = np.flatnonzero(mate >= 0).astype(np.int32)
    kept = held[score_pairs(market, held, mate[held]) >= 0]
    home = np.full(market.rows, -1, np.int32)
    home[kept] = mate[kept]
    first = assign(market, coverage=coverage, stop=stop)
    say(20)
    base = -(-first.base // _SHARES) * _SHARES
    top = base + 2 * FULL + 1
    task = _Task(market, top, top * (market.rows + 1), first.pairs * (base + FULL), stop)
    excess = np.bincount(home[kept], minlength=market.columns) - market.capacity
    unavoidable = int(np.maximum(excess, 0).sum())
    start = transport(_candidates(market, first, home), market.capacity, extra=base, home=home)
    insert_all(start)
    say(40)
    root = _Node(start, home >= 0, np.zeros(market.rows, np.bool_), moves + unavoidable)
    best, bound, proof, steps = _settle(root, task, say)
    say(100)
    return _result(best, np.setdiff1d(held, kept), unavoidable, bound, proof, steps)


def _candidates(market: Market, first: Assignment, home: Indices) -> Edges:
    """The pairs worth most under the prices of the matching from scratch, its own pairs and those that were."""
    column, worth_of = price_best(market, CANDIDATES, price=first.column_price)
    row = np.broadcast_to(np.arange(market.rows, dtype=np.int32)[:, None], column.shape)
    listed = column >= 0
    rows, columns = [row[listed]], [column[listed]]
    score = [(worth_of[listed] + first.column_price[column[listed]]).astype(np.int16)]
    for mate in (home, first.mate):
        held = np.flatnonzero(mate >= 0).astype(np.int32)
        rows, columns = [*rows, held], [*columns, mate[held]]
        score.append(score_pairs(market, held, mate[held]))
    pairs = np.concatenate(rows), np.concatenate(columns), np.concatenate(score)
    return edges_between(*pairs, (market.rows, market.columns))


def _settle(root: _Node, task: _Task, say: Progress) -> tuple[Transport, int, _Found, int]:
    """The best matching found, the bound on all others, what proved it before any branching, and the steps taken."""
    found = proof = _search(root, task, task.top if root.budget == 0 else 0)
    best = found.matching or root.matching
    say(70)
    best = _dive(root, best, found, task)
    say(90)
    nodes, steps, most = [(root, found)], 0, min(_STEPS, _WORK // (1 + len(root.matching.edges.row)))
    while nodes and steps < most and not task.stop():
        node, found = nodes.pop()
        for child in _children(node, found) if found.bound > plain(best) else []:
            steps += 1
            answer = _search(child, task, found.bonus)
            best = best if answer.matching is None else _better(best, answer.matching)
            if answer.bound > plain(best):
                nodes.append((child, answer))
    left = [found.bound for _, found in nodes]
    return best, min(proof.bound, max([plain(best), *left])), proof, steps


def _dive(root: _Node, best: Transport, found: _Found, task: _Task) -> Transport:
    """Spend moves that are left: who has moved may go anywhere now, and the search goes on among the others."""
    while found.bound > plain(best) and not task.stop():
        moved = root.open & (best.mate != best.home)
        budget = root.budget - int(moved.sum())
        node = _Node(branch(found.state), root.open & ~moved, root.staying, budget)
        answer = _search(node, task, found.bonus).matching if budget else None
        if answer is None or plain(answer) <= plain(best):
            break
        best = answer
    return best


def _children(node: _Node, found: _Found) -> list[_Node]:
    """The node with one more row that stays for sure, and with one more that is free to move; the last comes first."""
    if found.next < 0:
        return []
    mark = np.arange(len(node.open)) == found.next
    stays = _Node(branch(found.state), node.open & ~mark, node.staying | mark, node.budget)
    moves = _Node(branch(found.state), node.open & ~mark, node.staying, node.budget - 1)
    return [stays, moves] if node.budget else [stays]


def _evaluate(node: _Node, task: _Task, t: Transport, bonus: int) -> tuple[Transport, int]:
    """The best matching of a node with a bonus for staying, and the bound on the node's values that it proves.

    Every pair whose worth is above the prices becomes a candidate, until there is none.
    """
    _reprice(t, _bonuses(node, task, bonus))
    while True:
        column, over = price_best(task.market, ADDED, price=_closed(t), above=t.row_price - t.extra)
        rows = np.flatnonzero(column[:, 0] >= 0).astype(np.int32)
        if not len(rows) or task.stop():
            more = int((over[rows, 0] + t.extra - t.row_price[rows]).sum())
            sure = task.sure * int(node.staying.sum()) + bonus * (int(node.open.sum()) - node.budget)
            return t, int(value(t)) + more - sure
        t = _with(t, rows, column[rows], over[rows])


def _closed(t: Transport) -> Prices:
    """The prices of the columns; those without places are beyond any row's means."""
    return np.where(t.upper > 0, t.price, FAR)


def _with(t: Transport, rows: Indices, column: Indices, over: Prices) -> Transport:
    """The matching with more candidates; rows that would rather have one of them look for their place again."""
    listed = column >= 0
    row = np.broadcast_to(rows[:, None], column.shape)[listed]
    score = (over[listed] + t.price[column[listed]]).astype(np.int16)
    edges = t.edges
    old = np.repeat(np.arange(len(t.mate), dtype=np.int32), np.diff(edges.row_start))
    for i in rows:
        take_out(t, i)
    more = edges_between(
        np.concatenate([old, row]),
        np.concatenate([edges.column, column[listed]]),
        np.concatenate([edges.row_score, score]),
        (len(t.mate), len(t.price)),
    )
    t = t._replace(edges=more)
    bring_in(t)
    return t


def _search(node: _Node, task: _Task, hint: int) -> _Found:
    """Look for the bonus that proves the lowest bound, about `hint` first, and for the best matching on the way."""
    t, low, high, stride = node.matching, 0, task.top + 1, 1 if hint else FULL // 40
    bound, charge, price = task.limit, task.top, np.zeros_like(t.price)
    best, many, bonus = None, t.mate, min(hint, task.top)
    while low < high:
        t, proven = _evaluate(node, task, t, bonus)
        if (node.staying & (t.mate != t.home)).any():
            break
        if (proven, bonus) < (bound, charge):
            bound, charge, price = proven, bonus, np.maximum(t.price, 0)
        if _moved(node, t) <= node.budget:
            high, best = bonus, _better(best, t)
        else:
            low, many = bonus + 1, t.mate.copy()
        if best is not None and (bound <= plain(best) or task.stop()):
            return _Found(bound, charge, price, best, -1, t)
        stride *= 4
        middle = (low + high) // 2
        if task.stop():
            middle = stride = task.top
        bonus = max(middle, high - stride) if low == 0 else min(middle, low + stride) if high > task.top else middle
    if best is None:
        return _Found(-1, charge, price, None, -1, t)
    return _tied(node, task, _Found(bound, charge, price, best, -1, t), high, many)


def _tied(node: _Node, task: _Task, found: _Found, bonus: int, many: Indices) -> _Found:
    """Between two bonuses one apart: the higher one for just as many rows as leave few enough moves.

    `many` are the columns in a matching of the lower one.
    """
    t, rows, best = found.state, np.flatnonzero(node.open), found.matching
    low, high = 0, len(rows)
    while high - low > 1:
        middle = (low + high) // 2
        bonuses = _bonuses(node, task, bonus)
        bonuses[rows[middle:]] -= 1
        _reprice(t, bonuses)
        if _moved(node, t) > node.budget:
            low, many = middle, t.mate.copy()
        else:
            high, best = middle, _better(best, t)
    doubtful = np.flatnonzero(node.open & (many != t.home))
    return replace(found, matching=best, next=int(doubtful[0]), state=t)


def _bonuses(node: _Node, task: _Task, bonus: int) -> Prices:
    return np.where(node.open, bonus, np.where(node.staying, task.sure, 0)).astype(np.int64)


def _moved(node: _Node, t: Transport) -> int:
    return int((node.open & (t.mate != t.home)).sum())


def _better(best: Transport | None, other: Transport) -> Transport:
    """The better one of two matchings, the first if they are equally good; a copy if it is the second."""
    return best if best is not None and plain(best) >= plain(other) else branch(other)


def plain(t: Transport) -> int:
    """What a matching is worth without bonuses."""
    held = t.mate >= 0
    return int(t.extra) * int(held.sum()) + int(held_scores(t)[held].sum(dtype=np.int64))


def _result(best: Transport, released: Indices, unavoidable: int, bound: int, proof: _Found, steps: int) -> Rematch:
    score = held_scores(best)
    return Rematch(
        mate=best.mate,
        score=score,
        moved=np.flatnonzero((best.home >= 0) & (best.mate != best.home)).astype(np.int32),
        released=released.astype(np.int32),
        unavoidable=unavoidable,
        base=best.extra,
        total=int(score[best.mate >= 0].sum(dtype=np.int64)),
        upper_bound=bound,
        charge=proof.bonus,
        column_price=proof.price,
        rounds=steps,
    )


@njit(cache=True, nogil=True)
def _reprice(t, bonus):
    """Change the bonuses: rows whose prices would not be true any more are taken out and brought in again."""
    for i in range(t.mate.shape[0]):
        if t.mate[i] != ABSENT and bonus[i] != t.bonus[i] and _untrue(t, np.int32(i), bonus[i]):
            take_out(t, i)
    for i in range(t.mate.shape[0]):
        if t.mate[i] >= 0 and t.mate[i] == t.home[i]:
            t.row_price[i] += bonus[i] - t.bonus[i]
        t.bonus[i] = bonus[i]
    bring_in(t)


@njit(cache=True, nogil=True)
def _untrue(t, row, bonus):
    """Whether a row would rather be elsewhere with another bonus, going by the prices."""
    home, by = t.home[row], bonus - t.bonus[row]
    if home < 0:
        return False
    if t.mate[row] != home:
        return t.open[home] and worth(t, row, home) + by - t.price[home] > t.row_price[row]
    price = t.row_price[row] + by
    if price < 0:
        return True
    for e in range(t.edges.row_start[row], t.edges.row_start[row + 1]):
        j = t.edges.column[e]
        if j != home and t.open[j] and t.edges.row_score[e] + t.extra - t.price[j] > price:
            return True
    return False
