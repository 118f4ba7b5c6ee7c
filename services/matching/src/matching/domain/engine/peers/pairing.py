"""Peers in pairs: the best pairing of people among themselves, proven for all pairs there are.

Matching everybody twice, once as a row and once as a column, is a simpler problem (an assignment) whose prices, summed
by person, are duals of this one on all pairs; what it leaves open are its odd cycles. From these duals the search with
blossoms goes on over each person's nearest partners; then all pairs are priced, those that break the duals join, and
the search goes on from where it was. When none is left, value and bound are equal: the pairing is the best.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from numba import njit

from matching.domain.engine.assignment import Progress, Stop, assign
from matching.domain.engine.market import FULL, Market, Points, Terms
from matching.domain.engine.peers.blossoms import dissolve
from matching.domain.engine.peers.certificate import Certificate, certificate, priced, raised
from matching.domain.engine.peers.forest import DUAL, MATE, NOBODY, OUTER, Forest, forest, graph, with_room
from matching.domain.engine.peers.search import advance
from matching.domain.engine.scoring import best, score_pairs

NEAREST = 16
"""Partners of each person in the first graph."""
_SEARCHES = 64
"""People from whom searches start before `stop` is asked again."""

People = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairing:
    """People in pairs, and the bound that proves how good they are."""

    mate: People
    """Partner of each person, -1 without one."""
    score: Points
    """Score of each person's pair, FORBIDDEN without one."""
    base: int
    """What one more pair is worth above its score: 0 where only the total counts."""
    proof: Certificate
    rounds: int
    """How often all pairs were priced."""

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        return int((self.mate >= 0).sum()) // 2

    @property
    def total(self) -> int:
        """Sum of the scores of all pairs."""
        return int(self.score[self.mate >= 0].sum(dtype=np.int64)) // 2

    @property
    def value(self) -> int:
        """The sum over all pairs of `base` and score: what is maximised."""
        return self.base * self.pairs + self.total

    @property
    def upper_bound(self) -> int:
        """No pairing has a higher value."""
        return self.proof.doubled_bound // 2

    @property
    def gap(self) -> int:
        """How far the value may be from the best one; 0 is proven optimal."""
        return self.upper_bound - self.value


def pair_up(
    market: Market,
    *,
    coverage: bool = True,
    stop: Stop = lambda: False,
    say: Progress = lambda _: None,
    start: Pairing | None = None,
) -> Pairing:
    """Everybody in at most one pair: the most pairs, then the highest total; without `coverage` the total alone.

    Rows and columns of the market are the same people in the same order, and its scores are symmetric. `stop` is asked
    as the work goes on; when it says so, the answer has an honest gap. `start`, an earlier pairing of the same people,
    saves work where little has changed.
    """
    return pair_worth(market, FULL * market.rows + 1 if coverage else 0, stop=stop, say=say, start=start)


def pair_worth(
    market: Market,
    base: int,
    *,
    stop: Stop = lambda: False,
    say: Progress = lambda _: None,
    start: Pairing | None = None,
) -> Pairing:
    """The pairs of the highest sum of `base` and score."""
    market = _with_able(market)
    wood, ends = _from_pairing(market, base, start) if start else _from_assignment(market, base, stop)
    say(40)
    rounds = 0
    while True:
        stopped = _settle(market, wood, base, ends, stop)
        proof = certificate(wood, market.rows)
        column, excess = priced(market, base, proof)
        rounds += 1
        say(min(95, 70 + 5 * rounds))
        if stopped or not excess.any():
            return _result(market, wood, base, raised(proof, excess), rounds)
        ends = _merged(market.rows, ends, _listed(column))


def _with_able(market: Market) -> Market:
    """The same market where nobody takes part whose capacity is zero, and all others once."""
    able = market.capacity > 0
    if not able.all():
        terms = len(market.gate)
        gate = np.vstack((market.gate, able, np.zeros_like(able))).astype(np.uint8)
        own = np.where(able, terms, terms + 1).astype(np.int32)
        term = np.insert(market.gates.term, market.gates.start[1:], own)
        start = market.gates.start + np.arange(market.rows + 1)
        market = replace(market, gate=gate, gates=Terms(start, term))
    return replace(market, capacity=np.minimum(market.capacity, 1))


def _settle(market: Market, wood: Forest, base: int, ends: Numbers, stop: Stop) -> bool:
    """Search on the pairs `ends` until nobody is left to search from; whether it was stopped before."""
    people = market.rows
    tail, head = ends // people, ends % people
    score = score_pairs(market, tail.astype(np.int32), head.astype(np.int32)).astype(np.int64)
    edges = graph(people, tail, head, score + base)
    wood = with_room(wood, edges)
    repair(wood, edges, people)
    for first in range(0, people, _SEARCHES):
        if stop():
            return True
        advance(wood, edges, people, first, min(people, first + _SEARCHES))
    return False


@njit(cache=True, nogil=True)
def repair(wood, edges, n):
    """Raise duals until no edge breaks them, and part the pairs that are not tight any longer."""
    node = wood.node
    start, to, weight = edges
    for v in range(n):
        over = 0
        for a in range(start[v], start[v + 1]):
            need = weight[a] - node[v, DUAL] - node[to[a], DUAL]
            if need > over:
                over = max(over, need - _common(node, v, to[a]))
        if over == 0:
            continue
        dissolve(wood, n, v)
        over = 0
        for a in range(start[v], start[v + 1]):
            over = max(over, weight[a] - node[v, DUAL] - node[to[a], DUAL])
        if over > 0:
            node[v, DUAL] += over
            if node[v, MATE] != NOBODY:
                node[node[v, MATE], MATE] = NOBODY
                node[v, MATE] = NOBODY


@njit(cache=True, nogil=True)
def _common(node, one, two):
    """Sum of z of the blossoms around both."""
    total = 0
    around = node[one, OUTER]
    while around != NOBODY:
        other = node[two, OUTER]
        while other != NOBODY and other != around:
            other = node[other, OUTER]
        if other == around:
            total += node[around, DUAL]
        around = node[around, OUTER]
    return total


def _from_assignment(market: Market, base: int, stop: Stop) -> tuple[Forest, Numbers]:
    """Duals and pairs by matching everybody twice, and the pairs to look at first."""
    people = market.rows
    found = assign(market, coverage=base > 0, stop=stop)
    wood = forest(people)
    # What one more pair is worth is the same number there; were it another, the difference would lie with each person.
    wood.node[:people, DUAL] = np.maximum(found.row_price + found.column_price + base - found.base, 0)
    tight = _tight(market, found.mate, wood.node[:people, DUAL], base)
    _match_cycles(wood.node, np.where(tight, found.mate, NOBODY))
    near, _ = best(market, NEAREST, price=wood.node[:people, DUAL] >> 1)
    return wood, _merged(people, _listed(near), _listed(found.mate[:, None]))


def _tight(market: Market, mate: People, dual: Numbers, base: int) -> npt.NDArray[np.bool_]:
    held = np.flatnonzero(mate >= 0).astype(np.int32)
    score = score_pairs(market, held, mate[held]).astype(np.int64)
    tight = np.zeros(len(mate), np.bool_)
    tight[held] = dual[held] + dual[mate[held]] == 2 * (base + score)
    return tight


@njit(cache=True, nogil=True)
def _match_cycles(node, after):
    """Pair people along the ways and cycles i -> after[i]: every second step, ways from their beginnings."""
    people = after.shape[0]
    led = np.zeros(people, np.bool_)
    for i in range(people):
        if after[i] != NOBODY:
            led[after[i]] = True
    for cycles in range(2):
        for i in range(people):
            if led[i] and cycles == 0:
                continue
            here = i
            while here != NOBODY and after[here] != NOBODY:
                there = after[here]
                if node[here, MATE] != NOBODY or node[there, MATE] != NOBODY:
                    break
                node[here, MATE], node[there, MATE] = there, here
                here = after[there]


def _from_pairing(market: Market, base: int, start: Pairing) -> tuple[Forest, Numbers]:
    """Duals and pairs of an earlier pairing as far as they hold, and the pairs to look at first."""
    people = market.rows
    wood = forest(people)
    # Groups are given up: half of what they weigh goes to each of their members.
    dual = start.proof.dual.copy()
    for first, last, z in zip(start.proof.start, start.proof.stop, start.proof.z, strict=True):
        dual[start.proof.order[first:last]] += z // 2
    wood.node[:people, DUAL] = dual
    tight = _tight(market, start.mate, dual, base)
    wood.node[:people, MATE] = np.where(tight, start.mate, NOBODY)
    near, _ = best(market, NEAREST, price=dual >> 1)
    return wood, _merged(people, _listed(near), _listed(start.mate[:, None]))


def _listed(partner: People) -> Numbers:
    """Pairs (row, entry) of a table with -1 for nothing, each as lower * people + higher."""
    people, wide = partner.shape
    row = np.repeat(np.arange(people, dtype=np.int64), wide)
    other = partner.ravel().astype(np.int64)
    row, other = row[other >= 0], other[other >= 0]
    return np.asarray(np.minimum(row, other) * people + np.maximum(row, other))


def _merged(people: int, *ends: Numbers) -> Numbers:
    """All pairs of several lists, each once, none with oneself."""
    every = np.unique(np.concatenate(ends))
    return np.asarray(every[every // max(people, 1) != every % max(people, 1)])


def _result(market: Market, wood: Forest, base: int, proof: Certificate, rounds: int) -> Pairing:
    mate = wood.node[: market.rows, MATE].astype(np.int32)
    score = np.full(len(mate), -1, np.int16)
    held = np.flatnonzero(mate >= 0).astype(np.int32)
    score[held] = score_pairs(market, held, mate[held])
    return Pairing(mate, score, base, proof, rounds)
