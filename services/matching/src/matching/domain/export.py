"""A run as one document that says everything it takes to prove it again: see `verify` for what stands where."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from matching.domain.people import Profile
from matching.domain.problems import Names, Problem
from matching.domain.solutions import ENGINE, Certificate, Solution
from matching.domain.verify_document import CERTIFICATES, DOCUMENT, OPTIONAL


def exported(problem: Problem, solution: Solution) -> dict[str, Any]:
    """The document of a run, as JSON has it."""
    certificate = solution.certificate
    keys, near = problem.skills
    return {
        "document": DOCUMENT,
        "engine": ENGINE if certificate is None else certificate.engine,
        "format": problem.format,
        "rules": problem.rules.model_dump(mode="json"),
        "taxonomy": {"digest": problem.taxonomy.digest, "keys": keys, "near": near},
        "mentees": [_person(profile) for profile in problem.mentees],
        "mentors": [_person(profile) for profile in problem.mentors],
        "earlier": _names(problem.earlier),
        "pins": _names(problem.pins),
        "forbids": _names(problem.forbids),
        "current": _names(problem.current) if problem.moves is not None else [],
        "moves": problem.moves,
        "pairs": [
            {"mentee": one.mentee, "mentor": one.mentor, "score": one.score, "contributions": one.contributions}
            for one in solution.pairs
        ],
        "claim": {
            "pairs": len(solution.pairs),
            "total": solution.total,
            "value": solution.total if certificate is None else certificate.value,
            "upper_bound": solution.upper_bound if certificate is None else certificate.upper_bound,
        },
        "certificate": None if certificate is None or certificate.kind == "none" else _proof(certificate),
        "inputs_digest": solution.inputs_digest,
    }


def _proof(certificate: Certificate) -> dict[str, Any]:
    """What the verifier asks of a proof of this kind, and nothing that it could not look at."""
    kind = "prices" if certificate.kind in {"few_moves", "two_sided"} else certificate.kind
    prices = {"row_price": list(certificate.row_price), "column_price": list(certificate.column_price)}
    said = prices | certificate.details
    parts = {name: said[name] for name in (*CERTIFICATES[kind], *OPTIONAL) if name in said}
    above = {} if certificate.above is None else {"above": _proof(certificate.above)}
    return {"kind": kind, "base": certificate.base, **parts, **above}


def _person(profile: Profile) -> dict[str, Any]:
    values = dict(zip(Profile.__slots__, _VALUES(profile), strict=True))
    for name in _SETS:
        values[name] = sorted(values[name])
    for name in _LISTS:
        values[name] = list(values[name])
    return values


def _names(pairs: Iterable[Names]) -> list[list[str]]:
    return [list(pair) for pair in sorted(pairs)]


_VALUES = attrgetter(*Profile.__slots__)
_SETS, _LISTS = (
    [name for name, value in zip(Profile.__slots__, _VALUES(Profile("")), strict=True) if isinstance(value, kind)]
    for kind in (frozenset, tuple)
)
