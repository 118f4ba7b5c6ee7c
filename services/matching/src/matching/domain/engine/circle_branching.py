"""The best choice of circles by branching on one column after the other, within a number of steps."""

from dataclasses import dataclass, replace

import numpy as np

from matching.domain.engine.assignment import Stop
from matching.domain.engine.circle_bounds import SCALE, Bound, Flags, Question
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


def reachable(rows: int, minimum: int, upper: np.ndarray[tuple[int], np.dtype[np.int32]]) -> int:
    """The most rows, at most `rows`, that circles of minimum to `upper` rows can hold: 7 people make no two fives."""
    reach = np.cumsum(np.sort(upper[upper >= minimum])[::-1])
    circles = np.arange(1, len(reach) + 1)
    held = np.minimum(reach, rows)[circles * minimum <= rows]
    return int(held.max(initial=0))


def settle(relaxed: Transport, best: Transport, question: Question, proof: Bound, *, steps: int, stop: Stop) -> Settled:
    """Branch depth first; what the prices of `proof` or the matching without a minimum exclude is not looked at.

    `question.cover` says whether coverage comes first.
    """
    nobody = np.zeros(len(question.upper), bool)
    nodes = [Node(branch(relaxed), nobody, nobody)]
    taken = 0
    while nodes and taken < steps and not stop():
        taken += 1
        node = _narrow(nodes.pop(), best, question, proof)
        if node is None:
            continue
        size = np.where(node.opened, 0, node.matching.size)
        if not ((size > 0) & (size < question.minimum)).any():
            best = node.matching
            continue
        nodes.extend(_children(node, int(np.argmax(np.where(size < question.minimum, size, 0))), question.minimum))
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
    return reachable(covered(node.matching), question.minimum, upper)


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
        if not all(raise_minimum(node.matching, column, question.minimum) for column in np.flatnonzero(opening)):
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
