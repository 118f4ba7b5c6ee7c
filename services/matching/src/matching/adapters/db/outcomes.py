"""What runs found: pairs, those without one, and the edits that were made before publishing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from chassis import direct
from chassis.outbox import json_text
from chassis.transaction import Tx
from matching.domain.solutions import Pair, Solution

_LAST_NUMBER = 2**31 - 1
"""The column's largest value; a made-up cursor may be beyond it."""


class Edit(NamedTuple):
    """One change that somebody made to a run's pairs."""

    edition: int
    kind: str
    mentee_id: str
    mentor_id: str
    other_mentee_id: str | None
    edited_by: str | None
    edited_at: datetime


class Difference(NamedTuple):
    """A mentee who is with somebody else in one run than in another."""

    mentee_id: str
    first_mentor: str | None
    first_score: int | None
    second_mentor: str | None
    second_score: int | None


async def add_outcome(tx: Tx, run_id: UUID, solution: Solution) -> None:
    """Store a run's pairs and who has nobody."""
    pairs: Sequence[Pair] = solution.pairs
    await tx.connection.execute(
        _ADD_PAIRS,
        {
            "run_id": run_id,
            "mentees": [pair.mentee for pair in pairs],
            "mentors": [pair.mentor for pair in pairs],
            "scores": [pair.score for pair in pairs],
            "contributions": [json_text(pair.contributions) for pair in pairs],
        },
    )
    reasons: Mapping[str, str] = solution.unmatched
    await tx.connection.execute(
        _ADD_UNMATCHED, {"run_id": run_id, "people": list(reasons), "reasons": list(reasons.values())}
    )


async def pairs_of(tx: Tx, run_id: UUID, after: int = -1, limit: int | None = None) -> list[tuple[int, Pair]]:
    """The pairs of a run with their numbers."""
    records = await direct.fetch(tx.connection, _PAIRS, run_id, max(-1, min(after, _LAST_NUMBER)), limit)
    return [(number, Pair(*pair)) for number, *pair in records]


async def pairs_with(tx: Tx, run_id: UUID, names: Sequence[str]) -> list[tuple[int, Pair]]:
    """The pairs of a run in which any of these people stands."""
    rows = await tx.connection.execute(
        text(
            "SELECT * FROM run_pair WHERE run_id = :id AND (mentee_id = ANY(:names) OR mentor_id = ANY(:names))"
            " ORDER BY number"
        ),
        {"id": run_id, "names": list(names)},
    )
    return [(row.number, Pair(row.mentee_id, row.mentor_id, row.score, row.contributions)) for row in rows]


async def put_pair(tx: Tx, run_id: UUID, pair: Pair, origin: str) -> None:
    """Add a pair to a run behind the others; its mentee is unmatched no longer."""
    given = {"run": run_id, "mentee": pair.mentee, "mentor": pair.mentor, "score": pair.score, "origin": origin}
    await tx.connection.execute(_PUT_PAIR, given | {"contributions": json_text(pair.contributions)})
    await tx.connection.execute(
        text("DELETE FROM run_unmatched WHERE run_id = :run AND employee_id = ANY(:people)"),
        {"run": run_id, "people": [pair.mentee, pair.mentor]},
    )


async def drop_pairs(tx: Tx, run_id: UUID, numbers: Sequence[int]) -> None:
    """Take pairs out of a run."""
    await tx.connection.execute(
        text("DELETE FROM run_pair WHERE run_id = :run AND number = ANY(:numbers)"),
        {"run": run_id, "numbers": list(numbers)},
    )


async def leave_alone(tx: Tx, run_id: UUID, names: Sequence[str], *, peers: bool) -> None:
    """Note those of these people who have nobody in a run any more: who could have them is taken, or was not wanted."""
    await tx.connection.execute(_LEAVE_ALONE, {"run": run_id, "names": sorted(set(names)), "peers": peers})


async def figures_of(tx: Tx, run_id: UUID) -> tuple[int, int, int]:
    """How many pairs a run has now, their total score, and the lowest."""
    row = (await tx.connection.execute(_FIGURES, {"run": run_id})).one()
    return row.pairs, row.total, row.worst


async def add_edit(tx: Tx, run_id: UUID, edit: Edit) -> None:
    """Note an edit and who made it."""
    await tx.connection.execute(_ADD_EDIT, {"run": run_id, **edit._asdict()})


async def edits_of(tx: Tx, run_id: UUID, after: int, limit: int) -> list[Edit]:
    """The edits of a run in their order."""
    rows = await tx.connection.execute(
        text(
            "SELECT edition, kind, mentee_id, mentor_id, other_mentee_id, edited_by, edited_at FROM run_edit"
            " WHERE run_id = :run AND edition > :after ORDER BY edition LIMIT :limit"
        ),
        {"run": run_id, "after": max(-1, min(after, _LAST_NUMBER)), "limit": limit},
    )
    return [Edit(*row) for row in rows]


async def unmatched_page(tx: Tx, run_id: UUID, after: str, limit: int) -> list[tuple[str, Any]]:
    """Who has nobody after a run, and why, by employee id."""
    rows = await tx.connection.execute(
        text(
            "SELECT employee_id, reason FROM run_unmatched WHERE run_id = :id AND employee_id > :after"
            " ORDER BY employee_id LIMIT :limit"
        ),
        {"id": run_id, "after": after, "limit": limit},
    )
    return [(row.employee_id, row.reason) for row in rows]


async def unmatched_among(tx: Tx, run_id: UUID, names: Sequence[str]) -> set[str]:
    """Which of these people have nobody after a run."""
    rows = await tx.connection.execute(
        text("SELECT employee_id FROM run_unmatched WHERE run_id = :id AND employee_id = ANY(:names)"),
        {"id": run_id, "names": list(names)},
    )
    return set(rows.scalars())


async def unmatched_count(tx: Tx, run_id: UUID) -> int:
    """How many have nobody after a run."""
    return int(
        await tx.connection.scalar(text("SELECT count(*) FROM run_unmatched WHERE run_id = :id"), {"id": run_id})
    )


async def take_untold(tx: Tx, run_id: UUID, limit: int) -> dict[str, Any]:
    """Some people who have nobody and were not told yet, with the reason; they count as told from now on."""
    rows = await tx.connection.execute(_TAKE_UNTOLD, {"id": run_id, "limit": limit})
    return {row.employee_id: row.reason for row in rows}


async def differences(tx: Tx, first: UUID, second: UUID, after: str, limit: int) -> list[Difference]:
    """Mentees who are with somebody else, or with nobody, in one of two runs, by employee id."""
    given = {"first": first, "second": second, "after": after, "limit": limit}
    rows = await tx.connection.execute(_DIFFERENCES, given)
    return [Difference(*row) for row in rows]


async def comparison(tx: Tx, first: UUID, second: UUID) -> dict[str, int]:
    """How many pairs and unmatched people two runs have in common and apart."""
    rows = await tx.connection.execute(_COMPARISON, {"first": first, "second": second})
    return dict(rows.mappings().one())


_PAIRS = (
    "SELECT number, mentee_id, mentor_id, score, contributions FROM run_pair"
    " WHERE run_id = $1 AND number > $2 ORDER BY number LIMIT $3"
)
_ADD_PAIRS = text(
    "INSERT INTO run_pair (run_id, number, mentee_id, mentor_id, score, contributions)"
    " SELECT CAST(:run_id AS uuid), n, e, m, s, CAST(c AS jsonb)"
    " FROM unnest(CAST(:mentees AS text[]), CAST(:mentors AS text[]),"
    " CAST(:scores AS integer[]), CAST(:contributions AS text[])) WITH ORDINALITY AS row (e, m, s, c, n)"
)
_ADD_UNMATCHED = text(
    "INSERT INTO run_unmatched (run_id, employee_id, reason) SELECT CAST(:run_id AS uuid), e, r"
    " FROM unnest(CAST(:people AS text[]), CAST(:reasons AS text[])) AS row (e, r)"
)
_PUT_PAIR = text(
    "INSERT INTO run_pair (run_id, number, mentee_id, mentor_id, score, contributions, origin)"
    " SELECT CAST(:run AS uuid), coalesce(max(number), 0) + 1, CAST(:mentee AS text), CAST(:mentor AS text),"
    " CAST(:score AS integer), CAST(:contributions AS jsonb), CAST(:origin AS text)"
    " FROM run_pair WHERE run_id = :run"
)
_FIGURES = text(
    "SELECT count(*) AS pairs, coalesce(sum(score), 0) AS total, coalesce(min(score), 0) AS worst"
    " FROM run_pair WHERE run_id = :run"
)
_ADD_EDIT = text(
    "INSERT INTO run_edit (run_id, edition, kind, mentee_id, mentor_id, other_mentee_id, edited_by, edited_at)"
    " VALUES (:run, :edition, :kind, :mentee_id, :mentor_id, :other_mentee_id, :edited_by, :edited_at)"
)
_LEAVE_ALONE = text(
    "INSERT INTO run_unmatched (run_id, employee_id, reason) SELECT CAST(:run AS uuid), name, 'all_full'"
    " FROM unnest(CAST(:names AS text[])) AS name WHERE NOT EXISTS (SELECT FROM run_pair WHERE run_id = :run"
    " AND (mentee_id = name OR (:peers AND mentor_id = name))) ON CONFLICT DO NOTHING"
)
_TAKE_UNTOLD = text(
    "UPDATE run_unmatched SET told = true WHERE run_id = :id AND employee_id IN (SELECT employee_id"
    " FROM run_unmatched WHERE run_id = :id AND NOT told ORDER BY employee_id LIMIT :limit)"
    " RETURNING employee_id, reason"
)
_DIFFERENCES = text(
    "SELECT mentee_id, one.mentor_id, one.score, other.mentor_id, other.score"
    " FROM (SELECT * FROM run_pair WHERE run_id = :first) AS one"
    " FULL JOIN (SELECT * FROM run_pair WHERE run_id = :second) AS other USING (mentee_id)"
    " WHERE one.mentor_id IS DISTINCT FROM other.mentor_id AND mentee_id > :after ORDER BY mentee_id LIMIT :limit"
)
_COMPARISON = text(
    "WITH one AS (SELECT mentee_id, mentor_id FROM run_pair WHERE run_id = :first),"
    " other AS (SELECT mentee_id, mentor_id FROM run_pair WHERE run_id = :second),"
    " alone AS (SELECT employee_id FROM run_unmatched WHERE run_id = :first),"
    " lone AS (SELECT employee_id FROM run_unmatched WHERE run_id = :second)"
    " SELECT (SELECT count(*) FROM one JOIN other USING (mentee_id, mentor_id)) AS same_pairs,"
    " (SELECT count(*) FROM one LEFT JOIN other USING (mentee_id, mentor_id) WHERE other IS NULL) AS pairs_lost,"
    " (SELECT count(*) FROM other LEFT JOIN one USING (mentee_id, mentor_id) WHERE one IS NULL) AS pairs_gained,"
    " (SELECT count(*) FROM alone JOIN lone USING (employee_id)) AS still_unmatched,"
    " (SELECT count(*) FROM alone LEFT JOIN lone USING (employee_id) WHERE lone IS NULL) AS no_longer_unmatched,"
    " (SELECT count(*) FROM lone LEFT JOIN alone USING (employee_id) WHERE alone IS NULL) AS newly_unmatched"
)
