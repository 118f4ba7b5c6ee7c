"""Forgetting people: their rows here, and the messages that the stream still has of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from chassis import idempotency
from chassis.transaction import Tx


class Place(NamedTuple):
    """Where the stream HR says something of somebody, and when it stored that."""

    employee_id: str
    sequence: int
    stored_at: datetime


class Outstanding(NamedTuple):
    """What the stream still has of erased people; seconds since the longest outstanding should have gone."""

    people: int
    messages: int
    oldest_seconds: float


async def note_messages(tx: Tx, places: Collection[Place]) -> None:
    """Remember where the stream says something of somebody."""
    if places:
        await tx.connection.execute(_NOTE, _arrays(places))


async def erase(tx: Tx, erased: Mapping[str, int]) -> None:
    """Forget people (id and version) for good: rows, what the outbox says of them; their messages are noted."""
    ids = sorted(erased)
    given = {"ids": ids, "things": [f"hr.employee/{name}" for name in ids]}
    await tx.connection.execute(_REMEMBER, {"ids": ids, "versions": [erased[name] for name in ids], "at": tx.now})
    for statement in _FORGET:
        names = [name for name in given if f":{name}" in statement]
        await tx.connection.execute(text(statement), {name: given[name] for name in names})
    await idempotency.forget(tx.connection, ids)


async def erase_messages(tx: Tx, places: Collection[Place]) -> None:
    """Note messages of erased people, to be deleted from the stream."""
    if places:
        await note_messages(tx, places)
        await tx.connection.execute(_TO_DELETE, _arrays(places))


async def messages_to_erase(tx: Tx, limit: int) -> list[tuple[int, datetime]]:
    """Some messages that are still to be deleted from the stream: (sequence, when the stream stored it)."""
    rows = await tx.connection.execute(
        text("SELECT sequence, noted_at FROM hr_erasure ORDER BY sequence LIMIT :limit"), {"limit": limit}
    )
    return [(row.sequence, row.noted_at) for row in rows]


async def messages_erased(tx: Tx, sequences: Sequence[int]) -> None:
    """These messages are gone from the stream."""
    for statement in _DELETED:
        await tx.connection.execute(statement, {"sequences": list(sequences)})


async def outstanding(tx: Tx) -> Outstanding:
    """For how many erased people the stream still has messages."""
    row = (await tx.connection.execute(_OUTSTANDING)).one()
    return Outstanding(row.people, row.messages, round(float(row.oldest), 1))


def _arrays(places: Collection[Place]) -> dict[str, list[object]]:
    return {
        "ids": [place.employee_id for place in places],
        "sequences": [place.sequence for place in places],
        "times": [place.stored_at for place in places],
    }


_REMEMBER = text(
    "INSERT INTO erased_employee (employee_id, version, erased_at)"
    " SELECT i, v, CAST(:at AS timestamptz)"
    " FROM unnest(CAST(:ids AS text[]), CAST(:versions AS bigint[])) AS row (i, v)"
    " ON CONFLICT (employee_id) DO NOTHING"
)
_NOTE = text(
    "INSERT INTO hr_message (employee_id, sequence, noted_at)"
    " SELECT DISTINCT ON (i, s) i, s, t FROM"
    " unnest(CAST(:ids AS text[]), CAST(:sequences AS bigint[]), CAST(:times AS timestamptz[])) AS row (i, s, t)"
    " ON CONFLICT (employee_id, sequence) DO UPDATE SET noted_at = excluded.noted_at"
)
_TO_DELETE = text(
    "INSERT INTO hr_erasure (sequence, noted_at)"
    " SELECT DISTINCT ON (s) s, t FROM"
    " unnest(CAST(:sequences AS bigint[]), CAST(:times AS timestamptz[])) AS row (s, t)"
    " ON CONFLICT (sequence) DO UPDATE SET noted_at = excluded.noted_at"
)
_DELETED = (
    text("DELETE FROM hr_erasure WHERE sequence = ANY(:sequences)"),
    # Of those who are erased alone: in a stream made anew the number may stand for a message of somebody else.
    text(
        "DELETE FROM hr_message USING erased_employee"
        " WHERE hr_message.employee_id = erased_employee.employee_id AND sequence = ANY(:sequences)"
    ),
)
# A message that came after its person was erased is outstanding since then.
_OUTSTANDING = text(
    "SELECT count(DISTINCT employee_id) AS people, count(DISTINCT sequence) AS messages,"
    " coalesce(extract(epoch FROM clock_timestamp() - min(greatest(erased_at, hr_erasure.noted_at))), 0) AS oldest"
    " FROM hr_erasure JOIN hr_message USING (sequence) JOIN erased_employee USING (employee_id)"
)
_NOTE_KNOWN = (
    "INSERT INTO hr_erasure (sequence, noted_at) SELECT sequence, max(noted_at) FROM hr_message"
    " WHERE employee_id = ANY(:ids) GROUP BY sequence ON CONFLICT (sequence) DO UPDATE SET noted_at = excluded.noted_at"
)
_FORGET_OTHERS_WORDS = (
    "UPDATE participant SET wishes = ARRAY(SELECT w FROM unnest(wishes) AS w WHERE w <> ALL(:ids)),"
    " mentee_wishes = ARRAY(SELECT w FROM unnest(mentee_wishes) AS w WHERE w <> ALL(:ids)),"
    " blocks = ARRAY(SELECT b FROM unnest(blocks) AS b WHERE b <> ALL(:ids))"
    " WHERE wishes && :ids OR mentee_wishes && :ids OR blocks && :ids"
)
# Without one of its people nobody can check a run any more.
_FORGET_PROOFS = (
    "DELETE FROM run_certificate USING run, participant WHERE run.id = run_id"
    " AND participant.programme_id = run.programme_id AND participant.employee_id = ANY(:ids)"
)
_FORGET = (
    _NOTE_KNOWN,
    "DELETE FROM employee_pending WHERE employee_id = ANY(:ids)",
    "DELETE FROM employee WHERE employee_id = ANY(:ids)",
    "DELETE FROM outbox WHERE thing = ANY(:things) AND subject <> 'hr.employee.erased.v1'",
    "DELETE FROM match WHERE id IN (SELECT match_id FROM match_member WHERE employee_id = ANY(:ids))",
    _FORGET_PROOFS,
    "DELETE FROM run_edit WHERE mentee_id = ANY(:ids) OR mentor_id = ANY(:ids) OR other_mentee_id = ANY(:ids)",
    "UPDATE run_edit SET edited_by = NULL WHERE edited_by = ANY(:ids)",
    "DELETE FROM run_pair WHERE mentee_id = ANY(:ids)",
    "DELETE FROM run_pair WHERE mentor_id = ANY(:ids)",
    "DELETE FROM run_unmatched WHERE employee_id = ANY(:ids)",
    "DELETE FROM participant WHERE employee_id = ANY(:ids)",
    "DELETE FROM training WHERE employee_id = ANY(:ids)",
    "DELETE FROM programme_pair WHERE mentee_id = ANY(:ids) OR mentor_id = ANY(:ids)",
    # What they decided for others stays, without their name.
    "UPDATE training SET noted_by = NULL WHERE noted_by = ANY(:ids)",
    "UPDATE programme_pair SET set_by = NULL WHERE set_by = ANY(:ids)",
    "UPDATE programme_arms SET drawn_by = NULL WHERE drawn_by = ANY(:ids)",
    "UPDATE rules_version SET author_id = NULL WHERE author_id = ANY(:ids)",
    _FORGET_OTHERS_WORDS,
)
