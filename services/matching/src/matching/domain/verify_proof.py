"""Whether a certificate is about what the programme asks for, and what it proves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from matching.domain.verify_bounds import Bound, Certificate, blossom_bound, circle_bound, price_bound
from matching.domain.verify_pairs import Finding, Pairs, finding, names
from matching.domain.verify_scores import FULL

_BOUNDS = {"prices": price_bound, "blossoms": blossom_bound, "circles": circle_bound}


@dataclass(frozen=True, slots=True)
class Proven:
    """What was looked at, what is not proven, and how far the value may be from the best one."""

    findings: tuple[Finding, ...]
    unproven: tuple[str, ...]
    gap: int | None


def proof_of(document: Mapping[str, Any], pairs: Pairs) -> Proven:
    """What the certificate of a run proves of its pairs."""
    certificate, claim = document["certificate"], document["claim"]
    if certificate is None:
        bound = Finding("bound", claim["value"] <= claim["upper_bound"], "the value is not above it")
        open_ = f"that nothing is worth more than {claim['upper_bound']:,}: the file holds no proof of it"
        return Proven((bound,), (open_,), None)
    return _Proof(document, certificate, pairs).proven()


class _Proof:
    """A certificate, and the run that it belongs to."""

    def __init__(self, document: Mapping[str, Any], certificate: Certificate, pairs: Pairs) -> None:
        self._of, self._rules, self._claim = document, document["rules"], document["claim"]
        self._certificate, self._pairs = certificate, pairs
        self._floor: int | None = certificate.get("floor")

    def proven(self) -> Proven:
        """Everything that there is to be said of it."""
        bound, remarks = self._bound(self._certificate)
        pinned = [pair["score"] for pair in self._of["pairs"] if self._pairs.is_pinned(pair)]
        bound += self._certificate["base"] * len(pinned) + sum(pinned)
        findings = [Finding(*remark) for remark in remarks]
        unproven = [*self._by_branching(bound), *self._threes()]
        if self._floor is not None and self._pairs.decided:
            more, open_ = self._worst_pair(self._floor)
            findings, unproven = [*findings, *more], [*unproven, *open_]
        findings += [self._terms(), self._against(bound)]
        return Proven(tuple(findings), tuple(unproven), bound - self._claim["value"])

    def _bound(self, certificate: Certificate) -> Bound:
        return _BOUNDS[certificate["kind"]](self._pairs.scores, certificate, self._pairs.left)

    @property
    def _branched(self) -> bool:
        """Whether the engine may know a lower bound than its prices prove."""
        return self._certificate["kind"] == "circles" or "stay" in self._certificate

    def _against(self, bound: int) -> Finding:
        value, claimed = self._claim["value"], self._claim["upper_bound"]
        holds = value <= min(bound, claimed) and (self._branched or bound <= claimed)
        return Finding(
            "bound", holds, f"prices prove that nothing is worth more than {bound:,}; claimed is {claimed:,}"
        )

    def _by_branching(self, bound: int) -> Iterator[str]:
        if self._branched and bound > self._claim["upper_bound"]:
            claimed = f"that nothing is worth more than {self._claim['upper_bound']:,}"
            yield f"{claimed}: prices reach {bound:,}, the rest was found by branching, of which nothing is kept"

    def _threes(self) -> Iterator[str]:
        """Where threes are allowed, pairs are the best if they leave nobody out."""
        decided = self._pairs.decided
        everybody = len({one for pair in decided for one in pair}) == self._pairs.left.rows.sum() == 2 * len(decided)
        if self._pairs.peers and self._rules["threes"] and not everybody:
            yield "that no threes would be better: the proof is of pairs alone"

    def _terms(self) -> Finding:
        """Whether the proof is about what the rules ask for, and leaves no pair out that they allow."""
        certificate, above = self._certificate, self._certificate.get("above")
        circles = self._of["format"] == "group" and self._rules["circle_min"] > 1
        fits = {"prices": not self._pairs.peers, "blossoms": self._pairs.peers, "circles": circles}
        fair = self._rules["objective"] == "fair"
        holds = [
            fits[certificate["kind"]],
            certificate.get("charge", self._rules["load_charge"]) == self._rules["load_charge"],
            fair or self._floor is None,
            not fair or self._floor is not None or not self._pairs.decided,
            "stay" not in certificate or self._of["moves"] is not None,
            above is None or (self._floor is not None and fits[above["kind"]] and not {"stay", "above"} & set(above)),
        ]
        return Finding("terms", all(holds), "the proof is of the kind, charge and floor that the rules call for")

    def _worst_pair(self, floor: int) -> tuple[list[Finding], list[str]]:
        """None is below the floor, and above the ceiling there are fewer pairs."""
        low = [names(one) for one in self._of["pairs"] if one["score"] < floor and not self._pairs.is_pinned(one)]
        findings = [finding("worst pair", low, f"none is below {floor:,}")]
        above = self._certificate.get("above")
        if floor >= FULL:
            return findings, []
        if above is None:
            return findings, [f"that as many people cannot have a better worst pair than {floor:,}"]
        bound, remarks = self._bound(above)
        count, left, ceiling = len(self._pairs.decided), self._pairs.left, above["floor"] - 1
        charges = above.get("charge", 0) * count * min(int(left.places.max(initial=0)), int(left.rows.sum()))
        fewer = bound < above["base"] * count - charges
        open_ = f"that as many people cannot have a worst pair above {ceiling:,}: prices do not reach so far"
        if not fewer and above["kind"] == "circles":
            return findings, [open_]
        holds = fewer and all(remark[1] for remark in remarks)
        findings.append(Finding("ceiling", holds, f"with a worst pair above {ceiling:,} there are fewer pairs"))
        return findings, [
            f"that the worst pair cannot be above {floor:,}, up to {ceiling:,}"
        ] if ceiling > floor else []
