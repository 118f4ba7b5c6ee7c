"""One-on-one matching with capacities: the optimum of the full problem, proven.

The best columns of each row make a sparse graph; an auction finds prices on it, augmenting paths make them exact, and
then every pair of the full problem is priced: a pair worth more to its row than the row's own price is added, and the
paths go on from where they were. When no such pair is left, the prices prove the pairs optimal (linear programming
duality; column generation). All arithmetic is in integers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.domain.engine.auction import auction
from matching.domain.engine.graph import Graph, empty_graph, with_edges
from matching.domain.engine.market import FULL, Market, Points
from matching.domain.engine.outcome import Outcome
from matching.domain.engine.paths import State, raise_rows, scores_held, settle, tighten
from matching.domain.engine.scoring import Pricing

CANDIDATES = 40
"""Columns of each row in the first graph."""
ADDED = 16
"""Columns that a row gains in one round of pricing, at most."""
STEP = 150
"""By how many points at least a bid in the auction outbids another."""
_MOST = 2**30
"""Prices below this have room in 32 bits."""

Progress = Callable[[int], None]
Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Assignment(Outcome):
    """Pairs, prices and the bound they prove.

    With weights w = base + score, u of each row and p of each column: no matching weighs more than
    sum(u) + sum over columns and their places k = 0, 1, ... of max(0, p - charge * k). The charges are taken off the
    total.
    """

    row_price: npt.NDArray[np.int64]
    column_price: npt.NDArray[np.int64]
    charge: int


def assign(
    market: Market,
    *,
    coverage: bool = True,
    charge: int = 0,
    stop: Stop = lambda: False,
    say: Progress = lambda _: None,
) -> Assignment:
    """Each row at most one column, each column at most its capacity of rows: the most pairs, then the highest total.

    Without `coverage` the highest total alone. `charge` is what each further row of a column costs more than the one
    before it. `stop` is asked before each round of pricing; when it says so, the answer has an honest gap.
    """
    capacity = np.minimum(market.capacity, market.rows).astype(np.int32)
    base = base_of(capacity, market.rows, charge) if coverage else 0
    kind: Any = np.int32 if base + 2 * FULL < _MOST else np.int64
    open_price = np.where(capacity > 0, 0, _beyond(kind)).astype(kind)
    pricing = Pricing(market)
    column, score = pricing.best(CANDIDATES, open_price, np.full(market.rows, -FULL, kind))
    score = score.astype(np.int16)
    graph = empty_graph(market.rows, market.columns)
    graph = with_edges(graph, np.arange(market.rows, dtype=np.int32), column, score)
    say(30)
    price, mate = auction(column, score, capacity, charge, STEP)
    state = state_of(graph, capacity, 0, charge, mate, price)
    tighten(state)
    settle(state)
    if base:
        state = covering(state, base)
        settle(state)
    say(50)
    rounds, outbid = 0, np.zeros(market.rows, np.int64)
    while True:
        rounds += 1
        stopped = stop()
        rows, column, worth = _price(pricing, state, kind)
        outbid[:] = 0
        outbid[rows] = np.maximum(worth[:, 0] + base - state.u[rows], 0)
        say(min(95, 70 + 5 * rounds))
        if stopped or not len(rows):
            break
        score = np.where(column >= 0, worth + state.p[np.maximum(column, 0)], 0)
        graph = with_edges(graph, rows, column, score.astype(np.int16))
        state = state._replace(columns=graph.columns, rows=graph.rows)
        raise_rows(state, rows, worth[:, 0].astype(np.int64) + base)
        settle(state)
    return result_of(state, outbid, rounds)


def covering(state: State, base: int) -> State:
    """The same pairs where one more pair is worth `base` more, with prices that leave little of it to do.

    Who is short of partners bears it: if fewer places are free than rows are alone, all places become dearer by
    `base`, so that the free ones look for rows; otherwise the rows look for places.
    """
    free = int((state.capacity - state.load).sum(dtype=np.int64))
    if free < int((state.mate < 0).sum()):
        state.p[:] += base
    else:
        state.u[:] += base
    return state._replace(base=state.base + base)


def state_of(
    graph: Graph,
    capacity: npt.NDArray[np.int32],
    base: int,
    charge: int,
    mate: npt.NDArray[np.int32],
    p: npt.NDArray[np.int64],
    u: npt.NDArray[np.int64] | None = None,
) -> State:
    """Pairs and prices on a graph, ready to be searched."""
    rows, columns = len(mate), len(capacity)
    first, after, before = _listed(mate, columns)
    return State(
        columns=graph.columns,
        rows=graph.rows,
        base=base,
        charge=charge,
        capacity=capacity,
        load=np.bincount(mate[mate >= 0], minlength=columns).astype(np.int32),
        mate=mate.copy(),
        first=first,
        after=after,
        before=before,
        u=np.zeros(rows, np.int64) if u is None else u.copy(),
        p=p.copy(),
        heap=np.zeros(columns, np.int32),
        place=np.full(columns, -1, np.int32),
        far=np.full(columns, 2**62, np.int64),
        via=np.full(columns, -1, np.int32),
        origin=np.full(columns, -1, np.int32),
        done=np.zeros(columns, np.int32),
    )


def _listed(mate: npt.NDArray[np.int32], columns: int) -> tuple[npt.NDArray[np.int32], ...]:
    """The rows of each column as linked lists: first of each column, next and previous of each row."""
    first = np.full(columns, -1, np.int32)
    after, before = np.full(len(mate), -1, np.int32), np.full(len(mate), -1, np.int32)
    held = np.flatnonzero(mate >= 0)
    order = held[np.argsort(mate[held], kind="stable")].astype(np.int32)
    at = mate[order]
    same = at[1:] == at[:-1]
    after[order[:-1][same]] = order[1:][same]
    before[order[1:][same]] = order[:-1][same]
    heads = np.concatenate([[True], ~same]) if len(order) else np.zeros(0, np.bool_)
    first[at[heads]] = order[heads]
    return first, after, before


def _price(pricing: Pricing, state: State, kind: Any) -> tuple[Any, Any, Any]:
    """Rows that would rather have other columns than their price says, those columns, and their worths."""
    price = np.where(state.capacity > 0, state.p, _beyond(kind)).astype(kind)
    column, worth = pricing.best(ADDED, price, (state.u - state.base).astype(kind))
    rows = np.flatnonzero(column[:, 0] >= 0).astype(np.int32)
    return rows, column[rows], worth[rows]


def _beyond(kind: Any) -> int:
    """Price of a column without places: beyond all others that the numbers are chosen for."""
    return int(np.iinfo(kind).max) // 2


def base_of(capacity: npt.NDArray[np.int32], rows: int, charge: int) -> int:
    """More than any difference in total between two matchings."""
    most = min(rows, int(capacity.sum(dtype=np.int64)))
    return (FULL + charge * int(capacity.max(initial=0))) * most + 1


def result_of(state: State, outbid: npt.NDArray[np.int64], rounds: int) -> Assignment:
    """The pairs and prices of a state; `outbid` is by how much each row's price is still below what it would pay."""
    held = np.flatnonzero(state.mate >= 0)
    score = np.full(len(state.mate), -1, np.int16)
    score[held] = _scores_held(state)[held]
    load = state.load.astype(np.int64)
    total = int(score[held].sum(dtype=np.int64)) - state.charge * int((load * (load - 1) // 2).sum())
    u = state.u + outbid
    bound = int(u.sum()) + _places(state.p, state.capacity, state.charge)
    return Assignment(
        mate=state.mate,
        score=score,
        row_price=u,
        column_price=state.p,
        base=state.base,
        charge=state.charge,
        total=total,
        upper_bound=bound,
        rounds=rounds,
    )


def _places(price: npt.NDArray[np.int64], capacity: npt.NDArray[np.int32], charge: int) -> int:
    """What all places cost: sum over columns and places k of max(0, price - charge * k)."""
    places = capacity.astype(np.int64)
    if charge:
        places = np.minimum(places, -(-price // charge))
    return int((places * price - charge * (places * (places - 1) // 2)).sum())


def _scores_held(state: State) -> Points:
    found = np.full(len(state.mate), -1, np.int16)
    scores_held(state, found)
    return found
