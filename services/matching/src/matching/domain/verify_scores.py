"""Scores and hard rules once more, from the people of an exported run: own formulae, nothing of the engine's.

One row at a time against all columns, in the plainest NumPy there is: slow, and meant to be read.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Person = Mapping[str, Any]

FULL = 10_000
CRITERIA = ("skills", "goals", "interests", "wish", "style", "department", "site", "level", "hours", "language")
"""In the order in which points that are left over by scaling the weights are given out."""


class Scores:
    """Of every row (mentee, or peer) the scores and hard rules with all columns (mentors, or the same peers)."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._rules: Mapping[str, Any] = document["rules"]
        self._format: str = document["format"]
        self.peers = self._format == "peer"
        self.rows: Sequence[Person] = document["mentees"]
        self.columns: Sequence[Person] = document["mentees"] if self.peers else document["mentors"]
        self.column_of = {person["employee_id"]: place for place, person in enumerate(self.columns)}
        self._weight = scaled(self._rules["weights"], FULL // 2 if self.peers else FULL)
        self._keys: Mapping[str, str] = document["taxonomy"]["keys"]
        self._near: Mapping[str, Sequence[str]] = document["taxonomy"]["near"]
        self._apart = _pairs_apart(document, self.rows, self.columns, self.column_of, self.peers)
        offered = [{self._keys[word] for word in person["skills_offered"]} for person in self.columns]
        self._offered = _lines(offered)
        self._words = {name: _lines(person[name] for person in self.columns) for name in ("goals", "interests")}
        self._languages = _lines(person["languages"] for person in self.columns)
        self._fact = {name: np.array([person[name] for person in self.columns]) for name in _FACTS}
        self._line = np.array([person["line"] for person in self.columns], np.int64).reshape(-1, 2)
        self._wished_by = _wished_by(self.rows, self.columns)
        self._back = self._directed() if self.peers else None

    def score(self, row: int) -> Numbers:
        """A row's scores with every column; among peers both directions count half."""
        found = sum(self._one_way(row).values(), np.zeros(len(self.columns), np.int64))
        return found if self._back is None else found + self._back[:, row]

    def contributions(self, row: int, column: int) -> dict[str, int]:
        """What each criterion gives one pair."""
        found = {name: int(points[column]) for name, points in self._one_way(row).items()}
        if self.peers:
            for name, points in self._one_way(column).items():
                found[name] += int(points[row])
        return found

    def broken(self, row: int) -> dict[str, Flags]:
        """By each hard rule in force the columns that it keeps apart from a row."""
        rules, me = self._rules, self.rows[row]
        found = {name: self._named(apart[row]) for name, apart in self._apart.items()}
        found["reporting_line"] = self._own_line(me)
        if rules["shared_hours_min"]:
            found["shared_hours_min"] = self._minutes(me) < 60 * rules["shared_hours_min"]
        if rules["shared_language"]:
            found["shared_language"] = ~self._common_language(me)
        if rules["level_gap_min"] is not None:
            found["level_gap_min"] = self._gap(me) < rules["level_gap_min"]
        if rules["level_gap_max"] is not None:
            found["level_gap_max"] = self._gap(me) > rules["level_gap_max"]
        for name in ("department", "site", "country"):
            if rules[name] != "any":
                found[name] = ~self._like(me, name, rules[name])
        return found | self._unfit(me)

    def allowed(self, row: int, floor: int = 0) -> tuple[Numbers, Flags]:
        """A row's scores with all columns, and which of them no hard rule forbids and score `floor` at least."""
        score = self.score(row)
        forbidden = score < max(floor, self._rules["score_min"])
        for apart in self.broken(row).values():
            forbidden |= apart
        return score, ~forbidden

    def _directed(self) -> npt.NDArray[np.int16]:
        """Among peers: what everybody gains from everybody, in one direction."""
        found = np.zeros((len(self.rows), len(self.columns)), np.int16)
        for row in range(len(self.rows)):
            found[row] = sum(self._one_way(row).values())
        return found

    def _one_way(self, row: int) -> dict[str, Numbers]:
        me, weight = self.rows[row], self._weight
        nothing = np.zeros(len(self.columns), np.int64)
        wanted = sorted({self._keys[word] for word in me["skills_wanted"]})
        aim = self._rules["level_gap_aim"]
        aim = (0 if self.peers else 2) if aim is None else aim
        near = np.maximum(0, 6 - np.abs(self._gap(me) - aim))
        return {
            "skills": nothing + sum(parts(weight["skills"], map(self._skill, wanted))),
            "goals": nothing + sum(parts(weight["goals"], (self._word("goals", w) for w in sorted(me["goals"])))),
            "interests": nothing
            + sum(parts(weight["interests"], (self._word("interests", w) for w in sorted(me["interests"])))),
            "wish": nothing + weight["wish"] * self._wish(row) // 10,
            "style": nothing + self._style(me),
            "department": nothing + weight["department"] * self._near_or_far(me, "department"),
            "site": weight["site"] * self._site(me) // 4,
            "level": weight["level"] * near // 6,
            "hours": weight["hours"] * self._minutes(me) // 480,
            "language": weight["language"] * self._common_language(me),
        }

    def _skill(self, key: str) -> Numbers:
        """Quarters of credit: 4 for the skill itself, 2 for one near to it."""
        nothing = np.zeros(len(self.columns), np.bool_)
        near = nothing.copy()
        for other in self._near.get(key, ()):
            near |= self._offered.get(other, nothing)
        return np.where(self._offered.get(key, nothing), 4, 2 * near)

    def _word(self, kind: str, word: str) -> Numbers:
        return 4 * self._words[kind].get(word, np.zeros(len(self.columns), np.bool_)).astype(np.int64)

    def _wish(self, row: int) -> Numbers:
        """Tenths by rank; of a mentee's and a mentor's wish the higher one, a peer's own wish alone."""
        found = np.zeros(len(self.columns), np.int64)
        for rank, name in enumerate(self.rows[row]["wishes"][:10]):
            if name in self.column_of:
                found[self.column_of[name]] = 10 - rank
        if not self.peers:
            for column, tenths in self._wished_by.get(self.rows[row]["employee_id"], ()):
                found[column] = max(found[column], tenths)
        return found

    def _style(self, me: Person) -> Numbers:
        """What is preferred: unsaid by the other side it is half met, "either" meets any way of meeting."""
        asked: list[Numbers] = []
        if me["style"]:
            theirs = self._fact["style"]
            asked.append(np.where(theirs == me["style"], 4, np.where(theirs == "", 2, 0)))
        if me["meeting"] not in {"", "either"}:
            theirs = self._fact["meeting"]
            met = (theirs == me["meeting"]) | (theirs == "either")
            asked.append(np.where(met, 4, np.where(theirs == "", 2, 0)))
        return sum(parts(self._weight["style"], asked), np.zeros(len(self.columns), np.int64))

    def _near_or_far(self, me: Person, name: str) -> Flags:
        return self._like(me, name, "same" if self._rules[f"{name}_distance"] == "near" else "different")

    def _site(self, me: Person) -> Numbers:
        near = self._rules["site_distance"] == "near"
        fully = self._like(me, "site", "same") if near else self._like(me, "country", "different")
        half = self._like(me, "country", "same") if near else self._like(me, "site", "different")
        return np.where(fully, 4, np.where(half, 2, 0))

    def _like(self, me: Person, name: str, asked: str) -> Flags:
        """What is not known of somebody is neither the same nor different."""
        theirs = self._fact[name]
        same = theirs == me[name]
        known = (theirs != "") & (me[name] != "")
        return np.asarray(known & (same if asked == "same" else ~same), np.bool_)

    def _gap(self, me: Person) -> Numbers:
        gap = self._fact["level"] - me["level"]
        return np.asarray(np.abs(gap) if self.peers else -gap if self._format == "reverse" else gap, np.int64)

    def _minutes(self, me: Person) -> Numbers:
        apart = np.abs(self._fact["offset_minutes"] - me["offset_minutes"]) % 1440
        return np.asarray(np.maximum(0, 480 - np.minimum(apart, 1440 - apart)), np.int64)

    def _common_language(self, me: Person) -> Flags:
        found = np.zeros(len(self.columns), np.bool_)
        for language in me["languages"]:
            found |= self._languages.get(language, False)
        return found

    def _own_line(self, me: Person) -> Flags:
        """Either one above the other, at any depth; nobody is in the line of who stands outside the organisation."""
        enter, leave = me["line"]
        above = (enter <= self._line[:, 0]) & (self._line[:, 0] < leave)
        below = (self._line[:, 0] <= enter) & (enter < self._line[:, 1])
        inside = (self._line[:, 0] < self._line[:, 1]) & (enter < leave)
        return np.asarray((above | below) & inside, np.bool_)

    def _unfit(self, me: Person) -> dict[str, Flags]:
        """What a mentor has to bring whoever the mentee is; among peers both sides."""
        found: dict[str, Flags] = {}
        days = self._rules["tenure_days_min"]
        if days:
            short = np.array([(person["tenure_days"] or 0) < days for person in self.columns], np.bool_)
            found["tenure_days_min"] = short | (self.peers and (me["tenure_days"] or 0) < days)
        if self._rules["training_required"]:
            untrained = np.array([not person["trained"] for person in self.columns], np.bool_)
            found["training_required"] = untrained | (self.peers and not me["trained"])
        return found

    def _named(self, columns: Iterable[int]) -> Flags:
        found = np.zeros(len(self.columns), np.bool_)
        found[list(columns)] = True
        return found


_FACTS = ("level", "offset_minutes", "department", "site", "country", "style", "meeting")


def scaled(weights: Mapping[str, int], total: int) -> dict[str, int]:
    """Weights that add up to `total`: rounded down, then one point each to those that lost most."""
    whole = sum(weights[name] for name in CRITERIA)
    exact = {name: divmod(weights[name] * total, whole) for name in CRITERIA}
    missing = total - sum(points for points, _ in exact.values())
    lucky = sorted(CRITERIA, key=lambda name: -exact[name][1])[:missing]
    return {name: points + (name in lucky) for name, (points, _) in exact.items()}


def parts(weight: int, quarters: Iterable[Numbers]) -> list[Numbers]:
    """A weight split evenly among what is asked for, and of each part as many quarters as are met."""
    listed = list(quarters)
    cuts = [weight * number // len(listed) for number in range(len(listed) + 1)] if listed else []
    return [(high - low) * met // 4 for low, high, met in zip(cuts, cuts[1:], listed, strict=False)]


def _lines(people: Iterable[Iterable[str]]) -> dict[str, Flags]:
    """By each word who has it."""
    listed = [list(words) for words in people]
    found: dict[str, Flags] = {}
    for place, words in enumerate(listed):
        for word in words:
            found.setdefault(word, np.zeros(len(listed), np.bool_))[place] = True
    return found


def _wished_by(rows: Sequence[Person], columns: Sequence[Person]) -> dict[str, list[tuple[int, int]]]:
    """By each row's id the columns that wish for it, with tenths by rank."""
    names = {person["employee_id"] for person in rows}
    found: dict[str, list[tuple[int, int]]] = {}
    for column, person in enumerate(columns):
        for rank, name in enumerate(person["wishes"][:10]):
            if name in names:
                found.setdefault(name, []).append((column, 10 - rank))
    return found


def _pairs_apart(
    document: Mapping[str, Any],
    rows: Sequence[Person],
    columns: Sequence[Person],
    column_of: Mapping[str, int],
    peers: bool,
) -> dict[str, list[set[int]]]:
    """By each rule about two named people the columns of each row that it forbids."""
    row_of = {person["employee_id"]: place for place, person in enumerate(rows)}
    found: dict[str, list[set[int]]] = {}

    def keep(rule: str, pairs: Iterable[tuple[str, str]], *, both_ways: bool = peers) -> None:
        apart = found.setdefault(rule, [set() for _ in rows])
        for mentee, mentor in pairs:
            for one, other in ((mentee, mentor), (mentor, mentee)) if both_ways else ((mentee, mentor),):
                if one in row_of and other in column_of:
                    apart[row_of[one]].add(column_of[other])

    keep("self", ((name, name) for name in row_of))
    for rule, field in (("block", "blocks"), ("earlier", "earlier")):
        if rule == "earlier" and not document["rules"]["exclude_earlier"]:
            continue
        keep(rule, ((person["employee_id"], name) for person in rows for name in person[field]))
        keep(rule, ((name, person["employee_id"]) for person in columns for name in person[field]))
    if document["rules"]["exclude_earlier"]:
        keep("earlier", document["earlier"])
    keep("forbidden", document["forbids"])
    return found
