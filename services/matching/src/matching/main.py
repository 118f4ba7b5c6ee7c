"""Matching put together."""

from chassis.service import Service
from matching.adapters.db import is_departed
from matching.adapters.publishers import Publishers
from matching.api import ROUTERS
from matching.domain.refusal import Refused
from matching.handlers.erasure import erase_from_stream
from matching.settings import MatchingSettings
from matching.subscribers import SUBSCRIPTIONS, TIMERS


def service(settings: MatchingSettings | None = None) -> Service:
    """The matching service."""
    settings = settings or MatchingSettings()
    publishers = Publishers(settings.publishers_file)
    return Service(
        name="matching",
        settings=settings,
        routers=ROUTERS,
        subscriptions=SUBSCRIPTIONS,
        timers=TIMERS,
        background=[erase_from_stream],
        refusal=Refused,
        refuse=publishers.why_not_taken,
        is_departed=is_departed,
        state={"publishers": publishers},
    )


def worker_settings() -> MatchingSettings:
    """The settings of a worker's process."""
    return MatchingSettings()
