"""The best choice of circles by branching on one column after the other, within a number of steps."""

from dataclasses import dataclass, replace

import numpy as np

from matching.domain.engine.assignment import Stop
from matching.domain.engine.circle_bounds import SCALE, Bound, Flags, Question, most_circles
from matching.domain.engine.market import Indices
from matching.domain.engine.transport import Transport, branch, close, raise_minimum, value


@dataclass(frozen=True, slots=True)
class Node:
    """Columns that are open or closed for sure, and the best matching in which the others need no minimum."""

    matching: Transport
    opened: Flags
    closed: Flags


@dataclass(frozen=True, slots=True)
class Settled:
    """The best matching found, a bound on all others in the same measure, and the steps it took."""

    matching: Transport
    bound: int
    steps: int


def covered(matching: Transport) -> int:
    """How many rows have a place."""
    return int((matching.mate >= 0).sum())


def reachable(rows: int, lower: Indices, upper: Indices) -> int:
    """The most rows, at most `rows`, that circles of lower to upper rows can hold: 7 people make no two fives."""
    can = upper >= lower
    reach = np.cumsum(np.sort(upper[can])[::-1])
    held = np.minimum(reach, rows)[: most_circles(rows, lower[can])]
    return int(held.max(initial=0))


def settle(relaxed: Transport, best: Transport, question: Question, proof: Bound, *, steps: int, stop: Stop) -> Settled:
    """Branch depth first; what the prices of `proof` or the matching without a minimum exclude is not looked at.

    `question.cover` says whether coverage comes first.
    """
    nodes = [Node(branch(relaxed), question.sure, np.zeros_like(question.sure))]
    taken = 0
    while nodes and taken < steps and not stop():
        taken += 1
        node = _narrow(nodes.pop(), best, question, proof)
        if node is None:
            continue
        size = np.where(node.opened, 0, node.matching.size)
        if not ((size > 0) & (size < question.lower)).any():
            best = node.matching
            continue
        column = int(np.argmax(np.where(size < question.lower, size, 0)))
        nodes.extend(_children(node, column, question.lower[column]))
    left = [_most(node, question, proof) for node in nodes]
    return Settled(best, max([value(best), *left]), taken)


def _children(node: Node, column: int, minimum: int) -> list[Node]:
    """The node with a column closed, and with it open if it can be filled; the last is looked at first."""
    without, with_it = branch(node.matching), branch(node.matching)
    mark = np.arange(len(node.opened)) == column
    close(without, column)
    found = [Node(without, node.opened, node.closed | mark)]
    if raise_minimum(with_it, column, minimum):
        found.append(Node(with_it, node.opened | mark, node.closed))
    return found


def _reach(node: Node, question: Question) -> int:
    """The most rows that the node's matchings can cover."""
    upper = np.where(node.closed, 0, question.upper).astype(np.int32)
    return reachable(covered(node.matching), question.lower, upper)


def _most(node: Node, question: Question, proof: Bound) -> int:
    """A bound on what the node's matchings are worth."""
    plain = int(value(node.matching))
    if question.cover is None:
        return min(plain, proof.within(question, node.opened, node.closed))
    reach, extra = _reach(node, question), node.matching.extra
    total = proof.within(replace(question, cover=reach), node.opened, node.closed)
    # Without a solution that covers so many, one row fewer is the most, whatever its total.
    return min(plain, extra * reach + (total if total >= 0 else -1))


def _narrow(node: Node, best: Transport, question: Question, proof: Bound) -> Node | None:
    """The node with every column opened or closed that has to be to beat the best; None if nothing here can."""
    floor = value(best)
    while _most(node, question, proof) > floor:
        opening, closing = _sure(node, best, question, proof)
        if not opening.any() and not closing.any():
            return node
        for column in np.flatnonzero(closing):
            close(node.matching, column)
        node = Node(node.matching, node.opened | opening, node.closed | closing)
        if not all(raise_minimum(node.matching, column, question.lower[column]) for column in np.flatnonzero(opening)):
            return None
    return None


def _sure(node: Node, best: Transport, question: Question, proof: Bound) -> tuple[Flags, Flags]:
    """Free columns that are open, and those that are closed, in every matching of the node that beats the best."""
    cover, free = question.cover, ~node.opened & ~node.closed
    if cover is not None:
        cover = covered(best)
        if _reach(node, question) > cover:
            return np.zeros_like(free), np.zeros_like(free)
    worth = proof.worth
    most = int(proof.price.sum()) + int(worth[node.opened].sum()) + int(worth[free & (worth > 0)].sum())
    spare = most - proof.lift * (cover or 0) - (value(best) - best.extra * (cover or 0) + 1) * SCALE
    return free & (worth > spare), free & (worth < -spare)
