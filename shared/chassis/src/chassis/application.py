"""The FastAPI application of a service, with everything that all services have at their edge."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI

from chassis import asyncapi, health, openapi, problems, telemetry
from chassis.access import IsDeparted, policies
from chassis.auth import KeySet, Verifier
from chassis.limits import RateLimit
from chassis.observed import Observed
from chassis.routing import Edge
from chassis.settings import ServiceSettings
from chassis.subscription import Subscription
from chassis.transaction import Database
from contracts.event import EventClass

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def application(  # noqa: PLR0913 - it is the one place where the parts meet
    name: str,
    *,
    settings: ServiceSettings,
    database: Callable[[], Database],
    revision: str,
    routers: Iterable[APIRouter],
    health_of: health.Health,
    refusal: type[Exception] | None = None,
    is_departed: IsDeparted | None = None,
    subscriptions: Sequence[Subscription] = (),
    publishes: Sequence[EventClass] = (),
    state: Mapping[str, Any] | None = None,
    lifespan: Lifespan | None = None,
    version: str = "1",
) -> FastAPI:
    """Build it; raises `TypeError` if a route has no policy.

    `revision` is the database revision that readiness asks for, `state` becomes attributes of `app.state`.
    """
    app = FastAPI(
        title=name,
        version=version,
        lifespan=lifespan,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        # `Observed` does it leaner, and FastAPI's own logs would carry the texts of exceptions.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.state.edge = Edge(
        database,
        _verifier(settings),
        is_departed,
        RateLimit(settings.requests_per_second),
        seconds=settings.request_seconds,
    )
    for key, value in (state or {}).items():
        setattr(app.state, key, value)
    ready = health.Readiness(database, revision)
    own = [health.probes(health_of, ready.reason), telemetry.scrape(telemetry.configure(name))]
    for router in [*routers, *own, asyncapi.routes(name, version, subscriptions, publishes)]:
        # Not `include_router`, which looks for the route of a request router by router, and in its router once more.
        app.router.routes.extend(router.routes)
    problems.install(app, refusal)
    openapi.describe(app)
    policies(app)  # the build fails here, not the first caller
    app.add_middleware(Observed, service=name, stopping=lambda: health_of.is_stopping)
    return app


def _verifier(settings: ServiceSettings) -> Verifier:
    return Verifier(
        issuer=settings.issuer,
        audience=settings.audience,
        keys=KeySet(settings.jwks_url),
        subject_claim=settings.subject_claim,
        roles_claim=settings.roles_claim,
    )
