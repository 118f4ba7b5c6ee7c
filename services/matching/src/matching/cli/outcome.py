"""What a run found, in the words and figures that both reports use."""

from dataclasses import dataclass
from typing import Any

from chassis.records import Refused
from matching.domain.problems import Problem
from matching.domain.solutions import Solution

REASONS = {
    "no_candidates": "nobody may be matched with them under the rules",
    "below_floor": "everybody who may is below the lowest score allowed",
    "all_full": "everybody who suits is full",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run from one file."""

    problem: Problem
    solution: Solution
    fairness: dict[str, Any]
    refused: tuple[Refused, ...]
    seconds: float

    @property
    def looking(self) -> int:
        """How many wanted somebody."""
        return len(self.problem.mentees)

    @property
    def matched(self) -> int:
        """How many of them have somebody."""
        return self.looking - len(self.solution.unmatched)

    @property
    def who(self) -> str:
        """What those who look are called."""
        return "peers" if self.problem.format == "peer" else "mentees"

    @property
    def proof(self) -> str:
        """How good the pairs are, in one sentence."""
        certificate, objective = self.solution.certificate, self.problem.rules.objective
        if certificate is None or certificate.kind == "none":
            return "How good these pairs are is not proven."
        if objective == "two_sided":
            return f"No two people would both rather have each other; that costs at most {certificate.gap:,} points."
        if certificate.proves_optimal:
            return f"Proven: no other choice of pairs is better ({OBJECTIVES[objective]})."
        if certificate.gap == 0:
            return "Proven: no other choice of pairs with so good a worst pair is better; a better worst pair may be."
        points = certificate.gap if not certificate.base else certificate.gap % certificate.base
        more = certificate.gap // certificate.base if certificate.base else 0
        people = f"{more:,} people and " if more else ""
        return f"Proven: at most {people}{points:,} points from the best there can be."

    @property
    def points(self) -> str:
        """Pairs and points, in the words of `mentorship verify-run`."""
        points, total = sum(pair.score for pair in self.solution.pairs), self.solution.total
        after = f", {total:,} after the load charge" if total != points else ""
        return f"{len(self.solution.pairs):,} pairs with {points:,} points{after}"

    @property
    def headline(self) -> str:
        """Who was matched."""
        share = self.matched / self.looking if self.looking else 0.0
        return f"{self.matched:,} of {self.looking:,} {self.who} matched ({share:.1%})"

    def reasons(self) -> list[tuple[int, str]]:
        """How many have nobody, by reason."""
        counted = self.solution.report["unmatched_by_reason"]
        return [(count, REASONS.get(reason, reason)) for reason, count in counted.items()]


OBJECTIVES = {
    "coverage": "most people first, then the highest total",
    "total": "the highest total",
    "fair": "the best worst pair, then the highest total",
    "two_sided": "no two people would both rather have each other",
}
