"""What sessions does: one function per use case."""

from sessions.handlers.meetings import (
    MISSED,
    cancel_session,
    hold_session,
    mark_missed,
    reschedule_session,
    schedule_session,
)
from sessions.handlers.notes import (
    Scores,
    achieve_goal,
    advance_goal,
    give_feedback,
    place_of_feedback,
    place_of_goal,
    set_goal,
)
from sessions.handlers.people import forget_employee, release_departed, welcome_arrived
from sessions.handlers.relationships import close_relationship, open_relationship, remember_programmes

__all__ = [
    "MISSED",
    "Scores",
    "achieve_goal",
    "advance_goal",
    "cancel_session",
    "close_relationship",
    "forget_employee",
    "give_feedback",
    "hold_session",
    "mark_missed",
    "open_relationship",
    "place_of_feedback",
    "place_of_goal",
    "release_departed",
    "remember_programmes",
    "reschedule_session",
    "schedule_session",
    "set_goal",
    "welcome_arrived",
]
