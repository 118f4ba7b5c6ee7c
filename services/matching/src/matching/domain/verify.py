"""Proves a run again from its export alone: NumPy, own formulae, nothing of the engine that made it.

An exported run is one JSON object with exactly these fields:

    document        "mentorship-run/2"
    engine          which engine made it: a name, the one thing here that nothing proves
    format          one_on_one | reverse | group | peer
    rules           the programme's rules, every field of them
    taxonomy        {digest, keys: {skill as written: key}, near: {key: [keys that half meet it]}} of the skills used
    mentees         people; in a peer programme everybody
    mentors         people; in a peer programme nobody
    earlier, pins, forbids   [[mentee, mentor], ...] by ids
    current, moves  pairs that there were, and how many of them could be moved; moves is null where all could
    pairs           [{mentee, mentor, score, contributions: {criterion: points}}, ...] by ids; peers the smaller first
    claim           {pairs, total, value, upper_bound}: value = base * pairs + total, of pairs and total pins included
    certificate     null, or what proves the bound (below)
    inputs_digest   SHA-256 over everything that decides the outcome

A person is an object with every field of a profile, in this order: employee_id, level, offset_minutes, languages,
interests, skills_wanted, skills_offered, goals, wishes, blocks, capacity, line, department, site, country,
tenure_days, trained, style, meeting, earlier, seated; sets are sorted lists.

Certificates, all whole numbers. Pinned people and places take no part in them.

    {"kind": "prices", base, charge, column_price: [one for each mentor]}
        w = base + score. Nothing is worth more than
        sum over mentees of max(0, w - p of the best mentor) + sum over mentors and places k = 0, 1, ... of
        max(0, p - charge * k); a mentor has no more places than there are mentees.
        With stay: a mentee's w with the mentor there was is so much higher, and stay is taken off as often as mentees
        have to stay: all who may, but for `moves` and those for whom a mentor has no place any more.
    {"kind": "blossoms", base, scale, row_price: [...], blossoms: [{members: [ids], price}, ...]}
        If u_i + u_j + the prices of the blossoms around both reach scale * w of every pair, nothing is worth more than
        (sum(u) + sum of price * (size - 1) / 2) / scale, of odd sizes.
    {"kind": "circles", base, scale, lift, row_price: [...], cover_scale, cover_price: [...]}
        Each circle takes whom it gains most by after prices (`scale` to the point). Who is pinned to one counts for its
        minimum, and it is there whatever it costs; so is one that has begun (`seated`), which needs nobody else. The
        same with scores all 1 and cover_price bounds how many people have a circle; of just so many the total is looked
        for, lift for each.
    With floor: of all matchings whose worst pair scores so much at least.
    With above: a certificate with a higher floor, under which it proves that there are fewer pairs.

Two-sided lists: it is looked at whether any two would both rather have each other; the bound is the highest total.
What the file claims and nothing in it proves is named in the verdict's `unproven`. The file is not signed: who wants to
know that its inputs are those of a certain run compares their digest with one from elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from matching.domain.verify_document import Unreadable, digest, must_be_a_run
from matching.domain.verify_pairs import Finding, Pairs, finding
from matching.domain.verify_proof import proof_of
from matching.domain.verify_stability import blocking_pairs

__all__ = ["Finding", "Unreadable", "Verdict", "verify"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings; `gap` is how far the value may be from the best one, None where nothing bounds it."""

    findings: tuple[Finding, ...]
    gap: int | None
    unproven: tuple[str, ...] = ()
    """What the run claims, or its programme asks for, and the file does not prove."""

    @property
    def holds(self) -> bool:
        """Whether nothing that was looked at is false."""
        return all(finding.holds for finding in self.findings)


def verify(document: Any) -> Verdict:
    """Look at everything that an exported run says of itself."""
    try:
        must_be_a_run(document)
        pairs = Pairs(document)
        proof = proof_of(document, pairs)
        return Verdict((*_findings(document, pairs), *proof.findings), proof.gap, proof.unproven)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
        said = " ".join(str(error).split()).removesuffix(".")
        raise Unreadable(f"The exported run is damaged: {said or type(error).__name__}.") from error


def _findings(document: Mapping[str, Any], pairs: Pairs) -> Iterator[Finding]:
    """Every check but the proof's, in the order in which a reader would ask."""
    found = digest(document)
    yield Finding("inputs", document["inputs_digest"] == found, f"their digest is {found}")
    yield from pairs.findings()
    yield _claims(document, pairs)
    if document["rules"]["objective"] == "two_sided":
        both = blocking_pairs(pairs.scores, pairs.decided, pairs.left.rows, pairs.left.places)
        yield finding("stability", both, "no two people would both rather have each other")


def _claims(document: Mapping[str, Any], pairs: Pairs) -> Finding:
    claim, certificate, count = document["claim"], document["certificate"] or {}, len(document["pairs"])
    points = sum(pair["score"] for pair in document["pairs"])
    total = points - pairs.charged(certificate.get("charge", 0))
    found = {"pairs": count, "total": total, "value": certificate.get("base", 0) * count + total}
    wrong = [f"{name} {claim[name]:,}, not {number:,}" for name, number in found.items() if claim[name] != number]
    after = f", {total:,} after the load charge" if total != points else ""
    return finding("claims", wrong, f"{count:,} pairs with {points:,} points{after}")
