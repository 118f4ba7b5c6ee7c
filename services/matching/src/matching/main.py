"""Matching put together."""

from chassis.service import Service
from matching.adapters.db import is_departed
from matching.api import ROUTERS
from matching.domain.refusal import Refused
from matching.handlers.erasure import erase_from_stream
from matching.settings import MatchingSettings
from matching.subscribers import SUBSCRIPTIONS, TIMERS


def service(settings: MatchingSettings | None = None) -> Service:
    """The matching service."""
    return Service(
        name="matching",
        settings=settings or MatchingSettings(),
        routers=ROUTERS,
        subscriptions=SUBSCRIPTIONS,
        timers=TIMERS,
        background=[erase_from_stream],
        refusal=Refused,
        is_departed=is_departed,
    )


def worker_settings() -> MatchingSettings:
    """The settings of a worker's process."""
    return MatchingSettings()
