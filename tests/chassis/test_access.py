"""Every route says who may call it."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI

from chassis.access import Caller, allow, policies, public
from chassis.application import application
from chassis.health import Health
from chassis.routing import Router
from chassis.transaction import Database
from tests.chassis.notebook import Notebook, settings_for


def built(*routers: APIRouter) -> FastAPI:
    database = Database("postgresql://nobody@127.0.0.1:1/none", "/x")
    return application(
        "test",
        settings=settings_for("postgresql://x", "http://127.0.0.1:1"),
        database=lambda: database,
        revision="1",
        routers=routers,
        health_of=Health(),
    )


async def nobody_said() -> None: ...


async def both(caller: Annotated[Caller, allow("employee")], other: Annotated[Caller, allow("operator")]) -> None: ...


async def hidden(caller: Annotated[Caller, Depends(lambda: None)]) -> None: ...


@pytest.mark.parametrize("make", [Router, APIRouter])
@pytest.mark.parametrize("handler", [nobody_said, hidden])
def test_a_route_without_a_policy_fails_the_build(make: Callable[[], APIRouter], handler: Any) -> None:
    router = make()
    router.get("/things")(handler)
    with pytest.raises(TypeError, match=r"GET.*/things has no policy"):
        built(router)


def test_a_route_with_two_policies_fails_the_build() -> None:
    router = Router()
    with pytest.raises(TypeError, match="more than one policy"):
        router.get("/things")(both)


def test_allow_without_a_role_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        allow()


def test_the_policies_of_an_application_can_be_listed(notebook: Notebook) -> None:
    listed = {(method, path): roles for method, path, roles in policies(notebook.app)}
    assert listed[("POST", "/v1/notes")] == {"employee"}
    assert listed[("GET", "/v1/admin")] == {"platform-admin", "operator"}
    assert listed[("GET", "/v1/cover")] == frozenset()
    assert listed[("GET", "/readyz")] == frozenset()
    assert len(listed) == 14


def test_a_policy_of_the_router_holds_for_its_routes() -> None:
    router = Router(dependencies=[public])
    router.get("/things")(nobody_said)
    assert ("GET", "/v1/things", frozenset()) in policies(built(router))


@pytest.mark.parametrize("sub", ["mounted", "plain"])
def test_what_is_no_route_of_ours_fails_the_build_too(sub: str) -> None:
    router = Router()
    if sub == "mounted":
        router.mount("/sub", FastAPI(openapi_url=None))
    else:
        router.add_route("/sub", lambda _: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match="has no policy"):
        built(router)
