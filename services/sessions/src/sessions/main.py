"""Puts the sessions service together."""

from datetime import timedelta

from chassis.service import Service
from sessions.adapters import db
from sessions.adapters.notes import KeyRing, KeysUnusable, Notes
from sessions.api import ROUTERS
from sessions.domain.refusal import Refused
from sessions.settings import SessionsSettings
from sessions.subscribers import SUBSCRIPTIONS, TIMERS


def service(settings: SessionsSettings | None = None) -> Service:
    """The service, not yet running."""
    settings = settings or SessionsSettings()
    return Service(
        name="sessions",
        settings=settings,
        routers=ROUTERS,
        subscriptions=SUBSCRIPTIONS,
        timers=TIMERS,
        refusal=Refused,
        is_departed=db.departed,
        state={
            "notes": Notes(key_ring(settings)),
            "missed_grace": timedelta(minutes=settings.missed_grace_minutes),
        },
    )


def key_ring(settings: SessionsSettings) -> KeyRing:
    """The keys of the key file; one that cannot serve ends the process with a sentence, as any wrong setting does."""
    try:
        return KeyRing(settings.note_keys_file)
    except KeysUnusable as unusable:
        raise SystemExit(f"MENTORSHIP_NOTE_KEYS_FILE: {unusable}.") from None
