"""Analytics put together."""

from analytics.adapters import db
from analytics.api import router
from analytics.settings import Settings
from analytics.subscribers import SUBSCRIPTIONS, TIMERS
from chassis.service import Service


def service(settings: Settings | None = None) -> Service:
    """The service, from the environment unless settings are given."""
    return Service(
        name="analytics",
        settings=settings or Settings(),
        routers=[router],
        subscriptions=SUBSCRIPTIONS,
        timers=TIMERS,
        is_departed=db.departed,
    )
