"""What pairs do together: relationships, sessions, goals and how useful they found it."""

from collections.abc import Sequence

from analytics.adapters import db
from analytics.handlers.envelope import fact, state
from chassis.subscription import Received
from chassis.transaction import Tx
from contracts.sessions import FeedbackGiven, GoalState, RelationshipClosed, RelationshipState, SessionState


async def record_relationships(tx: Tx, batch: Sequence[Received[RelationshipState]]) -> None:
    """Keep which relationships are open, and between whom."""
    await db.hold_erasures(tx)
    rows = [
        {
            **state(received),
            "relationship_id": received.event.relationship_id,
            "programme_id": received.event.programme_id,
            "open": received.event.status == "open",
            "reason": received.event.reason if isinstance(received.event, RelationshipClosed) else None,
        }
        for received in batch
    ]
    members = [
        {
            "relationship_id": received.event.relationship_id,
            "programme_id": received.event.programme_id,
            "employee_id": member.employee_id,
            "role": member.role,
        }
        for received in batch
        for member in received.event.members
    ]
    await db.keep_newest(tx, db.relationship, rows)
    await db.record_once(tx, db.relationship_member, members)


async def record_sessions(tx: Tx, batch: Sequence[Received[SessionState]]) -> None:
    """Keep how each session stands, and record every date, cancellation, meeting and absence."""
    await db.hold_erasures(tx)
    meetings = [
        {"session_id": received.event.session_id, "programme_id": received.event.programme_id} for received in batch
    ]
    states = [
        {
            **state(received),
            **meeting,
            "status": received.event.status,
            "duration_minutes": received.event.duration_minutes,
        }
        for received, meeting in zip(batch, meetings, strict=True)
    ]
    facts = [{**fact(received), **meeting} for received, meeting in zip(batch, meetings, strict=True)]
    members = [
        {**meeting, "employee_id": employee_id}
        for received, meeting in zip(batch, meetings, strict=True)
        for employee_id in received.event.members
    ]
    await db.keep_newest(tx, db.session, states)
    await db.record_once(tx, db.session_fact, facts)
    await db.record_once(tx, db.session_member, members)


async def record_goals(tx: Tx, batch: Sequence[Received[GoalState]]) -> None:
    """Keep how far along each goal is."""
    await db.hold_erasures(tx)
    rows = [
        {
            **state(received),
            "goal_id": received.event.goal_id,
            "programme_id": received.event.programme_id,
            "employee_id": received.event.owner_id,
            "progress": received.event.progress,
        }
        for received in batch
    ]
    await db.keep_newest(tx, db.goal, rows)


async def record_feedback(tx: Tx, batch: Sequence[Received[FeedbackGiven]]) -> None:
    """Record the scores."""
    await db.hold_erasures(tx)
    rows = [
        {
            "identity": received.identity,
            "at": received.time,
            "session_id": received.event.session_id,
            "programme_id": received.event.programme_id,
            "employee_id": received.event.author_id,
            "usefulness": received.event.usefulness,
            "fit": received.event.fit,
        }
        for received in batch
    ]
    await db.record_once(tx, db.feedback_fact, rows)
