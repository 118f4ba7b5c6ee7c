"""The projections, how they are written and what is asked of them."""

from analytics.adapters.db.erasure import departed, forget, hold_erasures
from analytics.adapters.db.figures import delivery_counts, programme_counts, programme_of, programmes_after
from analytics.adapters.db.tables import (
    employee,
    employment,
    feedback_fact,
    goal,
    match_fact,
    match_member,
    message_fact,
    metadata,
    participant,
    participant_fact,
    programme,
    relationship,
    relationship_member,
    run,
    session,
    session_fact,
    session_member,
)
from analytics.adapters.db.writing import keep_newest, record_once

__all__ = [
    "delivery_counts",
    "departed",
    "employee",
    "employment",
    "feedback_fact",
    "forget",
    "goal",
    "hold_erasures",
    "keep_newest",
    "match_fact",
    "match_member",
    "message_fact",
    "metadata",
    "participant",
    "participant_fact",
    "programme",
    "programme_counts",
    "programme_of",
    "programmes_after",
    "record_once",
    "relationship",
    "relationship_member",
    "run",
    "session",
    "session_fact",
    "session_member",
]
