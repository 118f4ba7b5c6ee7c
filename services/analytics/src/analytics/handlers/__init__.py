"""What analytics does with what it hears: one function per projection, each taking a whole batch."""

from analytics.handlers.matching import record_matches, record_participants, record_programmes, record_runs
from analytics.handlers.notifications import record_messages
from analytics.handlers.people import record_employees, record_employment
from analytics.handlers.sessions import record_feedback, record_goals, record_relationships, record_sessions

__all__ = [
    "record_employees",
    "record_employment",
    "record_feedback",
    "record_goals",
    "record_matches",
    "record_messages",
    "record_participants",
    "record_programmes",
    "record_relationships",
    "record_runs",
    "record_sessions",
]
