"""What a run finds: pairs, what proves them, and the reasons of those without one. It needs no engine to be read."""

from dataclasses import dataclass, field
from typing import Any, Literal

Proof = Literal["prices", "blossoms", "circles", "few_moves", "two_sided", "none"]
ENGINE = "mentorship-1"
"""Stored with each run: which engine made its pairs."""

Reason = Literal["no_candidates", "all_full", "below_floor"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people whom the run puts together; among peers the smaller id stands first, and a three is three pairs."""

    mentee: str
    mentor: str
    score: int
    contributions: dict[str, int]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What proves how good the pairs are. Pinned people and the places they take have no part in the prices.

    The value is base * pairs + total, of all pairs; no other pairs have a higher one than `upper_bound`.
    """

    kind: Proof
    base: int
    value: int
    upper_bound: int
    row_price: tuple[int, ...]
    """In the order of the problem's mentees."""
    column_price: tuple[int, ...]
    """In the order of the problem's columns."""
    details: dict[str, Any] = field(default_factory=dict)
    """What else the proof needs: see `verify`."""
    above: "Certificate | None" = None
    """Where the worst pair counts first: what proves that one point above its ceiling there are fewer pairs."""
    engine: str = ENGINE

    @property
    def gap(self) -> int:
        """How far the value may be from the best one; 0 is proven optimal."""
        return self.upper_bound - self.value

    @property
    def proves_optimal(self) -> bool:
        """Whether nothing better is left; where the worst pair counts first, that there is no better worst pair too."""
        fairest = self.details.get("floor") == self.details.get("ceiling")
        return self.kind != "none" and self.gap == 0 and fairest


@dataclass(frozen=True, slots=True)
class Solution:
    """What a run found."""

    pairs: tuple[Pair, ...]
    unmatched: dict[str, Reason]
    people: int
    total: int
    """Sum of the scores, less what the loads of mentors are charged."""
    upper_bound: int
    """The total and the proven gap: with coverage first, of matchings with as many pairs."""
    inputs_digest: str
    report: dict[str, Any] = field(default_factory=dict)
    certificate: Certificate | None = None

    @property
    def worst(self) -> int:
        """The lowest score of any pair; 0 without pairs."""
        return min((pair.score for pair in self.pairs), default=0)
