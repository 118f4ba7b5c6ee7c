"""What an exported run has to look like before anything in it is believed, and the digest of its inputs."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from matching.domain.verify_scores import CRITERIA

DOCUMENT = "mentorship-run/2"
_MOST = 2**53
"""Whole numbers of people and rules lie below this, so that 64 bits hold what is made of them."""
_RUN = (
    *("document", "engine", "format", "rules", "taxonomy", "mentees", "mentors", "earlier", "pins", "forbids"),
    *("current", "moves", "pairs", "claim", "certificate", "inputs_digest"),
)
_CLAIM = ("pairs", "total", "value", "upper_bound")
_PAIR = ("mentee", "mentor", "score", "contributions")
_RULES = (
    *("weights", "objective", "score_min", "load_charge", "level_gap_min", "level_gap_max", "level_gap_aim"),
    *("shared_hours_min", "shared_language", "department", "site", "country", "department_distance"),
    *("site_distance", "tenure_days_min", "training_required", "exclude_earlier", "circle_min", "circle_max"),
    *("threes", "cooling_off_days"),
)
_PERSON = (
    *("employee_id", "level", "offset_minutes", "languages", "interests", "skills_wanted", "skills_offered"),
    *("goals", "wishes", "blocks", "capacity", "line", "department", "site", "country", "tenure_days"),
    *("trained", "style", "meeting", "earlier", "seated"),
)
CERTIFICATES = {
    "prices": ("charge", "column_price"),
    "blossoms": ("scale", "row_price", "blossoms"),
    "circles": ("scale", "lift", "row_price", "cover_scale", "cover_price"),
}
"""By its kind what a certificate consists of."""
OPTIONAL = ("floor", "above", "stay")
"""What may stand there beside it."""


class Unreadable(Exception):
    """The file is no exported run."""


def must_be_a_run(document: Any) -> None:
    """Refuses what lacks something, and what says something that nothing here looks at."""
    if not isinstance(document, Mapping) or document.get("document") != DOCUMENT:
        raise Unreadable(f"This is no exported run ({DOCUMENT}).")
    _must_have_every_field(document)
    _must_be_people(document)
    _must_be_whole(document)
    listed = [(pair["mentee"], pair["mentor"]) for pair in document["pairs"]]
    ordered = [(min(pair), max(pair)) for pair in listed] if document["format"] == "peer" else listed
    if listed != sorted(ordered):
        raise Unreadable("The exported run is damaged: its pairs are not in the order of their ids.")
    if document["moves"] is None and document["current"]:
        raise Unreadable("The exported run is damaged: it has current pairs, but no limit of moves.")


def _must_have_every_field(document: Mapping[str, Any]) -> None:
    _exactly(document, _RUN, "The run")
    for name in ("mentees", "mentors", "earlier", "pins", "forbids", "current", "pairs"):
        if not isinstance(document[name], list):
            raise Unreadable(f"The exported run is damaged: {name} is no list.")
    if not isinstance(document["engine"], str):
        raise Unreadable("The exported run is damaged: its engine has no name.")
    _exactly(document["rules"], _RULES, "Its rules")
    _exactly(document["rules"]["weights"], CRITERIA, "The weights")
    _exactly(document["taxonomy"], ("digest", "keys", "near"), "Its taxonomy")
    _exactly(document["claim"], _CLAIM, "Its claim")
    for pair in document["pairs"]:
        _exactly(pair, _PAIR, "A pair")
        _exactly(pair["contributions"], CRITERIA, "A pair's contributions")
    if document["certificate"] is not None:
        _must_be_a_certificate(document["certificate"])


def _must_be_whole(document: Mapping[str, Any]) -> None:
    """Numbers are whole; where a number is asked for, true is not 1. How high prices are is looked at with them."""
    for name in ("rules", "mentees", "mentors", "moves", "pairs", "claim", "certificate"):
        truths, prices = name in {"rules", "mentees", "mentors"}, name == "certificate"
        for number in _numbers(document[name]):
            if type(number) is not int and not (truths and type(number) is bool):
                raise Unreadable(f"The exported run is damaged: {name} has {number}, which is no whole number.")
            if abs(number) >= _MOST and not prices:
                raise Unreadable(f"The exported run is damaged: {name} has {number}, which is beyond 2**53.")


def _must_be_a_certificate(certificate: Any) -> None:
    kind = certificate["kind"]
    if kind not in CERTIFICATES:
        raise Unreadable(f"The exported run is damaged: there is no certificate of the kind {kind!r}.")
    beside = [name for name in OPTIONAL if name in certificate]
    _exactly(certificate, ("kind", "base", *CERTIFICATES[kind], *beside), "Its certificate")
    if "above" in certificate:
        _must_be_a_certificate(certificate["above"])


def _must_be_people(document: Mapping[str, Any]) -> None:
    """Everybody has every field once, in order: the digest is made of the values alone."""
    if document["format"] not in {"one_on_one", "reverse", "group", "peer"}:
        raise Unreadable(f"The exported run is damaged: there is no format {document['format']!r}.")
    if document["format"] == "peer" and document["mentors"]:
        raise Unreadable("The exported run is damaged: peers all stand on one side.")
    for side in ("mentees", "mentors"):
        seen = set()
        for person in document[side]:
            if tuple(person) != _PERSON:
                raise Unreadable(f"The exported run is damaged: one of the {side} lacks a field, or has another order.")
            name, places = person["employee_id"], person["capacity"]
            if not isinstance(name, str) or name in seen:
                raise Unreadable(f"The exported run is damaged: {name!r} is twice among the {side}, or no name.")
            if not isinstance(places, int) or places < 0:
                raise Unreadable(f"The exported run is damaged: the capacity of {name} is no number of people.")
            seen.add(name)


def _exactly(found: Any, names: Collection[str], what: str) -> None:
    if not isinstance(found, Mapping):
        raise Unreadable(f"The exported run is damaged: {what[0].lower()}{what[1:]} is no object.")
    for name in names:
        if name not in found:
            raise Unreadable(f"The exported run is damaged: {what[0].lower()}{what[1:]} lacks {name}.")
    for name in found:
        if name not in names:
            raise Unreadable(f"The exported run is damaged: nothing is known of {name!r}. {what} has it.")


def _numbers(value: Any) -> Iterator[Any]:
    """All numbers and truth values at any depth."""
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _numbers(part)


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 over format, rules, taxonomy, settled pairs and people, as a run's inputs are digested."""
    rules = hashlib.sha256(json.dumps(document["rules"], sort_keys=True).encode()).hexdigest()
    taxonomy = document["taxonomy"]
    near = [(key, list(others)) for key, others in sorted(taxonomy["near"].items())]
    parts: list[Any] = [document["format"], rules, taxonomy["digest"], sorted(taxonomy["keys"].items()), near]
    parts += [[*map(tuple, document[name])] for name in ("earlier", "pins", "forbids")]
    if document["moves"] is not None:
        parts += [[*map(tuple, document["current"])], document["moves"]]
    for side in ("mentees", "mentors"):
        parts.append([[_as_digested(name, value) for name, value in person.items()] for person in document[side]])
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _as_digested(name: str, value: Any) -> Any:
    """Ranks and intervals are tuples; sets are lists, sorted as they stand."""
    return tuple(value) if name in {"wishes", "line"} else value
