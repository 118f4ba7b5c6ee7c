"""Analytics put together."""

from analytics.adapters import db
from analytics.api import router
from analytics.subscribers import SUBSCRIPTIONS, TIMERS
from chassis.service import Service
from chassis.settings import ServiceSettings


def service(settings: ServiceSettings | None = None) -> Service:
    """The service, from the environment unless settings are given."""
    return Service(
        name="analytics",
        settings=settings or ServiceSettings(),
        routers=[router],
        subscriptions=SUBSCRIPTIONS,
        timers=TIMERS,
        is_departed=db.departed,
    )
