"""Reminders of sessions: timers that follow the session's date and end with it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from chassis.transaction import Tx
from contracts.sessions import SessionState
from notifications.adapters import db
from notifications.domain import notices
from notifications.domain.messages import Facts
from notifications.handlers.telling import Occasion, tell

REMINDER = "session-reminder"
"""The kind of timer."""

_EFFECTS = UUID("0d1a3c52-6f53-4c7f-9a57-2f4a4b6f8f10")


async def follow(tx: Tx, session: SessionState, previous: Facts | None, since: datetime) -> None:
    """Set the timers of a session as it is now; those of `previous` that no longer hold are gone.

    A reminder whose time was over when the session was planned (at `since`) is none; one that came due while
    the event was on its way still is.
    """
    due = notices.reminders(session, since)
    before = previous.reminder_minutes if isinstance(previous, SessionState) else ()
    for minutes in {*before, *session.reminder_minutes} - due.keys():
        await tx.cancel(REMINDER, _key(session.session_id, minutes))
    for minutes, at in due.items():
        payload = {
            "session_id": str(session.session_id),
            "minutes": minutes,
            "calendar_sequence": session.calendar_sequence,
        }
        await tx.schedule(REMINDER, _key(session.session_id, minutes), at, payload)


async def remind(tx: Tx, key: str, payload: dict[str, Any]) -> None:
    """Remind everybody of a session, if it is still to take place when the timer was set for."""
    session = await db.known(tx, "session", UUID(payload["session_id"]))
    if not isinstance(session, SessionState) or session.status != "scheduled":
        return
    if session.calendar_sequence != payload["calendar_sequence"]:
        return
    effect = uuid5(_EFFECTS, f"{key}:{session.calendar_sequence}")
    due_at = session.starts_at - timedelta(minutes=payload["minutes"])
    await tell(tx, notices.of_reminder(session), Occasion(effect, session, due_at))


def _key(session_id: UUID, minutes: float) -> str:
    return f"{session_id}:{minutes:g}"
