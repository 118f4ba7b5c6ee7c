"""A run: from a pool of people to pairs, the reasons of those without one, and a report."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from contracts.matching import Format
from matching.domain.assignment import Assignment, assign, assign_peers
from matching.domain.people import BoolArray, Profile, ScoreArray
from matching.domain.rules import CRITERIA, Rules, allowed
from matching.domain.scoring import contributions, scores

ENGINE = "scipy-1"
"""Stored with each run: which engine made its pairs."""

Reason = Literal["no_candidates", "all_full", "below_floor"]
Progress = Callable[[int], None]

_CELLS = 1_500_000
"""Pairs scored at a time: bounds the memory of the intermediate arrays, some ten of 8 bytes a pair."""
_DIAGONAL = 256
"""Pairs explained at a time: of a block that wide only the diagonal is wanted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The people and rules of one run. In a peer programme everybody stands in `mentees` and nobody in `mentors`."""

    format: Format
    rules: Rules
    mentees: tuple[Profile, ...]
    mentors: tuple[Profile, ...] = ()
    earlier: frozenset[tuple[str, str]] = frozenset()
    """(mentee, mentor) pairs that were already offered to each other; not again."""

    @property
    def columns(self) -> tuple[Profile, ...]:
        """Whom the mentees choose from."""
        return self.mentees if self.format == "peer" else self.mentors

    @property
    def digest(self) -> str:
        """SHA-256 over everything that decides the outcome."""
        parts: list[Any] = [ENGINE, self.format, self.rules.digest, sorted(self.earlier)]
        parts += [[_canonical(profile) for profile in side] for side in (self.mentees, self.mentors)]
        return hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people whom the run puts together; among peers the smaller id stands first."""

    mentee: str
    mentor: str
    score: int
    contributions: dict[str, int]


@dataclass(frozen=True, slots=True)
class Solution:
    """What a run found."""

    pairs: tuple[Pair, ...]
    unmatched: dict[str, Reason]
    people: int
    total: int
    upper_bound: int
    inputs_digest: str
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def worst(self) -> int:
        """The lowest score of any pair; 0 without pairs."""
        return min((pair.score for pair in self.pairs), default=0)


def solve(problem: Problem, progress: Progress = lambda _: None) -> Solution:
    """Score, apply the rules, assign, explain; `progress` hears percentages as it goes."""
    rows, columns = problem.mentees, problem.columns
    score, may = _score_all(problem, progress)
    good = may & (score >= problem.rules.score_min)
    progress(60)
    if problem.format == "peer":
        found = assign_peers(score, good)
    else:
        found = assign(score, good, np.array([mentor.capacity for mentor in columns], dtype=np.int64))
    progress(85)
    pairs = tuple(sorted(_explained(problem, found), key=lambda pair: (pair.mentee, pair.mentor)))
    unmatched = _reasons(problem, found, may, good)
    progress(95)
    people = len({profile.employee_id for profile in (*rows, *columns)})
    report = _report(problem, pairs, unmatched)
    return Solution(pairs, unmatched, people, found.total, found.upper_bound, problem.digest, report)


def _score_all(problem: Problem, progress: Progress) -> tuple[ScoreArray, BoolArray]:
    """Scores and allowed pairs of everybody, both of shape (mentees, columns)."""
    rows, columns = problem.mentees, problem.columns
    score = np.zeros((len(rows), len(columns)), dtype=np.int16)
    may = np.zeros((len(rows), len(columns)), dtype=np.bool_)
    for start, block in _blocks(rows, max(16, _CELLS // max(1, len(columns)))):
        here = slice(start, start + len(block))
        score[here] = scores(block, columns, problem.rules, programme_format=problem.format)
        may[here] = allowed(block, columns, problem.rules, programme_format=problem.format)
        progress(5 + 55 * (start + len(block)) // len(rows))
    _forbid_earlier(problem, may)
    return score, may


def _forbid_earlier(problem: Problem, may: BoolArray) -> None:
    row = {profile.employee_id: number for number, profile in enumerate(problem.mentees)}
    column = {profile.employee_id: number for number, profile in enumerate(problem.columns)}
    for mentee, mentor in problem.earlier:
        if mentee in row and mentor in column:
            may[row[mentee], column[mentor]] = False
        if problem.format == "peer" and mentor in row and mentee in column:
            may[row[mentor], column[mentee]] = False


def _explained(problem: Problem, found: Assignment) -> Iterator[Pair]:
    """The pairs with their contributions: of each block of pairs only the diagonal is wanted."""
    left = [problem.mentees[number] for number in found.left]
    right = [problem.columns[number] for number in found.right]
    for start, block in _blocks(left, _DIAGONAL):
        others = right[start : start + len(block)]
        parts = contributions(block, others, problem.rules, programme_format=problem.format)
        for number, (mentee, mentor) in enumerate(zip(block, others, strict=True)):
            given = {name: int(parts[name][number, number]) for name in CRITERIA}
            yield Pair(mentee.employee_id, mentor.employee_id, sum(given.values()), given)


def _reasons(problem: Problem, found: Assignment, may: BoolArray, good: BoolArray) -> dict[str, Reason]:
    matched = {*found.left.tolist(), *(found.right.tolist() if problem.format == "peer" else ())}
    reasons: dict[str, Reason] = {}
    for number, profile in enumerate(problem.mentees):
        if number in matched:
            continue
        if not may[number].any():
            reasons[profile.employee_id] = "no_candidates"
        else:
            reasons[profile.employee_id] = "all_full" if good[number].any() else "below_floor"
    return reasons


def _report(problem: Problem, pairs: Sequence[Pair], unmatched: dict[str, Reason]) -> dict[str, Any]:
    """Figures of the whole run: sizes, how the scores lie, how the load lies on the mentors."""
    values = np.array([pair.score for pair in pairs], dtype=np.int64)
    deciles = [int(value) for value in np.percentile(values, range(0, 101, 10))] if len(values) else []
    load = Counter(Counter(pair.mentor for pair in pairs).values()) if problem.format != "peer" else Counter[int]()
    reasons = Counter(unmatched.values())
    return {
        "engine": ENGINE,
        "mentees": len(problem.mentees),
        "mentors": len(problem.mentors),
        "matched_share": round(1 - len(unmatched) / len(problem.mentees), 4) if problem.mentees else 0.0,
        "mean_score": int(values.mean()) if len(values) else 0,
        "score_deciles": deciles,
        "unmatched_by_reason": {reason: reasons[reason] for reason in sorted(reasons)},
        "mentors_by_load": {str(mentees): load[mentees] for mentees in sorted(load)},
    }


def _blocks(people: Sequence[Profile], size: int) -> Iterator[tuple[int, Sequence[Profile]]]:
    for start in range(0, len(people), size):
        yield start, people[start : start + size]


def _canonical(profile: Profile) -> list[Any]:
    values = [getattr(profile, name) for name in Profile.__slots__]
    return [sorted(value) if isinstance(value, frozenset) else value for value in values]
