"""Goals, feedback and the data keys under which their words are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, insert, literal, select, text, tuple_, update
from sqlalchemy.dialects import postgresql

from chassis import idempotency
from chassis.transaction import Tx
from sessions.adapters.db.relationships import has_member
from sessions.adapters.db.tables import data_key, feedback, goal, relationship
from sessions.domain.feedback import Feedback
from sessions.domain.goal import Goal

# What is not yet published stays until it is: others count it, and it holds no word.
_FORGET_SAID = text(
    "DELETE FROM outbox WHERE thing = ANY(CAST(:things AS text[])) AND subject LIKE 'mentorship.%'"
    " AND published_at IS NOT NULL"
)


async def add_goal(tx: Tx, agreed: Goal, sealed: bytes | None) -> None:
    """Write a new goal with its encrypted words."""
    values = {
        "goal_id": agreed.goal_id,
        "relationship_id": agreed.relationship_id,
        "owner_id": agreed.owner_id,
        "code": agreed.code,
        "progress": agreed.progress,
        "words": sealed,
        "version": agreed.version,
    }
    await tx.connection.execute(insert(goal).values(values))


async def save_goal(tx: Tx, changed: Goal) -> None:
    """Write what can change of a goal."""
    await tx.connection.execute(
        update(goal)
        .where(goal.c.goal_id == changed.goal_id)
        .values(progress=changed.progress, achieved_at=changed.achieved_at, version=changed.version)
    )


async def goal_of(tx: Tx, goal_id: UUID, *, member: str) -> tuple[Goal, bytes | None] | None:
    """One goal with its encrypted words, if that person is in its relationship."""
    query = _goals().where(goal.c.goal_id == goal_id, has_member(member))
    found = (await tx.connection.execute(query)).first()
    return None if found is None else (_goal(found), found.words)


async def lock_goal(tx: Tx, goal_id: UUID) -> Goal | None:
    """One goal, which nobody else changes until this transaction ends."""
    query = _goals().where(goal.c.goal_id == goal_id).with_for_update(of=goal)
    found = (await tx.connection.execute(query)).first()
    return None if found is None else _goal(found)


async def goals_of(
    tx: Tx, relationship_id: UUID, *, after: tuple[UUID] | None, limit: int
) -> Sequence[tuple[Goal, bytes | None]]:
    """The goals of a relationship with their encrypted words, oldest first, from after that id on."""
    query = _goals().where(goal.c.relationship_id == relationship_id)
    if after is not None:
        query = query.where(goal.c.goal_id > after[0])
    rows = await tx.connection.execute(query.order_by(goal.c.goal_id).limit(limit))
    return [(_goal(row), row.words) for row in rows]


async def add_feedback(tx: Tx, given: Feedback, sealed: bytes | None) -> bool:
    """Write feedback with its encrypted words; false when its author has given some on that session."""
    values = {
        "feedback_id": given.feedback_id,
        "session_id": given.session_id,
        "relationship_id": given.relationship_id,
        "author_id": given.author_id,
        "usefulness": given.usefulness,
        "fit": given.fit,
        "words": sealed,
        "given_at": given.given_at,
    }
    query = postgresql.insert(feedback).values(values).on_conflict_do_nothing(constraint="uq_feedback_author")
    return (await tx.connection.execute(query.returning(feedback.c.feedback_id))).first() is not None


async def feedback_on(
    tx: Tx, session_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[tuple[Feedback, bytes | None]]:
    """The feedback on a session with its encrypted words, in the order given, from after that (given_at, id) on."""
    query = select(feedback).where(feedback.c.session_id == session_id)
    if after is not None:
        query = query.where(tuple_(feedback.c.given_at, feedback.c.feedback_id) > after)
    rows = await tx.connection.execute(query.order_by(feedback.c.given_at, feedback.c.feedback_id).limit(limit))
    return [(_feedback(row), row.words) for row in rows]


async def data_key_of(tx: Tx, relationship_id: UUID, author_id: str) -> tuple[str, bytes] | None:
    """The wrapped data key of an author in a relationship, with the id of the key that wraps it."""
    mine = (data_key.c.relationship_id == relationship_id, data_key.c.author_id == author_id)
    found = (await tx.connection.execute(select(data_key.c.wrapping_key_id, data_key.c.wrapped).where(*mine))).first()
    return None if found is None else (found.wrapping_key_id, found.wrapped)


async def add_data_key(tx: Tx, relationship_id: UUID, author_id: str, wrapping_key_id: str, wrapped: bytes) -> None:
    """Keep a new data key, unless there is one already."""
    values = {
        "relationship_id": relationship_id,
        "author_id": author_id,
        "wrapping_key_id": wrapping_key_id,
        "wrapped": wrapped,
    }
    await tx.connection.execute(postgresql.insert(data_key).values(values).on_conflict_do_nothing())


async def lock_keys_not_under(tx: Tx, wrapping_key_id: str, limit: int) -> Sequence[tuple[UUID, str, str, bytes]]:
    """Some data keys that another key wraps, locked: (relationship, author, wrapping key, wrapped key)."""
    query = select(data_key).where(data_key.c.wrapping_key_id != wrapping_key_id)
    query = query.order_by(data_key.c.relationship_id, data_key.c.author_id).limit(limit).with_for_update()
    rows = await tx.connection.execute(query)
    return [(row.relationship_id, row.author_id, row.wrapping_key_id, row.wrapped) for row in rows]


async def replace_data_key(tx: Tx, relationship_id: UUID, author_id: str, wrapping_key_id: str, wrapped: bytes) -> None:
    """Keep the same data key, wrapped by another key."""
    await tx.connection.execute(
        update(data_key)
        .where(data_key.c.relationship_id == relationship_id, data_key.c.author_id == author_id)
        .values(wrapping_key_id=wrapping_key_id, wrapped=wrapped)
    )


async def forget_author(tx: Tx, employee_id: str) -> None:
    """Delete what a person wrote, the keys of it, what the outbox still holds of it, and answers kept for them."""
    gone = [
        *(
            await tx.connection.execute(
                delete(feedback)
                .where(feedback.c.author_id == employee_id)
                .returning(literal("feedback"), feedback.c.feedback_id)
            )
        ),
        *(
            await tx.connection.execute(
                delete(goal).where(goal.c.owner_id == employee_id).returning(literal("goal"), goal.c.goal_id)
            )
        ),
    ]
    things = [f"mentorship.sessions.{kind}/{one}" for kind, one in gone]
    await tx.connection.execute(_FORGET_SAID, {"things": things})
    await idempotency.forget(tx.connection, [employee_id])
    await tx.connection.execute(delete(data_key).where(data_key.c.author_id == employee_id))


def _goals() -> Select[Any]:
    return select(goal, relationship.c.programme_id).join_from(goal, relationship)


def _goal(row: Row[Any]) -> Goal:
    return Goal(
        goal_id=row.goal_id,
        relationship_id=row.relationship_id,
        programme_id=row.programme_id,
        owner_id=row.owner_id,
        code=row.code,
        progress=row.progress,
        achieved_at=row.achieved_at,
        version=row.version,
    )


def _feedback(row: Row[Any]) -> Feedback:
    return Feedback(
        feedback_id=row.feedback_id,
        session_id=row.session_id,
        relationship_id=row.relationship_id,
        author_id=row.author_id,
        usefulness=row.usefulness,
        fit=row.fit,
        given_at=row.given_at,
    )
