"""The proof that a pairing is the best: duals of people and of odd groups, and its check by every pair there is.

With weights w = base + score, u of each person and z >= 0 of each odd group G, no pairing weighs more than
(sum(u) + sum(z * (|G| - 1) / 2)) / 2, if u_i + u_j + z of all groups that hold both >= 2 * w of every allowed pair:
a pairing has at most (|G| - 1) / 2 pairs within G.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from matching.domain.engine.kernels import WIDTH, fill, same_line
from matching.domain.engine.market import Market
from matching.domain.engine.peers.forest import DUAL, FIRST_LEAF, NEXT_LEAF, NOBODY, OUTER, SIZE, Forest
from matching.domain.engine.scoring import arrays

Numbers = npt.NDArray[np.int64]

_TASK = 16
"""Rows that one thread takes at a time."""
ADDED = 12
"""Pairs that a person gains in one round of pricing, at most."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Duals for weights doubled: group g holds the people `order[start[g]:stop[g]]`; groups are nested or apart."""

    dual: Numbers
    """u of each person, 0 or more."""
    order: npt.NDArray[np.int32]
    """Everybody, so that each group is a stretch."""
    start: npt.NDArray[np.int32]
    stop: npt.NDArray[np.int32]
    z: Numbers
    """Of each group, more than 0."""

    @property
    def doubled_bound(self) -> int:
        """Twice what no pairing can weigh more than."""
        return int(self.dual.sum()) + int((self.z * ((self.stop - self.start) // 2)).sum())


def certificate(wood: Forest, people: int) -> Certificate:
    """The duals of a forest."""
    node = wood.node
    order = np.empty(people, np.int32)
    _order(node, people, order)
    at = np.empty(people, np.int64)
    at[order] = np.arange(people)
    groups = people + np.flatnonzero(node[people:, DUAL] > 0)
    start = at[node[groups, FIRST_LEAF]].astype(np.int32)
    stop = (start + node[groups, SIZE]).astype(np.int32)
    ranked = np.lexsort((-stop, start))
    return Certificate(
        node[:people, DUAL].copy(), order, start[ranked], stop[ranked], node[groups, DUAL][ranked].copy()
    )


@njit(cache=True, nogil=True)
def _order(node, people, order):
    """Everybody, so that the vertices of each blossom stand together."""
    size = 0
    for v in range(people):
        top = v
        while node[top, OUTER] != NOBODY:
            top = node[top, OUTER]
        if node[top, FIRST_LEAF] == v:
            leaf = v
            for _ in range(node[top, SIZE]):
                order[size] = leaf
                size += 1
                leaf = node[leaf, NEXT_LEAF]


def priced(
    market: Market, base: int, proof: Certificate, *, width: int = ADDED, least: int = 1
) -> tuple[npt.NDArray[np.int32], Numbers]:
    """For each person the `width` later ones whose pairs exceed the duals most, and by how much.

    Only pairs that exceed them by `least` or more; 1 finds what breaks the proof, less also what comes near to it.
    Both arrays have shape (people, width), the worst first; column -1 stands where there is none.
    """
    people = market.rows
    column = np.full((people, width), -1, np.int32)
    excess = np.full((people, width), least - 1, np.int64)
    at = np.empty(people, np.int32)
    at[proof.order] = np.arange(people, dtype=np.int32)
    inside, above, sums = _nesting(proof.order, proof.start, proof.stop, proof.z)
    groups = (at, inside, above, sums, proof.order, proof.start, proof.stop)
    lines = (market.row_line, market.column_line)
    terms = (np.int64(base), np.int64(max(market.floor, 0)), np.int64(least - 1))
    _price(arrays(market), lines, terms, proof.dual, groups, column, excess)
    return column, excess


@njit(cache=True, nogil=True)
def _nesting(order, start, stop, z):
    """The innermost group of each person, the group around each group, and the sum of z from each group outwards."""
    inside = np.full(order.shape[0], -1, np.int32)
    above, sums = np.full(start.shape[0], -1, np.int32), np.zeros(start.shape[0], np.int64)
    for g in range(start.shape[0]):  # a group comes after the groups around it
        above[g] = inside[order[start[g]]]
        sums[g] = z[g] + (sums[above[g]] if above[g] >= 0 else 0)
        for k in range(start[g], stop[g]):
            inside[order[k]] = g
    return inside, above, sums


@njit(cache=True, nogil=True)
def _share(groups, row, common):
    """Write into `common` the sum of z of the groups that hold both the row and each person; (first, last) not zero."""
    at, inside, above, sums, order, start, stop = groups
    g = inside[row]
    low = high = at[row]
    while g >= 0:
        for k in range(start[g], low):
            common[order[k]] = sums[g]
        for k in range(high, stop[g]):
            common[order[k]] = sums[g]
        low, high = start[g], stop[g]
        g = above[g]
    return low, high


@njit(cache=True, nogil=True)
def _worst(line, dual, limit):
    """Whether any allowed pair of a stretch weighs more than the duals without groups allow."""
    found = np.int64(0)
    for j in range(line.shape[0]):
        over = np.int64(2 * np.int64(line[j]) - dual[j] > limit)
        found |= over & np.int64(line[j] >= 0)
    return found != 0


@njit(cache=True, nogil=True, parallel=True)
def _price(market, lines, terms, dual, groups, column, excess):
    people = dual.shape[0]
    tasks = (people + _TASK - 1) // _TASK
    for task in prange(tasks):
        line = np.empty(people, np.int16)
        common = np.zeros(people, np.int64)
        for row in range(task * _TASK, min(people, (task + 1) * _TASK)):
            low, high = _share(groups, row, common)
            for at in range(row // WIDTH * WIDTH, people, WIDTH):
                length = min(WIDTH, people - at)
                if fill(line, at, length, row, market):
                    part = line[at : at + length]
                    _collect(part, (row, at), lines, terms, (dual, common), (column[row], excess[row]))
            for k in range(low, high):
                common[groups[4][k]] = 0


@njit(cache=True, nogil=True)
def _collect(line, place, lines, terms, duals, found):
    row, at = place
    base, floor, under = terms
    dual, common = duals
    column, excess = found
    limit = dual[row] - 2 * base
    first = max(0, row + 1 - at)
    for chunk in range(first // 64 * 64, line.shape[0], 64):
        end = min(chunk + 64, line.shape[0])
        if not _worst(line[chunk:end], dual[at + chunk : at + end], limit + under):
            continue
        for j in range(max(chunk, first), end):
            over = 2 * np.int64(line[j]) - dual[at + j] - limit
            if over <= under or line[j] < floor:
                continue
            over -= common[at + j]
            if over > excess[-1] and not same_line(lines[0], row, lines[1], at + j):
                _insert(column, excess, at + j, over)


@njit(cache=True, nogil=True)
def _insert(column, excess, j, over):
    at = column.shape[0] - 1
    while at > 0 and excess[at - 1] < over:
        column[at], excess[at] = column[at - 1], excess[at - 1]
        at -= 1
    column[at], excess[at] = j, over


def common_z(proof: Certificate, one: npt.NDArray[np.int32], two: npt.NDArray[np.int32]) -> Numbers:
    """For each pair (one[k], two[k]) the sum of z of the groups that hold both."""
    at = np.empty(len(proof.order), np.int32)
    at[proof.order] = np.arange(len(at), dtype=np.int32)
    inside, above, sums = _nesting(proof.order, proof.start, proof.stop, proof.z)
    found = np.zeros(len(one), np.int64)
    for k, (i, j) in enumerate(zip(one.tolist(), at[two].tolist(), strict=True)):
        g = inside[i]
        while g >= 0 and not proof.start[g] <= j < proof.stop[g]:
            g = above[g]
        found[k] = sums[g] if g >= 0 else 0
    return found


def deepest_chains(proof: Certificate, count: int) -> int:
    """The highest sum of z over groups that lie around `count` places, each group once: threes may take half of it."""
    _, above, _ = _nesting(proof.order, proof.start, proof.stop, proof.z)
    longest = np.zeros(len(above) + 1, np.int64)
    ended = []
    for g in range(len(above) - 1, -1, -1):  # a group comes before the groups within it
        chain, around = int(longest[g] + proof.z[g]), above[g]
        ended.append(min(chain, int(longest[around])))
        longest[around] = max(chain, longest[around])
        if around < 0:
            ended[-1] = chain
            longest[-1] = 0
    return sum(sorted(ended, reverse=True)[:count])


def raised(proof: Certificate, excess: Numbers) -> Certificate:
    """Duals that every pair obeys: each person's raised by the worst of the pairs that break them."""
    return Certificate(proof.dual + excess[:, 0], proof.order, proof.start, proof.stop, proof.z)
