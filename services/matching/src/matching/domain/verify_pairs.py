"""The pairs of an exported run against its people, rules and pins."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from matching.domain.verify_document import Unreadable
from matching.domain.verify_scores import Numbers, Scores
from matching.domain.verify_undecided import Undecided

_SHOWN = 5
"""So many offences of one kind are named."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it holds, and what was found."""

    check: str
    holds: bool
    says: str


def finding(check: str, offences: Iterable[str], fine: str) -> Finding:
    """What holds if there are no offences; else the first of them."""
    listed = list(offences)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return Finding(check, not listed, "; ".join(listed[:_SHOWN]) + more if listed else fine)


def names(pair: Mapping[str, Any]) -> str:
    """The two of a pair."""
    return f"{pair['mentee']} with {pair['mentor']}"


class Pairs:
    """The pairs by number of people, as (row, column)."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._of = document
        self.peers = document["format"] == "peer"
        self.scores = Scores(document)
        self._row = {person["employee_id"]: place for place, person in enumerate(self.scores.rows)}
        self._column = self.scores.column_of
        self._pinned = {tuple(pair) for pair in document["pins"]}
        strangers = [
            name
            for pair in document["pairs"]
            for name, side in ((pair["mentee"], self._row), (pair["mentor"], self._column))
            if name not in side
        ]
        if strangers:
            raise Unreadable(f"The exported run pairs {strangers[0]}, who is not among its people.")
        self.places = [(self._row[pair["mentee"]], self._column[pair["mentor"]]) for pair in document["pairs"]]

    def findings(self) -> Iterator[Finding]:
        """Whether each person has as many partners as may be, and each pair is as it says and allowed."""
        yield self._members()
        yield self._capacities()
        yield self._pins()
        yield self._points()
        yield self._hard_rules()
        if self._of["moves"] is not None:
            yield self._moves()

    def is_pinned(self, pair: Mapping[str, Any]) -> bool:
        """Whether a pair was settled beforehand."""
        both = (pair["mentee"], pair["mentor"])
        return both in self._pinned or (self.peers and both[::-1] in self._pinned)

    @cached_property
    def decided(self) -> list[tuple[int, int]]:
        """The pairs that were not settled beforehand."""
        return [place for pair, place in zip(self._of["pairs"], self.places, strict=True) if not self.is_pinned(pair)]

    @cached_property
    def left(self) -> Undecided:
        """What no pin has taken."""
        places = np.array([self._room(column) for column in range(len(self.scores.columns))], np.int64)
        rows = places > 0 if self.peers else np.ones(len(self.scores.rows), np.bool_)
        pinned = self._begun()
        for pair, (row, column) in zip(self._of["pairs"], self.places, strict=True):
            if self.is_pinned(pair):
                rows[row] = False
                places[column] -= 1
                pinned[column] += 1
                if self.peers:
                    rows[column], places[row] = False, 0
        places = np.maximum(places, 0)
        if self._of["moves"] is None:
            return Undecided(self._of["rules"], rows, places, pinned)
        has = {self._row.get(one): self._column.get(other) for one, other in sorted(map(tuple, self._of["current"]))}
        home = {
            row: column
            for row, column in has.items()
            if row is not None and column is not None and rows[row] and self.scores.allowed(row)[1][column]
        }
        # Who has a mentor without so many places any more cannot all stay.
        forced = np.maximum(np.bincount(list(home.values()), minlength=len(places)) - places, 0).sum()
        return Undecided(self._of["rules"], rows, places, pinned, home, self._of["moves"] + int(forced))

    def charged(self, charge: int) -> int:
        """What the loads cost; the places that are left after the pins are counted."""
        load = Counter(column for _, column in self.decided)
        return charge * sum(count * (count - 1) // 2 for count in load.values())

    def _begun(self) -> Numbers:
        """As many people as make a whole circle, of those that have begun: whoever comes may join one."""
        least = self._of["rules"]["circle_min"] if self._of["format"] == "group" else 0
        return np.array([least if person["seated"] else 0 for person in self.scores.columns], np.int64)

    def _room(self, column: int) -> int:
        places: int = self.scores.columns[column]["capacity"]
        if self._of["format"] == "group":
            return min(places, int(self._of["rules"]["circle_max"]))
        return min(places, 1) if self.peers else places

    def _members(self) -> Finding:
        """Nobody is twice in one pair, no pair stands there twice, and a mentee or peer has one partner."""
        if self.peers:
            often = self._with_several()
        else:
            counts = Counter(row for row, _ in self.places)
            often = [self.scores.rows[row]["employee_id"] for row, count in counts.items() if count > 1]
        return finding("one partner each", often, f"{len(self.places):,} pairs")

    def _with_several(self) -> list[str]:
        """Peers with several partners who are no three, or in a programme without threes."""
        partners: dict[int, set[int]] = {}
        for one, other in self.places:
            partners.setdefault(one, set()).add(other)
            partners.setdefault(other, set()).add(one)
        twice = len(self.places) > len({frozenset(pair) for pair in self.places})
        return [
            self.scores.rows[one]["employee_id"]
            for one, others in sorted(partners.items())
            if twice
            or (len(others) > 1 and not self._of["rules"]["threes"])
            or len(others) > 2
            or any(partners[other] - {one} != others - {other} for other in others if len(others) == 2)
        ]

    def _capacities(self) -> Finding:
        load = Counter(column for _, column in self.places)
        people = self.scores.columns
        # In a three everybody has two partners; that it is a three is looked at above.
        times = 2 if self.peers and self._of["rules"]["threes"] else 1
        over = [people[column]["employee_id"] for column, count in load.items() if count > times * self._room(column)]
        if self.peers:
            over += [people[row]["employee_id"] for row, _ in self.places if not self._room(row)]
        if self._of["format"] == "group":
            least = self._of["rules"]["circle_min"]
            over += [
                people[column]["employee_id"]
                for column, count in load.items()
                if count < least and not people[column]["seated"]
            ]
        return finding("capacities", over, f"{len(load):,} people have somebody" if not self.peers else "one each")

    def _pins(self) -> Finding:
        there = {(pair["mentee"], pair["mentor"]) for pair in self._of["pairs"]}
        if self.peers:
            there |= {(mentor, mentee) for mentee, mentor in there}
        missing = [" with ".join(pair) for pair in sorted(self._pinned - there)]
        return finding("pins", missing, f"{len(self._pinned):,} pinned pairs are there")

    def _points(self) -> Finding:
        wrong = []
        for pair, (row, column) in zip(self._of["pairs"], self.places, strict=True):
            found = self.scores.contributions(row, column)
            if pair["score"] != sum(found.values()) or pair["contributions"] != found:
                wrong.append(f"{names(pair)}: {sum(found.values()):,}, not {pair['score']:,}")
        return finding("scores", wrong, "every pair's score and contributions are as the rules say")

    def _hard_rules(self) -> Finding:
        broken = []
        for pair, (row, column) in zip(self._of["pairs"], self.places, strict=True):
            rules = [name for name, apart in self.scores.broken(row).items() if apart[column]]
            if sum(self.scores.contributions(row, column).values()) < self._of["rules"]["score_min"]:
                rules.append("score_min")
            broken += [f"{names(pair)}: {name}" for name in rules]
        return finding("hard rules", broken, "no pair breaks one")

    def _moves(self) -> Finding:
        """No more than so many of those who could keep their mentor have not."""
        mate, home = dict(self.decided), self.left.home
        moved = [row for row, column in home.items() if mate.get(row) != column]
        says = f"{len(moved):,} of {len(home):,} people have not whom they had; {self.left.moves:,} may"
        return Finding("moves", len(moved) <= self.left.moves, says)
