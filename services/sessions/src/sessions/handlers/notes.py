"""What people write down: goals and feedback, with words that only the members of the relationship can read."""

from typing import NamedTuple
from uuid import UUID

from chassis.errors import Missing
from chassis.ids import uuid7
from chassis.preconditions import Precondition
from chassis.transaction import Tx
from sessions.adapters import db
from sessions.adapters.notes import Notes, Place
from sessions.domain import feedback, goal
from sessions.domain.feedback import Feedback
from sessions.domain.goal import Goal
from sessions.domain.refusal import Refused
from sessions.domain.relationship import Relationship


class Scores(NamedTuple):
    """What a session was worth to somebody, 1 (poor) to 5 (excellent)."""

    usefulness: int
    fit: int | None


async def set_goal(tx: Tx, notes: Notes, relationship_id: UUID, owner_id: str, *, code: str, words: str | None) -> Goal:
    """A member sets a goal for themselves."""
    current = await _relationship_locked(tx, relationship_id, owner_id)
    current.must_be_open()
    agreed, said = goal.set_goal(
        Goal(
            goal_id=uuid7(),
            relationship_id=relationship_id,
            programme_id=current.programme_id,
            owner_id=owner_id,
            code=code,
        )
    )
    await db.add_goal(tx, agreed, await notes.seal(tx, place_of_goal(agreed), words))
    tx.publish(said, version=agreed.version)
    return agreed


async def advance_goal(tx: Tx, goal_id: UUID, member_id: str, progress: int, *, expected: Precondition) -> Goal:
    """A member notes how far a goal has come."""
    advanced, said = (await _goal_locked(tx, goal_id, member_id, expected)).advance(progress)
    await db.save_goal(tx, advanced)
    tx.publish(said, version=advanced.version)
    return advanced


async def achieve_goal(tx: Tx, goal_id: UUID, member_id: str, *, expected: Precondition) -> Goal:
    """A member notes that a goal is reached."""
    achieved, said = (await _goal_locked(tx, goal_id, member_id, expected)).achieve(tx.now)
    await db.save_goal(tx, achieved)
    tx.publish(said, version=achieved.version)
    return achieved


async def give_feedback(
    tx: Tx, notes: Notes, session_id: UUID, author_id: str, *, scores: Scores, words: str | None
) -> Feedback:
    """Somebody who attended rates the session; once, and also after the relationship is over."""
    known = await db.session_of(tx, session_id, member=author_id)
    if known is None:
        raise Missing
    await _relationship_locked(tx, known.relationship_id, author_id)
    current = await db.lock_session(tx, session_id)
    if current is None:
        raise Missing
    given, said = feedback.give(
        current,
        feedback_id=uuid7(),
        author_id=author_id,
        usefulness=scores.usefulness,
        fit=scores.fit,
        now=tx.now,
    )
    if not await db.add_feedback(tx, given, await notes.seal(tx, place_of_feedback(given), words)):
        raise Refused("feedback_given", "you have given feedback on this session already")
    tx.publish(said, version=given.version)
    return given


def place_of_goal(agreed: Goal) -> Place:
    """Where a goal's words stand."""
    return Place(agreed.relationship_id, agreed.owner_id, "goal", agreed.goal_id)


def place_of_feedback(given: Feedback) -> Place:
    """Where the words of feedback stand."""
    return Place(given.relationship_id, given.author_id, "feedback", given.feedback_id)


async def _relationship_locked(tx: Tx, relationship_id: UUID, member_id: str) -> Relationship:
    # Under the lock that an erasure takes too: what is written after one would outlive it.
    current = await db.lock_relationship(tx, relationship_id)
    if current is None or member_id not in current.member_ids:
        raise Missing
    return current


async def _goal_locked(tx: Tx, goal_id: UUID, member_id: str, expected: Precondition) -> Goal:
    known = await db.goal_of(tx, goal_id, member=member_id)
    if known is None:
        raise Missing
    (await _relationship_locked(tx, known[0].relationship_id, member_id)).must_be_open()
    current = await db.lock_goal(tx, goal_id)
    if current is None:
        raise Missing
    expected.check(current.version)
    return current
