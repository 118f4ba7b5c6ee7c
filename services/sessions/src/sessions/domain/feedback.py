"""Feedback: what one member thought of a session, as scores for everybody's figures and words for the members."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.sessions import FeedbackGiven
from sessions.domain.refusal import Refused
from sessions.domain.session import Session


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """One member's scores of one session, 1 (poor) to 5 (excellent)."""

    feedback_id: UUID
    session_id: UUID
    relationship_id: UUID
    author_id: str
    usefulness: int
    fit: int | None
    given_at: datetime
    version: int = 1


def give(
    session: Session, *, feedback_id: UUID, author_id: str, usefulness: int, fit: int | None, now: datetime
) -> tuple[Feedback, FeedbackGiven]:
    """Somebody who attended a held session rates it."""
    if session.status != "held":
        raise Refused("session_not_held", "feedback is given on sessions that were held")
    if author_id not in session.attended:
        raise Refused("did_not_attend", "feedback is given by those who attended")
    feedback = Feedback(
        feedback_id=feedback_id,
        session_id=session.session_id,
        relationship_id=session.relationship_id,
        author_id=author_id,
        usefulness=usefulness,
        fit=fit,
        given_at=now,
    )
    event = FeedbackGiven(
        feedback_id=feedback_id,
        session_id=session.session_id,
        relationship_id=session.relationship_id,
        programme_id=session.programme_id,
        author_id=author_id,
        usefulness=usefulness,
        fit=fit,
    )
    return feedback, event
