"""Whether two people would both rather have each other: what an exported run with two-sided lists has to rule out."""

from collections.abc import Collection, Iterable

import numpy as np

from matching.domain.verify_scores import Flags, Numbers, Person, Scores

_LISTED = 1_000_000
"""Whom one wishes for goes before everybody else; the others go by score."""


def blocking_pairs(scores: Scores, pairs: Collection[tuple[int, int]], rows: Flags, places: Numbers) -> list[str]:
    """Pairs of a mentee and a mentor who may meet and who both rather had each other than what they have.

    Equal scores are no reason to change. `pairs` are those that were decided, among `rows` and `places`.
    """
    wished = _wishes(scores.columns, {person["employee_id"]: place for place, person in enumerate(scores.rows)})
    mate = dict(pairs)
    worst = np.full(len(places), -1, np.int64)  # a free place takes anybody
    load = np.bincount(np.array([column for _, column in pairs], np.int64), minlength=len(places))
    full = load >= places
    worst[full] = np.iinfo(np.int64).max
    for row, column in pairs:
        if full[column]:
            worst[column] = min(worst[column], _liked(scores.score(row), wished.get(row, {}))[column])
    found = []
    for row in np.flatnonzero(rows).tolist():
        score, allowed = scores.allowed(row)
        own = {scores.column_of[name]: rank for rank, name in _ranked(scores.rows[row], scores.column_of)}
        mine, theirs = _liked(score, own), _liked(score, wished.get(row, {}))
        has = mine[mate[row]] if row in mate else -1
        blocks = np.flatnonzero(allowed & (places > 0) & (mine > has) & (theirs > worst))
        name = scores.rows[row]["employee_id"]
        found += [f"{name} with {scores.columns[column]['employee_id']}" for column in blocks.tolist()]
    return found


def _liked(score: Numbers, listed: dict[int, int]) -> Numbers:
    """How much each is liked: the dearest wish most, who is not wished for by score."""
    found = score.copy()
    for place, rank in listed.items():
        found[place] = _LISTED - rank
    return found


def _wishes(columns: Iterable[Person], row_of: dict[str, int]) -> dict[int, dict[int, int]]:
    """By each row the columns that wish for it, with its rank there."""
    found: dict[int, dict[int, int]] = {}
    for column, person in enumerate(columns):
        for rank, name in _ranked(person, row_of):
            found.setdefault(row_of[name], {})[column] = rank
    return found


def _ranked(person: Person, known: dict[str, int]) -> list[tuple[int, str]]:
    return [(rank, name) for rank, name in enumerate(person["wishes"]) if name in known]
