"""Forgetting people: their rows here, and the messages that the stream still has of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text

from chassis.transaction import Tx


async def erase(tx: Tx, erased: Mapping[str, int]) -> None:
    """Forget people (id and version) for good: rows, what the outbox says of them; their messages are noted."""
    ids = sorted(erased)
    given = {"ids": ids, "things": [f"hr.employee/{name}" for name in ids]}
    await tx.connection.execute(_REMEMBER, {"ids": ids, "versions": [erased[name] for name in ids], "at": tx.now})
    for statement in _FORGET:
        names = [name for name in given if f":{name}" in statement]
        await tx.connection.execute(text(statement), {name: given[name] for name in names})


async def erase_messages(tx: Tx, sequences: Sequence[int]) -> None:
    """Note messages of the stream HR to be deleted."""
    if sequences:
        await tx.connection.execute(_NOTE, {"sequences": list(sequences), "at": tx.now})


async def messages_to_erase(tx: Tx, limit: int) -> list[tuple[int, datetime]]:
    """Some messages that are still to be deleted from the stream: (sequence, when it was noted)."""
    rows = await tx.connection.execute(
        text("SELECT sequence, noted_at FROM hr_erasure ORDER BY sequence LIMIT :limit"), {"limit": limit}
    )
    return [(row.sequence, row.noted_at) for row in rows]


async def messages_erased(tx: Tx, sequences: Sequence[int]) -> None:
    """These messages are gone from the stream."""
    await tx.connection.execute(
        text("DELETE FROM hr_erasure WHERE sequence = ANY(:sequences)"), {"sequences": list(sequences)}
    )


_REMEMBER = text(
    "INSERT INTO erased_employee (employee_id, version, erased_at)"
    " SELECT i, v, CAST(:at AS timestamptz)"
    " FROM unnest(CAST(:ids AS text[]), CAST(:versions AS bigint[])) AS row (i, v)"
    " ON CONFLICT (employee_id) DO NOTHING"
)
_NOTE = text(
    "INSERT INTO hr_erasure (sequence, noted_at)"
    " SELECT s, CAST(:at AS timestamptz) FROM unnest(CAST(:sequences AS bigint[])) AS row (s)"
    " ON CONFLICT (sequence) DO UPDATE SET noted_at = excluded.noted_at"
)
_NOTE_KNOWN = (
    "INSERT INTO hr_erasure (sequence, noted_at) SELECT sequence, noted_at FROM hr_message"
    " WHERE employee_id = ANY(:ids) ON CONFLICT (sequence) DO UPDATE SET noted_at = excluded.noted_at"
)
_FORGET_OTHERS_WORDS = (
    "UPDATE participant SET wishes = ARRAY(SELECT w FROM unnest(wishes) AS w WHERE w <> ALL(:ids)),"
    " blocks = ARRAY(SELECT b FROM unnest(blocks) AS b WHERE b <> ALL(:ids))"
    " WHERE wishes && :ids OR blocks && :ids"
)
_FORGET = (
    _NOTE_KNOWN,
    "DELETE FROM hr_message WHERE employee_id = ANY(:ids)",
    "DELETE FROM employee_pending WHERE employee_id = ANY(:ids)",
    "DELETE FROM employee WHERE employee_id = ANY(:ids)",
    "DELETE FROM outbox WHERE thing = ANY(:things) AND subject <> 'hr.employee.erased.v1'",
    "DELETE FROM idempotency_key WHERE caller = ANY(:ids)",
    "DELETE FROM match WHERE id IN (SELECT match_id FROM match_member WHERE employee_id = ANY(:ids))",
    "DELETE FROM run_pair WHERE mentee_id = ANY(:ids)",
    "DELETE FROM run_pair WHERE mentor_id = ANY(:ids)",
    "DELETE FROM run_unmatched WHERE employee_id = ANY(:ids)",
    "DELETE FROM participant WHERE employee_id = ANY(:ids)",
    _FORGET_OTHERS_WORDS,
)
