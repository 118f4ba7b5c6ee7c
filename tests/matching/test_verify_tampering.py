"""Every leaf of an exported run is changed, one after the other: no change of what it says passes unnoticed.

What proves a claim is no claim: other prices may pass, if what they prove is no better.
"""

import copy
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest

from matching.domain.rules import Rules
from matching.domain.runs import solve
from matching.domain.verify import Unreadable, Verdict, verify
from tests.matching.test_verify import company, run_of

Path = tuple[str | int, ...]

KINDS: dict[str, tuple[Any, Rules]] = {
    "charged": ("one_on_one", Rules(load_charge=300)),
    "fair": ("one_on_one", Rules(objective="fair")),
    "two-sided": ("reverse", Rules(objective="two_sided")),
    "peers": ("peer", Rules()),
    "threes": ("peer", Rules(threes=True)),
    "circles": ("group", Rules(circle_min=2, circle_max=3)),
    "few moves": ("one_on_one", Rules()),
}
UNPROVEN: set[Path] = {("engine",)}
"""A name, of which the format says that nothing proves it."""
CHANGES = 120
"""Of each kind so many leaves and fields are changed, drawn at random from a seed."""


@cache
def document_of(kind: str) -> dict[str, Any]:
    programme_format, rules = KINDS[kind]
    problem = company(rules, programme_format, size=9)
    if programme_format in {"one_on_one", "reverse"}:
        first = solve(replace(problem, rules=Rules())).pairs[0]
        problem = replace(problem, pins=frozenset({(first.mentee, first.mentor)}))
    if kind == "few moves":
        current = frozenset((pair.mentee, pair.mentor) for pair in solve(problem).pairs)
        problem = replace(problem, rules=Rules(score_min=1), current=current, moves=1)
    return run_of(problem)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The way to everything in a document."""
    listed = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in listed:
        yield (*path, key)
        yield from places(part, (*path, key))


def changes(value: Any, dice: Random) -> Iterator[Any]:
    """Other values that could stand in the place of one."""
    if isinstance(value, bool):
        yield from (not value, int(value))
    elif isinstance(value, int):
        yield from (value + 1, value - 1, -value or 7, 2 * value + 3, float(value), str(value))
        yield from (True, dice.randint(-(2**62), 2**62), 10**30)
    elif isinstance(value, str):
        yield from (f"{value}x", "", dice.choice(["M00", "N00"]), 3)
    elif isinstance(value, list):
        yield from ([], value + value[:1] or [1], value[1:] or [None], value[::-1] if len(value) > 1 else {})
    elif isinstance(value, dict):
        yield from ({}, {**value, "more": 1}, [value])
    yield from ((0, "x") if value is None else (None,))


def changed(document: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    found = copy.copy(document)
    at: Any = found
    for key in path[:-1]:
        at[key] = copy.copy(at[key])
        at = at[key]
    at[path[-1]] = value
    return found


def without(document: dict[str, Any], path: Path) -> dict[str, Any]:
    above: Any = document
    for key in path[:-1]:
        above = above[key]
    rest = copy.copy(above)
    del rest[path[-1]]
    return rest if len(path) == 1 else changed(document, path[:-1], rest)


def seen(document: dict[str, Any], path: Path, true: Verdict) -> bool:
    """Whether a change is noticed, or leaves all that is claimed as it was and proves nothing better."""
    try:
        verdict = verify(document)
    except Unreadable as error:
        return "\n" not in str(error)
    if not verdict.holds or set(verdict.unproven) > set(true.unproven):
        return True
    assert verdict.gap is not None or true.gap is None
    same = path[0] == "certificate" or path == ("claim", "upper_bound")
    return same and (true.gap is None or (verdict.gap or 0) >= true.gap)


@pytest.mark.parametrize("kind", KINDS)
def test_no_change_of_a_run_passes_unnoticed(kind: str) -> None:
    document, dice = document_of(kind), Random(kind)
    true = verify(document)
    assert true.holds, true.findings
    everywhere = [path for path in places(document) if path not in UNPROVEN]
    passed = []
    for path in dice.sample(everywhere, min(CHANGES, len(everywhere))):
        was: Any = document
        for key in path:
            was = was[key]
        tried = [value for value in changes(was, dice) if value != was or type(value) is not type(was)]
        if not seen(changed(document, path, other := dice.choice(tried)), path, true):
            passed.append((path, was, other))
        if isinstance(path[-1], str) and not seen(without(document, path), path, true):
            passed.append((path, was, "gone"))
    assert not passed


@pytest.mark.parametrize("kind", KINDS)
def test_no_change_of_a_claim_passes_unnoticed(kind: str) -> None:
    document, dice = document_of(kind), Random(kind)
    true = verify(document)
    for part in ("claim", "moves", "inputs_digest", "format", "current"):
        for path in ((part,), *places(document[part], (part,))):
            was: Any = document
            for key in path:
                was = was[key]
            for other in changes(was, dice):
                if other != was or type(other) is not type(was):
                    assert seen(changed(document, path, other), path, true), (path, was, other)


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_people_change_places_unnoticed(kind: str) -> None:
    document = document_of(kind)
    true = verify(document)
    sides = ("mentee",) if not document["mentors"] else ("mentee", "mentor")
    for side in sides:
        for first in range(len(document["pairs"])):
            for second in range(first):
                one, other = document["pairs"][first], document["pairs"][second]
                if one[side] == other[side] or one["contributions"] == other["contributions"]:
                    continue  # the same pairs, or others that are just as good for the same reasons
                swapped = changed(document, ("pairs", first), one | {side: other[side]})
                swapped = changed(swapped, ("pairs", second), other | {side: one[side]})
                assert seen(swapped, ("pairs", first), true), (side, first, second)
