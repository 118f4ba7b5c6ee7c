"""Forged, broken and borrowed access tokens: none is accepted."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import httpx
import pytest

from chassis.access import Caller, allow
from chassis.application import application
from chassis.auth import Verifier
from chassis.health import Health
from chassis.routing import Edge, Router
from chassis.transaction import Database
from tests.chassis.notebook import settings_for
from tests.security.forging import AUDIENCE, EC_KEY, ED_KEY, FORGERIES, ISSUER, Issuer, signed

router = Router()


@router.get("/whoami")
async def whoami(caller: Annotated[Caller, allow("employee")]) -> dict[str, str]:
    return {"subject": caller.subject}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    database = Database("postgresql://nobody@127.0.0.1:1/none", "/x")
    app = application(
        "tokens",
        settings=settings_for("postgresql://x", ISSUER, requests_per_second=0),
        database=lambda: database,
        revision="1",
        routers=[router],
        health_of=Health(),
    )
    app.state.edge = Edge(lambda: database, Issuer().verifier())
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tokens") as client:
        yield client


def test_there_are_enough_forgeries() -> None:
    assert len(FORGERIES) >= 25


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forgery_is_answered_401(client: httpx.AsyncClient, name: str) -> None:
    header = f"Bearer {FORGERIES[name]()}".encode()
    answer = await client.get("/v1/whoami", headers=[(b"authorization", header)])
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.json()["code"] == "unauthenticated"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="nothing"),
        pytest.param([("Authorization", "Basic dXNlcjpwYXNz")], id="a password"),
        pytest.param([("Authorization", "Bearer")], id="no token"),
        pytest.param([("Authorization", "Bearer  ")], id="an empty token"),
        pytest.param([("Authorization", signed())], id="no scheme"),
        pytest.param([("Authorization", f"Bearer {signed()}"), ("Authorization", "Bearer x")], id="two headers"),
        pytest.param([("Authorization", f"Bearer {signed()}, Bearer x")], id="two in one"),
    ],
)
async def test_a_header_that_is_no_bearer_token_is_401(
    client: httpx.AsyncClient, headers: list[tuple[str, str]]
) -> None:
    answer = await client.get("/v1/whoami", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_in_the_address_is_no_token(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/whoami", params={"access_token": signed()})).status_code == 401


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed, id="RS256"),
        pytest.param(lambda: signed(EC_KEY, "ES256", "ec"), id="ES256"),
        pytest.param(lambda: signed(ED_KEY, "EdDSA", "ed"), id="EdDSA"),
        pytest.param(lambda: signed(aud=["payroll", AUDIENCE]), id="one of several audiences"),
        pytest.param(lambda: signed(typ="at+jwt"), id="at+jwt"),
        pytest.param(lambda: signed(roles="openid employee"), id="roles in one string"),
        pytest.param(lambda: signed(nbf=int(time.time()) + 2), id="a clock that is a little ahead"),
    ],
)
async def test_a_good_token_is_accepted(client: httpx.AsyncClient, token: Callable[[], str]) -> None:
    answer = await client.get("/v1/whoami", headers={"Authorization": f"Bearer {token()}"})
    assert answer.json() == {"subject": "E1"}


@pytest.mark.parametrize("roles", [None, {}, [{"employee": 1}], 7, ["Employee"], "employees"])
async def test_roles_of_another_shape_are_no_roles(client: httpx.AsyncClient, roles: Any) -> None:
    answer = await client.get("/v1/whoami", headers={"Authorization": f"Bearer {signed(roles=roles)}"})
    assert answer.status_code == 403


async def test_claim_names_are_settings() -> None:
    verifier = Verifier(
        issuer=ISSUER,
        audience=AUDIENCE,
        keys=Issuer().key_set(),
        subject_claim="employee_number",
        roles_claim="realm_access.roles",
    )
    token = signed(sub="opaque subject", employee_number="E7", realm_access={"roles": ["operator"]})
    assert await verifier.caller([f"Bearer {token}"]) == Caller("E7", frozenset({"operator"}))
