"""Proves a run again from its export alone: NumPy, own formulae, nothing of the engine that made it.

An exported run is one JSON object:

    document        "mentorship-run/1"
    engine          which engine made it
    format          one_on_one | reverse | group | peer
    rules           the programme's rules, every field of them
    taxonomy        {digest, keys: {skill as written: key}, near: {key: [keys that half meet it]}} of the skills used
    mentees         people; in a peer programme everybody
    mentors         people; in a peer programme nobody
    earlier, pins, forbids   [[mentee, mentor], ...]
    current, moves  pairs that there were, and how many of them could be moved; moves is null where all could
    pairs           [{mentee, mentor, score, contributions: {criterion: points}}, ...]
    claim           {pairs, total, value, upper_bound}: value = base * pairs + total, of pairs and total pins included
    certificate     null, or what proves the bound (below)
    inputs_digest   SHA-256 over everything that decides the outcome

A person is an object with every field of a profile: employee_id, level, offset_minutes, languages, interests,
skills_wanted, skills_offered, goals, wishes, blocks, capacity, line, department, site, country, tenure_days, trained,
style, meeting, earlier; sets are sorted lists.

Certificates, all whole numbers. Pinned people and places take no part in them.

    {"kind": "prices", base, charge, column_price: [one for each mentor]}
        w = base + score. Nothing is worth more than
        sum over mentees of max(0, w - p of the best mentor) + sum over mentors and places k = 0, 1, ... of
        max(0, p - charge * k); a mentor has no more places than there are mentees.
        With floor: of all matchings whose worst pair scores so much at least (the same holds for the other kinds).
    {"kind": "blossoms", base, scale, row_price: [...], blossoms: [{members: [ids], price}, ...]}
        If u_i + u_j + the prices of the blossoms around both reach scale * w of every pair, nothing is worth more than
        (sum(u) + sum of price * (size - 1) / 2) / scale, of odd sizes.
    {"kind": "circles", base, scale, lift, row_price: [...], cover, price_bound}
        What circles with `cover` people can reach in total, from prices on the people (`scale` to the point).

Two-sided lists need none: it is looked at whether any two would both rather have each other.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from matching.domain.verify_bounds import blossom_bound, circle_bound, price_bound
from matching.domain.verify_scores import Flags, Numbers, Scores
from matching.domain.verify_stability import blocking_pairs

DOCUMENT = "mentorship-run/1"
_SHOWN = 5
"""So many offences of one kind are named."""


class Unreadable(Exception):
    """The file is no exported run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it holds, and what was found."""

    check: str
    holds: bool
    says: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings; `gap` is how far the value may be from the best one, None where nothing bounds it."""

    findings: tuple[Finding, ...]
    gap: int | None

    @property
    def holds(self) -> bool:
        """Whether everything that the run says of itself is true."""
        return all(finding.holds for finding in self.findings)


def verify(document: Any) -> Verdict:
    """Look at everything that an exported run says of itself."""
    if not isinstance(document, Mapping) or document.get("document") != DOCUMENT:
        raise Unreadable(f"This is no exported run ({DOCUMENT}).")
    try:
        return _Run(document).verdict()
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise Unreadable(f"The exported run is damaged: {type(error).__name__} {error}.") from error


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 over format, rules, taxonomy, settled pairs and people, as a run's inputs are digested."""
    rules = hashlib.sha256(json.dumps(document["rules"], sort_keys=True).encode()).hexdigest()
    parts: list[Any] = [document["format"], rules, document["taxonomy"]["digest"]]
    parts += [sorted(map(tuple, document[name])) for name in ("earlier", "pins", "forbids")]
    if document.get("moves") is not None:
        parts += [sorted(map(tuple, document["current"])), document["moves"]]
    for side in ("mentees", "mentors"):
        parts.append([[_in_order(name, value) for name, value in person.items()] for person in document[side]])
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _in_order(name: str, value: Any) -> Any:
    """Ranks and intervals are tuples, sets sorted lists."""
    return tuple(value) if name in {"wishes", "line"} else sorted(value) if isinstance(value, list) else value


class _Run:
    """A run and its people by number: pairs as (row, column)."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._of = document
        self._peers = document["format"] == "peer"
        self._scores = Scores(document)
        self._row = {person["employee_id"]: place for place, person in enumerate(self._scores.rows)}
        self._column = self._scores.column_of
        self._pinned = {tuple(pair) for pair in document["pins"]}
        strangers = [
            name
            for pair in document["pairs"]
            for name, side in ((pair["mentee"], self._row), (pair["mentor"], self._column))
            if name not in side
        ]
        if strangers:
            raise Unreadable(f"It pairs {strangers[0]}, who is not among its people.")
        self._pairs = [(self._row[pair["mentee"]], self._column[pair["mentor"]]) for pair in document["pairs"]]

    def verdict(self) -> Verdict:
        """Every check, in the order in which a reader would ask."""
        findings = [self._inputs(), self._members(), self._capacities(), self._pins()]
        findings += [self._points(), self._hard_rules(), self._claims()]
        findings += self._worst_pair()
        bound, gap = self._bound()
        return Verdict((*findings, *bound), gap)

    def _inputs(self) -> Finding:
        claimed, found = self._of["inputs_digest"], digest(self._of)
        return Finding("inputs", claimed == found, f"their digest is {found[:16]}…")

    def _members(self) -> Finding:
        """Nobody is twice in one pair, no pair stands there twice, and a mentee or peer has one partner."""
        if self._peers:
            often = self._with_several()
        else:
            counts = Counter(row for row, _ in self._pairs)
            often = [self._scores.rows[row]["employee_id"] for row, count in counts.items() if count > 1]
        return _finding("one partner each", often, f"{len(self._pairs)} pairs")

    def _with_several(self) -> list[str]:
        """Peers with several partners who are no three, or in a programme without threes."""
        partners: dict[int, set[int]] = {}
        for one, other in self._pairs:
            partners.setdefault(one, set()).add(other)
            partners.setdefault(other, set()).add(one)
        twice = len(self._pairs) > len({frozenset(pair) for pair in self._pairs})
        return [
            self._scores.rows[one]["employee_id"]
            for one, others in sorted(partners.items())
            if twice
            or (len(others) > 1 and not self._of["rules"]["threes"])
            or len(others) > 2
            or any(partners[other] - {one} != others - {other} for other in others if len(others) == 2)
        ]

    def _capacities(self) -> Finding:
        load = Counter(column for _, column in self._pairs)
        people = self._scores.columns
        # In a three everybody has two partners; that it is a three is looked at above.
        times = 2 if self._peers and self._of["rules"]["threes"] else 1
        over = [people[column]["employee_id"] for column, count in load.items() if count > times * self._places(column)]
        if self._of["format"] == "group":
            least = self._of["rules"]["circle_min"]
            over += [people[column]["employee_id"] for column, count in load.items() if count < least]
        return _finding("capacities", over, f"{len(load)} people have somebody" if not self._peers else "one each")

    def _places(self, column: int) -> int:
        places: int = self._scores.columns[column]["capacity"]
        if self._of["format"] == "group":
            return min(places, int(self._of["rules"]["circle_max"]))
        return min(places, 1) if self._peers else places

    def _pins(self) -> Finding:
        there = {(pair["mentee"], pair["mentor"]) for pair in self._of["pairs"]}
        if self._peers:
            there |= {(mentor, mentee) for mentee, mentor in there}
        missing = [" with ".join(pair) for pair in sorted(self._pinned - there)]
        return _finding("pins", missing, f"{len(self._pinned)} pinned pairs are there")

    def _points(self) -> Finding:
        wrong = []
        for pair, (row, column) in zip(self._of["pairs"], self._pairs, strict=True):
            found = self._scores.contributions(row, column)
            said = pair.get("contributions")
            if pair["score"] != sum(found.values()) or (said and {**dict.fromkeys(found, 0), **said} != found):
                wrong.append(f"{_names(pair)}: {sum(found.values())}, not {pair['score']}")
        return _finding("scores", wrong, "every pair's score and contributions are as the rules say")

    def _hard_rules(self) -> Finding:
        broken = []
        for pair, (row, column) in zip(self._of["pairs"], self._pairs, strict=True):
            rules = [name for name, apart in self._scores.broken(row).items() if apart[column]]
            if sum(self._scores.contributions(row, column).values()) < self._of["rules"]["score_min"]:
                rules.append("score_min")
            broken += [f"{_names(pair)}: {name}" for name in rules]
        return _finding("hard rules", broken, "no pair breaks one")

    def _claims(self) -> Finding:
        claim, certificate = self._of["claim"], self._of["certificate"] or {}
        total = sum(pair["score"] for pair in self._of["pairs"]) - self._charges(certificate.get("charge", 0))
        value = certificate.get("base", 0) * len(self._pairs) + total
        found = {"pairs": len(self._pairs), "total": total, "value": value}
        wrong = [f"{name} {claim[name]:,}, not {number:,}" for name, number in found.items() if claim[name] != number]
        return _finding("claims", wrong, f"{len(self._pairs):,} pairs with {total:,} points")

    def _charges(self, charge: int) -> int:
        """What the loads cost; the certificate counts the places that are left after the pins."""
        load = Counter(column for pair, column in self._decided())
        return charge * sum(count * (count - 1) // 2 for count in load.values())

    def _decided(self) -> Iterator[tuple[int, int]]:
        """The pairs that were not settled beforehand."""
        for pair, place in zip(self._of["pairs"], self._pairs, strict=True):
            if not self._is_pinned(pair):
                yield place

    def _is_pinned(self, pair: Mapping[str, Any]) -> bool:
        names = (pair["mentee"], pair["mentor"])
        return names in self._pinned or (self._peers and names[::-1] in self._pinned)

    def _worst_pair(self) -> Iterator[Finding]:
        """Where the worst pair counts first, none that was to be decided is below it."""
        floor = (self._of["certificate"] or {}).get("floor")
        if floor is not None:
            low = [_names(one) for one in self._of["pairs"] if one["score"] < floor and not self._is_pinned(one)]
            yield _finding("worst pair", low, f"none is below {floor:,}")

    def _bound(self) -> tuple[list[Finding], int | None]:
        certificate, (rows, places) = self._of["certificate"], self._undecided()
        if self._of["rules"]["objective"] == "two_sided":
            both = blocking_pairs(self._scores, list(self._decided()), rows, places)
            return [_finding("stability", both, "no two people would both rather have each other")], None
        if certificate is None:
            return [Finding("bound", True, "none is claimed: how good the pairs are is not proven")], None
        bound = {"prices": price_bound, "blossoms": blossom_bound, "circles": circle_bound}[certificate["kind"]]
        found, remarks = bound(self._scores, self._of, rows, places)
        remarks.append(self._terms(certificate))
        pinned = [pair["score"] for pair in self._of["pairs"] if self._is_pinned(pair)]
        return self._compared(found + certificate["base"] * len(pinned) + sum(pinned), remarks)

    def _terms(self, certificate: Mapping[str, Any]) -> tuple[str, bool, str]:
        """Whether the proof is about what the rules ask for, and leaves no pair out that they allow."""
        rules = self._of["rules"]
        same = certificate["kind"] != "prices" or certificate["charge"] == rules["load_charge"]
        floor = rules["objective"] == "fair" or certificate.get("floor") is None
        return "terms", same and floor, "the proof has the charge and the floor that the rules call for"

    def _undecided(self) -> tuple[Flags, Numbers]:
        """Rows and places that no pin has taken."""
        places = np.array([self._places(column) for column in range(len(self._scores.columns))], np.int64)
        rows = places > 0 if self._peers else np.ones(len(self._scores.rows), np.bool_)
        for pair, (row, column) in zip(self._of["pairs"], self._pairs, strict=True):
            if self._is_pinned(pair):
                rows[row] = False
                places[column] -= 1
                if self._peers:
                    rows[column], places[row] = False, 0
        return rows, places

    def _compared(self, bound: int, remarks: list[tuple[str, bool, str]]) -> tuple[list[Finding], int]:
        claim = self._of["claim"]
        gap = bound - claim["value"]
        findings = [Finding(*remark) for remark in remarks]
        if self._of["certificate"]["kind"] == "circles":
            says = f"nothing with as many people is worth more than {bound:,}; claimed is {claim['upper_bound']:,}"
            return [*findings, Finding("bound", claim["upper_bound"] >= claim["value"], says)], gap
        says = f"nothing is worth more than {bound:,}; claimed is {claim['upper_bound']:,}"
        return [*findings, Finding("bound", claim["value"] <= bound <= claim["upper_bound"], says)], gap


def _finding(check: str, offences: Iterable[str], fine: str) -> Finding:
    listed = list(offences)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return Finding(check, not listed, "; ".join(listed[:_SHOWN]) + more if listed else fine)


def _names(pair: Mapping[str, Any]) -> str:
    return f"{pair['mentee']} with {pair['mentor']}"
