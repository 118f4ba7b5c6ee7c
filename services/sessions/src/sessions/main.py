"""Puts the sessions service together."""

from datetime import timedelta

from chassis.service import Service
from sessions.adapters import db
from sessions.adapters.notes import KeyRing, Notes
from sessions.api import ROUTERS
from sessions.domain.refusal import Refused
from sessions.settings import SessionsSettings
from sessions.subscribers import SUBSCRIPTIONS, TIMERS


def service(settings: SessionsSettings | None = None) -> Service:
    """The service, not yet running; raises `KeysUnusable` when the key file cannot serve."""
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
            "notes": Notes(KeyRing(settings.note_keys_file)),
            "missed_grace": timedelta(minutes=settings.missed_grace_minutes),
        },
    )
