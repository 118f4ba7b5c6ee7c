"""What pairs do together: relationships, sessions, goals and how useful they found it."""

from collections.abc import Sequence

from analytics.adapters import db
from analytics.handlers.envelope import fact, member, state
from chassis.subscription import Received
from chassis.transaction import Tx
from contracts.sessions import FeedbackGiven, GoalState, RelationshipState, SessionState


async def record_relationships(tx: Tx, batch: Sequence[Received[RelationshipState]]) -> None:
    """Keep which relationships are open, and between whom."""
    await db.hold_erasures(tx)
    rows = [{"reason": None, **state(received), "open": received.event.status == "open"} for received in batch]
    members = [member(received, **dict(one)) for received in batch for one in received.event.members]
    await db.keep_newest(tx, db.relationship, rows)
    await db.record_once(tx, db.relationship_member, members)


async def record_sessions(tx: Tx, batch: Sequence[Received[SessionState]]) -> None:
    """Keep how each session stands, and record every date, cancellation, meeting and absence."""
    await db.hold_erasures(tx)
    members = [member(received, employee_id=one) for received in batch for one in received.event.members]
    await db.keep_newest(tx, db.session, [state(received) for received in batch])
    await db.record_once(tx, db.session_fact, [fact(received) for received in batch])
    await db.record_once(tx, db.session_member, members)


async def record_goals(tx: Tx, batch: Sequence[Received[GoalState]]) -> None:
    """Keep how far along each goal is."""
    await db.hold_erasures(tx)
    rows = [{**state(received), "employee_id": received.event.owner_id} for received in batch]
    await db.keep_newest(tx, db.goal, rows)


async def record_feedback(tx: Tx, batch: Sequence[Received[FeedbackGiven]]) -> None:
    """Record the scores."""
    await db.hold_erasures(tx)
    rows = [{**fact(received), "employee_id": received.event.author_id} for received in batch]
    await db.record_once(tx, db.feedback_fact, rows)
