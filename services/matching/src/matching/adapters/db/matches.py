"""Matches and their members."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis import direct
from chassis.outbox import json_text
from chassis.transaction import Tx
from matching.domain.offers import Match, Side


async def add_matches(tx: Tx, new: Sequence[tuple[Match, Mapping[str, int]]]) -> None:
    """Store new matches with the contributions to their scores."""
    found = [
        (
            match.id,
            match.programme_id,
            match.run_id,
            match.version,
            match.format,
            match.status,
            match.score,
            json_text(contributions),
            match.proposed_at,
            match.respond_by,
            match.origin,
        )
        for match, contributions in new
    ]
    await direct.copy(tx.connection, "match", _COLUMNS, found)
    members = [
        (match.id, side.employee_id, side.role, position, side.participant_id, side.answer)
        for match, _ in new
        for position, side in enumerate(match.sides)
    ]
    await direct.copy(tx.connection, "match_member", _MEMBER_COLUMNS, members)


async def save_matches(tx: Tx, changed: Sequence[Match]) -> None:
    """Store the states and answers of matches."""
    await tx.connection.execute(
        _SAVE,
        {
            "now": tx.now,
            "ids": [match.id for match in changed],
            "statuses": [match.status for match in changed],
            "versions": [match.version for match in changed],
        },
    )
    sides = [(match.id, side) for match in changed for side in match.sides]
    await tx.connection.execute(
        _SAVE_ANSWERS,
        {
            "matches": [match_id for match_id, _ in sides],
            "people": [side.employee_id for _, side in sides],
            "answers": [side.answer for _, side in sides],
        },
    )


async def find_match(tx: Tx, match_id: UUID) -> Match | None:
    """A match as it stands, not locked."""
    found = await _matches(tx, "match.id = :id", {"id": match_id})
    return found[0] if found else None


async def lock_match(tx: Tx, match_id: UUID) -> Match | None:
    """A match that nobody else changes until this transaction ends."""
    await tx.connection.execute(text("SELECT 1 FROM match WHERE id = :id FOR UPDATE"), {"id": match_id})
    # Read after the lock is there: the answers are those of the last writer.
    return await find_match(tx, match_id)


async def contributions_of(tx: Tx, match_id: UUID) -> dict[str, int]:
    """What each criterion gives to the match's score."""
    row = await tx.connection.scalar(text("SELECT contributions FROM match WHERE id = :id"), {"id": match_id})
    return dict(row or {})


async def lock_open_matches_at(tx: Tx, participant_ids: Collection[UUID]) -> list[Match]:
    """Offers and active matches of these participants, locked in the order of their ids."""
    return await _lock_open(
        tx, "id IN (SELECT match_id FROM match_member WHERE participant_id = ANY(:ids))", {"ids": list(participant_ids)}
    )


async def lock_offers_in(tx: Tx, programme_id: UUID) -> list[Match]:
    """A programme's open offers, locked in the order of their ids."""
    return await _lock_open(tx, "programme_id = :id AND status = 'proposed'", {"id": programme_id})


async def lock_offers_of_run(tx: Tx, run_id: UUID, after: UUID | None, limit: int) -> list[Match]:
    """Some of the offers that a run itself made and that are still open, locked in the order of their ids."""
    return await _lock_open(
        tx,
        "run_id = :id AND origin = 'run' AND status = 'proposed' AND id > :after",
        {"id": run_id, "after": after or UUID(int=0), "limit": limit},
        tail=" LIMIT :limit",
    )


async def lock_replaced(tx: Tx, run_id: UUID, programme_id: UUID, limit: int) -> list[Match]:
    """Some open matches of people whom a run gives somebody else, or nobody; those made since it began stay."""
    given = {"run": run_id, "programme": programme_id, "limit": limit}
    return await _lock_open(tx, _REPLACED, given, tail=" LIMIT :limit")


async def matches_of(tx: Tx, employee_id: str, after: tuple[datetime, UUID] | None, limit: int) -> list[Match]:
    """Somebody's matches, newest first."""
    where = "match.id IN (SELECT match_id FROM match_member WHERE employee_id = :employee_id)"
    given: dict[str, Any] = {"employee_id": employee_id, "limit": limit}
    if after is not None:
        where += " AND (proposed_at, match.id) < (:proposed_at, :id)"
        given |= {"proposed_at": after[0], "id": after[1]}
    return await _matches(tx, where, given, tail=" ORDER BY proposed_at DESC, match.id DESC LIMIT :limit")


async def earlier_pairs(
    tx: Tx,
    programme_id: UUID,
    *,
    also_partners: bool = True,
    since: datetime | None = None,
    names: Collection[str] | None = None,
) -> set[tuple[str, str]]:
    """Who was offered to whom in a programme and answered, or is now: (mentee, mentor), or both peers.

    Without `also_partners` only those who did not want each other; those whose match was over before `since` are
    left out. With `names` only pairs of two of them.
    """
    given: dict[str, Any] = {"id": programme_id, "partners": also_partners, "since": since}
    statement = _EARLIER
    if names is not None:
        statement += " AND one.employee_id = ANY(:names) AND other.employee_id = ANY(:names)"
        given["names"] = list(names)
    rows = await tx.connection.execute(text(statement), given)
    return {(row.first, row.second) for row in rows}


async def earlier_partners(tx: Tx, programme_id: UUID, employee_id: str) -> set[str]:
    """Everybody whom somebody was offered to, or who was offered to them, in a programme, expired offers too."""
    rows = await tx.connection.execute(_EARLIER_OF, {"programme": programme_id, "employee": employee_id})
    return set(rows.scalars())


async def together_in(tx: Tx, programme_id: UUID) -> set[tuple[str, str]]:
    """Who is on offer to, or matched with, whom in a programme: (mentee, mentor), or both peers."""
    rows = await tx.connection.execute(text(_TOGETHER), {"id": programme_id})
    return {(row.first, row.second) for row in rows}


async def together_among(tx: Tx, programme_id: UUID, names: Collection[str]) -> set[tuple[str, str]]:
    """The same, of some mentees."""
    given = {"id": programme_id, "names": list(names)}
    rows = await tx.connection.execute(text(f"{_TOGETHER} AND one.employee_id = ANY(:names)"), given)
    return {(row.first, row.second) for row in rows}


async def _lock_open(tx: Tx, where: str, given: Mapping[str, Any], tail: str = "") -> list[Match]:
    # Words of this module, never of a caller.
    statement = f"SELECT id FROM match WHERE {where} AND status IN ('proposed', 'active') ORDER BY id{tail} FOR UPDATE"  # noqa: S608
    ids = list((await tx.connection.execute(text(statement), given)).scalars())
    return await _matches(tx, "match.id = ANY(:ids)", {"ids": ids}, tail=" ORDER BY match.id") if ids else []


async def _matches(tx: Tx, where: str, given: Mapping[str, Any], tail: str = "") -> list[Match]:
    # `where` and `tail` are words of this module, never of a caller.
    rows = await tx.connection.execute(text(_FIND.format(where=where, tail=tail)), given)
    return [_match(row) for row in rows]


def _match(row: Any) -> Match:
    sides = tuple(
        Side(employee_id, role, participant_id, answer)
        for employee_id, role, participant_id, answer in zip(
            row.people, row.roles, row.participants, row.answers, strict=True
        )
    )
    return Match(
        id=row.id,
        programme_id=row.programme_id,
        run_id=row.run_id,
        format=row.format,
        sides=sides,
        score=row.score,
        proposed_at=row.proposed_at,
        respond_by=row.respond_by,
        status=row.status,
        version=row.version,
        origin=row.origin,
    )


_COLUMNS = (
    "id",
    "programme_id",
    "run_id",
    "version",
    "format",
    "status",
    "score",
    "contributions",
    "proposed_at",
    "respond_by",
    "origin",
)
_MEMBER_COLUMNS = ("match_id", "employee_id", "role", "position", "participant_id", "answer")
_TOGETHER = (
    "SELECT one.employee_id AS first, other.employee_id AS second FROM match"
    " JOIN match_member one ON one.match_id = match.id AND one.position = 0"
    " JOIN match_member other ON other.match_id = match.id AND other.position = 1"
    " WHERE programme_id = :id AND status IN ('proposed', 'active')"
)
_EARLIER = (
    "SELECT one.employee_id AS first, other.employee_id AS second FROM match"
    " JOIN match_member one ON one.match_id = match.id AND one.position = 0"
    " JOIN match_member other ON other.match_id = match.id AND other.position = 1"
    " WHERE programme_id = :id AND status <> 'expired' AND (status IN ('proposed', 'active', 'declined') OR :partners)"
    " AND (CAST(:since AS timestamptz) IS NULL OR settled_at IS NULL OR settled_at >= :since)"
)
_EARLIER_OF = text(
    "SELECT other.employee_id FROM match_member one JOIN match ON match.id = one.match_id"
    " JOIN match_member other ON other.match_id = match.id AND other.employee_id <> one.employee_id"
    " WHERE one.employee_id = :employee AND programme_id = :programme"
)
_SAVE = text(
    "UPDATE match SET status = row.status, version = row.version, settled_at = CASE"
    " WHEN row.status IN ('proposed', 'active') THEN NULL ELSE CAST(:now AS timestamptz) END"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:versions AS bigint[]))"
    " AS row (id, status, version) WHERE match.id = row.id"
)
_SAVE_ANSWERS = text(
    "UPDATE match_member SET answer = row.answer"
    " FROM unnest(CAST(:matches AS uuid[]), CAST(:people AS text[]), CAST(:answers AS text[]))"
    " AS row (match_id, employee_id, answer) WHERE match_member.match_id = row.match_id"
    " AND match_member.employee_id = row.employee_id AND match_member.answer <> row.answer"
)
_REPLACED = (
    "programme_id = :programme AND proposed_at <= (SELECT started_at FROM run WHERE run.id = :run)"
    " AND EXISTS (SELECT FROM match_member one JOIN match_member other"
    " ON one.match_id = match.id AND one.position = 0 AND other.match_id = match.id AND other.position = 1"
    " WHERE NOT EXISTS (SELECT FROM run_pair WHERE run_pair.run_id = :run"
    " AND mentee_id = one.employee_id AND mentor_id = other.employee_id)"
    " AND (EXISTS (SELECT FROM run_pair WHERE run_pair.run_id = :run AND mentee_id = one.employee_id)"
    " OR EXISTS (SELECT FROM run_unmatched WHERE run_unmatched.run_id = :run AND employee_id = one.employee_id)))"
)
_FIND = (
    "SELECT match.id, programme_id, run_id, version, format, status, score, proposed_at, respond_by, origin,"
    " people, roles, participants, answers FROM match"
    " CROSS JOIN LATERAL (SELECT array_agg(employee_id ORDER BY position) AS people,"
    " array_agg(role ORDER BY position) AS roles, array_agg(participant_id ORDER BY position) AS participants,"
    " array_agg(answer ORDER BY position) AS answers FROM match_member WHERE match_id = match.id) AS member"
    " WHERE {where}{tail}"
)
