"""Peers with groups of three: for pools where pairs leave somebody out.

What counts is the sum over all people of `base` (for having anybody) and their own score: that of their pair, or in a
three the mean of their two scores. A pair is worth 2 * (base + score), a three 3 * base + the sum of its three scores.

Which three is best is decided by bound: with the duals u, z of the best pairs no grouping with the three T is worth
more than D + worth(T) - sum(u of T) - sum(z of the odd groups that hold two or more of T), where D is the duals' sum.
Threes are tried by falling bound, each with the best pairs of all others, until no bound is above the best found.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from matching.domain.engine.assignment import Progress, Stop
from matching.domain.engine.market import FULL, Market, Points
from matching.domain.engine.peers.certificate import Certificate, common_z, deepest_chains, priced
from matching.domain.engine.peers.pairing import Pairing, People, pair_worth
from matching.domain.engine.peers.pools import pairing_of, pools, restricted
from matching.domain.engine.scoring import score_pairs

NEAR = 128
"""Partners of each person among whom threes are looked for, at most."""
TRIED = 64
"""Threes tried, at most, for each that is formed."""
_ANY = -(1 << 60)
"""Less than any pair lies below the duals."""
_LISTED = 100_000
"""Threes whose bounds are listed, at most."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grouping:
    """People in pairs and threes, and the bound that says how good they are."""

    mate: People
    """Partner of each person in a pair, -1 for everybody else."""
    score: Points
    """Score of each person's pair, FORBIDDEN without one."""
    threes: People
    """People of each three, ascending; shape (threes, 3)."""
    base: int
    value: int
    """Sum over all people who are not alone of `base` and their own score."""
    upper_bound: int
    """No grouping with, in each pool, at most as many threes as the best pairs leave people out has a higher value."""

    @property
    def gap(self) -> int:
        """How far the value may be from the best one; 0 is proven optimal."""
        return self.upper_bound - self.value


@dataclass(frozen=True, slots=True)
class _Part:
    """A grouping of some of the people: by their numbers in the whole market."""

    pairs: list[tuple[int, int]]
    threes: list[tuple[int, int, int]]
    bound: int


def pair_up_with_threes(
    market: Market,
    *,
    coverage: bool = True,
    stop: Stop = lambda: False,
    say: Progress = lambda _: None,
    pairs: Pairing | None = None,
) -> Grouping:
    """Pairs as by `pair_up`, and threes for those whom they leave out; `pairs` are the best ones, if they are known.

    People whom no chain of allowed pairs joins are of separate pools, each solved by itself: in each there are at most
    as many threes as pairs leave people of it out. Where that is one at most, the gap is zero unless `stop` or too many
    nearly equal choices ended the search.
    """
    base = FULL * market.rows + 1 if coverage else 0
    found = pairs or pair_worth(market, base, stop=stop, say=say)
    left = np.flatnonzero((found.mate < 0) & (market.capacity > 0))
    done = np.zeros(market.rows, np.bool_)
    parts = []
    for pool in pools(market, left):
        done[pool] = True
        parts.append(_grouped(market, found, pool, base, stop))
        say(96)
    others = [(i, int(j)) for i, j in enumerate(found.mate) if i < j and not done[i]]
    parts.append(_Part(others, [], _bound_of(found.proof, ~done)))
    return _result(market, base, parts)


def _grouped(market: Market, whole: Pairing, pool: npt.NDArray[np.int64], base: int, stop: Stop) -> _Part:
    """One pool in pairs and threes, from the best pairs of the whole market."""
    here, found = restricted(market, pool), pairing_of(whole, pool)
    allowed = int(((found.mate < 0) & (here.capacity > 0)).sum())
    bound = found.proof.doubled_bound + deepest_chains(found.proof, allowed) // 2
    threes: list[tuple[int, int, int]] = []
    for _ in range(allowed):
        three, rest, most = _best_three(here, found, base, stop)
        if allowed == 1:
            bound = min(bound, most)
        if three is None:
            break
        threes.append((int(pool[three[0]]), int(pool[three[1]]), int(pool[three[2]])))
        pool = np.delete(pool, three)
        here, found = restricted(market, pool), rest
    pairs = [(int(pool[i]), int(pool[j])) for i, j in enumerate(found.mate) if i < j]
    return _Part(pairs, threes, bound)


def _best_three(
    market: Market, found: Pairing, base: int, stop: Stop
) -> tuple[tuple[int, int, int] | None, Pairing, int]:
    """The three to form, if any, the best pairs of all others, and a bound on any grouping with one three."""
    best, three, rest = 2 * found.value, None, found
    most = found.proof.doubled_bound
    tried: set[tuple[int, int, int]] = set()
    width = 8
    while True:
        before = best
        rank, beyond, overfull = _ranked(market, found, base, width, best)
        for bound, members in rank:
            if bound <= best:
                break
            if members in tried:
                continue
            if len(tried) == TRIED or stop():
                return three, rest, max(most, beyond, bound)
            tried.add(members)
            others = pair_worth(_without(market, members), base, stop=stop)
            worth = _worth(market, members, base)
            most = max(most, worth + others.proof.doubled_bound)
            if worth + 2 * others.value > best:
                best, three, rest = worth + 2 * others.value, members, others
        if beyond <= best or (width >= min(NEAR, market.rows) and not (overfull and best > before)):
            return three, rest, max(most, beyond, best)
        width = width if overfull and best > before else 4 * width


def _ranked(
    market: Market, found: Pairing, base: int, width: int, best: int
) -> tuple[list[tuple[int, tuple[int, int, int]]], int, bool]:
    """Threes by falling bound, of pairs among the `width` that come nearest to the duals, and a bound on all others.

    Only threes whose bound may be above `best` are listed; also whether there were too many of them.
    """
    whole, deepest = found.proof.doubled_bound, deepest_chains(found.proof, 1)
    column, excess = priced(market, base, found.proof, width=width, least=_ANY)
    # A three that is not listed has a pair that lies at least so far below the duals.
    missed = int(excess[:, -1][column[:, -1] >= 0].max(initial=_ANY))
    members = _triangles(*_sorted(column, excess), 2 * (best - whole) - deepest, _LISTED)
    bounds = _bounds(market, found, base, members)
    overfull = len(members) == _LISTED
    beyond = whole + (deepest + (0 if overfull else missed)) // 2
    order = np.lexsort((members[:, 2], members[:, 1], members[:, 0], -bounds))
    rank = [(int(bounds[k]), (int(members[k, 0]), int(members[k, 1]), int(members[k, 2]))) for k in order]
    return rank, beyond, overfull


def _without(market: Market, members: tuple[int, int, int]) -> Market:
    return restricted(market, np.delete(np.arange(market.rows), members))


def _worth(market: Market, members: tuple[int, int, int], base: int) -> int:
    one, two, three = members
    ends = np.array([one, one, two], np.int32), np.array([two, three, three], np.int32)
    return 3 * base + int(score_pairs(market, *ends).sum(dtype=np.int64))


def _sorted(column: People, excess: Numbers) -> tuple[Numbers, People, Numbers]:
    """A table of later people as lists in ascending order: start of each person's, the people, and their excesses."""
    row = np.repeat(np.arange(len(column), dtype=np.int32), column.shape[1])
    at = column.ravel() >= 0
    row, other, over = row[at], column.ravel()[at], excess.ravel()[at]
    order = np.lexsort((other, row))
    start = np.zeros(len(column) + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=len(column)), out=start[1:])
    return start, other[order], over[order]


def _bounds(market: Market, found: Pairing, base: int, members: People) -> Numbers:
    """For each three the most that a grouping with it can be worth."""
    one, two, three = members.T
    every = ((one, two), (one, three), (two, three))
    scores = np.sum([score_pairs(market, *ends).astype(np.int64) for ends in every], axis=0)
    # Groups are nested: those that hold two or more of the three are the ones around its closest two.
    common = np.max([common_z(found.proof, *ends) for ends in every], axis=0)
    duals = found.proof.dual[members].sum(axis=1)
    return np.asarray(found.proof.doubled_bound + 3 * base + scores - duals - common)


@njit(cache=True, nogil=True)
def _triangles(start, other, excess, need, limit):
    """All i < j < k each two of whom are joined and whose excesses add up to more than `need`: the first `limit`."""
    found = np.empty((limit, 3), np.int32)
    size = 0
    for i in range(start.shape[0] - 1):
        for a in range(start[i], start[i + 1]):
            j = other[a]
            b, c = a + 1, start[j]
            while b < start[i + 1] and c < start[j + 1] and size < limit:
                if other[b] < other[c]:
                    b += 1
                elif other[b] > other[c]:
                    c += 1
                else:
                    if excess[a] + excess[b] + excess[c] > need:
                        found[size, 0], found[size, 1], found[size, 2] = i, j, other[b]
                        size += 1
                    b += 1
                    c += 1
    return found[:size]


def _bound_of(proof: Certificate, taken: npt.NDArray[np.bool_]) -> int:
    """The part of the duals' sum that lies with some of the people: whole pools."""
    groups = taken[proof.order[proof.start]]
    return int(proof.dual[taken].sum()) + int((proof.z * ((proof.stop - proof.start) // 2))[groups].sum())


def _result(market: Market, base: int, parts: list[_Part]) -> Grouping:
    mate, score = np.full(market.rows, -1, np.int32), np.full(market.rows, -1, np.int16)
    pairs = np.array([pair for part in parts for pair in part.pairs], np.int32).reshape(-1, 2)
    mate[pairs[:, 0]], mate[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
    worth = score_pairs(market, pairs[:, 0], pairs[:, 1])
    score[pairs[:, 0]] = score[pairs[:, 1]] = worth
    threes = sorted(three for part in parts for three in part.threes)
    value = 2 * (base * len(pairs) + int(worth.sum(dtype=np.int64)))
    value += sum(_worth(market, three, base) for three in threes)
    bound = sum(part.bound for part in parts)
    return Grouping(mate, score, np.array(threes, np.int32).reshape(-1, 3), base, value, bound)
