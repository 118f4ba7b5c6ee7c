"""From files to a problem: people, rules, pairs that are settled beforehand, a taxonomy of skills."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, NoReturn

import typer

from chassis.records import NoTable, Refused, read_records
from contracts.matching import Format
from matching.adapters.skills import load_taxonomy, own_taxonomy
from matching.cli.people_file import People, read_people
from matching.domain.problems import Names, Problem, peers_in_order
from matching.domain.refusal import BadValue
from matching.domain.rules import Rules, rules_of
from matching.domain.skills import Taxonomy

KINDS = ("must_match", "forbidden", "earlier")
_PAIR = ("mentee_id", "mentor_id", "kind")


class Given(NamedTuple):
    """What the command line names."""

    people: Path
    rules: Path | None
    format: Format
    pairs: Path | None
    taxonomy: Path | None
    day: datetime | None


class Task(NamedTuple):
    """The problem and the people file as it was read."""

    problem: Problem
    people: People


def fail(sentence: str, code: int = 2) -> NoReturn:
    """End with one sentence on stderr."""
    typer.echo(f"mentorship: {sentence}", err=True)
    raise typer.Exit(code)


def task_of(given: Given) -> Task:
    """Read every file; what is wrong with a file as a whole ends the command."""
    now = (given.day or datetime.now(UTC)).replace(tzinfo=UTC)
    people = _people(given.people, now)
    pairs = _pairs(given.pairs, peers=given.format == "peer")
    problem = Problem(
        given.format,
        _rules(given.rules),
        people.peers if given.format == "peer" else people.mentees,
        () if given.format == "peer" else people.mentors,
        pins=pairs["must_match"],
        forbids=pairs["forbidden"],
        earlier=pairs["earlier"],
        taxonomy=_taxonomy(given.taxonomy),
    )
    for side, somebody in (("mentee", problem.mentees), ("mentor", problem.columns)):
        if not somebody:
            role = "peer" if given.format == "peer" else side
            fail(f"{given.people} has nobody whose role is {role}.")
    return Task(problem, people)


def _people(path: Path, now: datetime) -> People:
    try:
        return read_people(path, now)
    except NoTable as error:
        fail(f"{path} {error}.")


def _rules(path: Path | None) -> Rules:
    if path is None:
        return Rules()
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        fail(f"{path} is not JSON.")
    if not isinstance(given, dict):
        fail(f"{path} holds no rules: it has to be a JSON object.")
    try:
        return rules_of(given)
    except BadValue as error:
        fail(f"{path}: {error.field}: {error.detail}.")


def _taxonomy(path: Path | None) -> Taxonomy:
    try:
        return own_taxonomy() if path is None else load_taxonomy(path)
    except BadValue as error:
        fail(f"{path}: {error.field}: {error.detail}")


def _pairs(path: Path | None, *, peers: bool) -> dict[str, frozenset[Names]]:
    found: dict[str, set[Names]] = {kind: set() for kind in KINDS}
    for kind, names in _settled(path) if path is not None else ():
        found[kind].add(names)
    return {kind: peers_in_order(pairs) if peers else frozenset(pairs) for kind, pairs in found.items()}


def _settled(path: Path) -> Iterator[tuple[str, Names]]:
    try:
        for row in read_records(path, _PAIR, _PAIR):
            if isinstance(row, Refused):
                fail(f"{path}, line {row.line}: {row.reason}.")
            mentee, mentor, kind = (str(row.fields.get(column, "")) for column in _PAIR)
            if kind.casefold() not in KINDS:
                fail(f"{path}, line {row.line}: the kind is none of {', '.join(KINDS)}.")
            yield kind.casefold(), (mentee, mentor)
    except NoTable as error:
        fail(f"{path} {error}.")
