"""Who may do what: every operation of every service, asked by everybody; what the table does not name is not served.

Each caller's requests are about what is theirs: `member`, `former`, `leaver` and `erased` ask for their own things, all
others for the member's. `none` is a page without anything. Every request is undone, so no answer depends on another.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter

from chassis.access import policies
from chassis.http import Router, public
from tests.security.scene import CALLERS, Scene
from tests.security.stage import SERVICES, Stage

TABLE = """
matching:                                             nobo empl mana admi publ oper role all- memb owne form leav eras
GET    /v1/programmes                                  401  200  200  200  403  403  403  200  200  200  200  403  403
POST   /v1/programmes                                  401  403  201  201  403  403  403  201  403  201  403  403  403
GET    /v1/programmes/{draft}                          401  404  404  200  403  403  403  200  404  200  404  403  403
GET    /v1/programmes/{open}                           401  200  200  200  403  403  403  200  200  200  200  403  403
POST   /v1/programmes/{draft}/open                     401  403  404  200  403  403  403  200  403  200  403  403  403
POST   /v1/programmes/{open}/close                     401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/programmes/{open}/participants              401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/programmes/{open}/participants/{person}     401  404  404  200  403  403  403  200  200  200  404  403  403
PUT    /v1/programmes/{open}/participants/{person}     401  404  404  200  403  403  403  200  200  200  200  403  403
DELETE /v1/programmes/{open}/participants/{person}     401  404  404  204  403  403  403  204  204  204  204  403  403
GET    /v1/programme-templates                         401  200  200  200  403  403  403  200  200  200  200  403  403
GET    /v1/rules/schema                                200
PUT    /v1/programmes/{open}/rules                     401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/programmes/{open}/rules                     401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/programmes/{open}/rules/{no}                401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/programmes/{open}/rules/{no}/compare/{no}   401  403  404  200  403  403  403  200  403  200  403  403  403
PUT    /v1/programmes/{open}/enrolment                 401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/programmes/{open}/pairs                     401  403  404 none  403  403  403 none  403 none  403  403  403
PUT    /v1/programmes/{open}/pairs/{person}/{partner}  401  403  404  200  403  403  403  200  403  200  403  403  403
DELETE /v1/programmes/{open}/pairs/{person}/{partner}  401  403  404  204  403  403  403  204  403  204  403  403  403
POST   /v1/programmes/{fresh}/arms                     401  403  404  201  403  403  403  201  403  201  403  403  403
GET    /v1/programmes/{drawn}/arms                     401  403  404  200  403  403  403  200  403  200  403  403  403
PUT    /v1/programmes/{open}/participants/{person}/pause 401  404  404  200  403  403  403  200  200  200  404  403  403
DELETE /v1/programmes/{open}/participants/{person}/pause 401  404  404  200  403  403  403  200  200  200  404  403  403
PUT    /v1/employees/{person}/training                 401  403  200  200  403  403  403  200  403  200  403  403  403
POST   /v1/programmes/{open}/runs                      401  403  404  202  403  403  403  202  403  202  403  403  403
GET    /v1/runs/{run}                                  401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/runs/{reviewed}/edits                        401  403  404 none  403  403  403 none  403 none  403  403  403
POST   /v1/runs/{reviewed}/edits                        401  403  404  201  403  403  403  201  403  201  403  403  403
GET /v1/runs/{reviewed}/pairs/{person}/{partner}/explanation 401 403 404 200 403 403 403 200 403 200 403 403 403
GET    /v1/runs/{reviewed}/unmatched/{person}           401  403  404  404  403  403  403  404  403  404  403  403  403
GET    /v1/runs/{reviewed}/shortage                     401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/runs/{reviewed}/compare/{reviewed}           401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/runs/{run}/export                           401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/runs/{run}/certificate                      401  403  404  404  403  403  403  404  403  404  403  403  403
POST   /v1/runs/{run}/publish                          401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/me/matches                                  401 none none  403  403  403  403 none  200 none  200  403  403
GET    /v1/matches/{match}                             401  404  404  200  403  403  403  200  200  200  200  403  403
POST   /v1/matches/{match}/accept                      401  404  404  403  403  403  403  409  200  409  409  403  403
POST   /v1/matches/{match}/decline                     401  404  404  403  403  403  403  409  200  409  409  403  403
POST   /v1/matches/{match}/end                         401  404  404  200  403  403  403  200  200  200  200  403  403
POST   /v1/matches/{active}/rematch                     401  404  404  200  403  403  403  200  200  200  200  403  403
GET    /v1/programmes/{open}/offer-policy              401  200  200  200  403  403  403  200  200  200  200  403  403
PUT    /v1/programmes/{open}/offer-policy              401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/programmes/{open}/recommendations           401  409  409 none  403  403  403 none  409 none  409  403  403
POST   /v1/programmes/{asking}/requests                 401  409  409  403  403  403  403  409  201  409  201  403  403
POST   /v1/programmes/{open}/pairings                  401  403  404  200  403  403  403  200  403  200  403  403  403
POST   /v1/employees/events                            401  403  403  403  202  403  403  202  403  403  403  403  403
GET    /v1/employees/refusals                          401  403  403 none  403 none  403 none  403  403  403  403  403
GET    /v1/employees/erasures                          401  403  403  200  403  200  403  200  403  403  403  403  403

sessions:                                             nobo empl mana admi publ oper role all- memb owne form leav eras
GET    /v1/me/relationships                            401 none none  403  403  403  403 none  200 none  200  403  403
GET    /v1/relationships/{relationship}                401  404  404  403  403  403  403  404  200  404  200  403  403
GET    /v1/relationships/{relationship}/sessions       401  404  404  403  403  403  403  404  200  404  200  403  403
POST   /v1/relationships/{relationship}/sessions       401  404  404  403  403  403  403  404  201  404  409  403  403
GET    /v1/relationships/{relationship}/goals          401  404  404  403  403  403  403  404  200  404  200  403  403
POST   /v1/relationships/{relationship}/goals          401  404  404  403  403  403  403  404  201  404  409  403  403
GET    /v1/me/sessions                                 401 none none  403  403  403  403 none  200 none  200  403  403
GET    /v1/sessions/{ahead}                            401  404  404  403  403  403  403  404  200  404  200  403  403
POST   /v1/sessions/{ahead}/reschedule                 401  404  404  403  403  403  403  404  200  404  409  403  403
POST   /v1/sessions/{ahead}/cancel                     401  404  404  403  403  403  403  404  200  404  409  403  403
POST   /v1/sessions/{begun}/hold                       401  404  404  403  403  403  403  404  200  404  200  403  403
GET    /v1/sessions/{held}/feedback                    401  404  404  403  403  403  403  404  200  404  200  403  403
POST   /v1/sessions/{held}/feedback                    401  404  404  403  403  403  403  404  201  404  201  403  403
GET    /v1/goals/{goal}                                401  404  404  403  403  403  403  404  200  404  200  403  403
POST   /v1/goals/{goal}/progress                       401  404  404  403  403  403  403  404  200  404  409  403  403
POST   /v1/goals/{goal}/achieve                        401  404  404  403  403  403  403  404  200  404  409  403  403

notifications:                                        nobo empl mana admi publ oper role all- memb owne form leav eras
GET    /v1/me/messages                                 401 none none  403  403  403  403 none  200 none  200  403  403
POST   /v1/me/messages/{message}/read                  401  404  404  403  403  403  403  404  200  404  200  403  403
GET    /v1/me/preferences                              401  200  200  403  403  403  403  200  200  200  200  403  403
PUT    /v1/me/preferences                              401  200  200  403  403  403  403  200  200  200  200  403  403
GET    /v1/unsubscribe/{token}                         200
POST   /v1/unsubscribe/{token}                         200

analytics:                                            nobo empl mana admi publ oper role all- memb owne form leav eras
GET    /v1/programmes                                  401  403 none  200  403  403  403  200  403  200  403  403  403
GET    /v1/programmes/{open}/health                    401  403  404  200  403  403  403  200  403  200  403  403  403
GET    /v1/messages/delivery                           401  403  403  200  403  403  403  200  403  403  403  403  403

each:                                                 nobo empl mana admi publ oper role all- memb owne form leav eras
GET    /livez                                          200
GET    /readyz                                         200
GET    /startupz                                       200
GET    /metrics                                        200
GET    /asyncapi                                       200
GET    /asyncapi.json                                  200
GET    /openapi.json                                   200
GET    /docs                                           200
"""
"""One row per operation and thing; one number stands for everybody. `each` is every service."""


class Row(NamedTuple):
    """What everybody is answered who asks one operation for one thing."""

    service: str
    method: str
    path: str
    expected: dict[str, str]

    @property
    def operation(self) -> str:
        """The operation without the name of the thing."""
        return f"{self.method} {without_names(self.path)}"

    @property
    def services(self) -> tuple[str, ...]:
        """Who serves it."""
        return SERVICES if self.service == "each" else (self.service,)


def rows() -> list[Row]:
    found, service, callers = [], "", list[str]()
    for line in TABLE.strip().splitlines():
        first, *rest = line.split() or [""]
        if first.endswith(":"):
            service = first[:-1]
            callers = [next(name for name in CALLERS if name.startswith(short)) for short in rest]
            assert callers == list(CALLERS)
        elif first:
            path, *cells = rest
            cells = cells * len(callers) if len(cells) == 1 else cells
            found.append(Row(service, first, path, dict(zip(callers, cells, strict=True))))
    return found


def without_names(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


ROWS = rows()
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def _rehearsal(scene: Scene) -> None:
    scene.stage.rehearse()


def unnamed(stage: Stage) -> set[tuple[str, str]]:
    """Operations that a service serves and the table does not name, and the other way round."""
    named = {(service, row.operation) for row in ROWS for service in row.services}
    served = {
        (name, f"{policy.method} {without_names(policy.path)}")
        for name, service in stage.services.items()
        for policy in policies(service.app)
    }
    documents = {(name, f"GET {path}") for name in SERVICES for path in ("/openapi.json", "/docs")}
    return named ^ (served | documents)


async def test_the_table_names_every_operation_and_no_other(scene: Scene) -> None:
    assert unnamed(scene.stage) == set()


async def test_a_new_route_is_found_missing_in_the_table(scene: Scene) -> None:
    app = scene.stage.services["matching"].app
    before = list(app.router.routes)
    router = Router()
    router.get("/secrets", dependencies=[public])(_route)
    app.include_router(router)
    try:
        assert unnamed(scene.stage) == {("matching", "GET /v1/secrets")}
    finally:
        app.router.routes[:] = before


@pytest.mark.parametrize("service", SERVICES)
async def test_a_route_without_a_policy_does_not_build(scene: Scene, service: str) -> None:
    app = scene.stage.services[service].app
    before = list(app.router.routes)
    router = APIRouter()
    router.get("/v1/secrets")(_route)
    app.include_router(router)
    try:
        with pytest.raises(TypeError, match="/v1/secrets has no policy"):
            policies(app)
    finally:
        app.router.routes[:] = before


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.service} {row.method} {row.path}")
async def test_everybody_is_answered_as_the_table_says(scene: Scene, row: Row) -> None:
    for service in row.services:
        found = {name: _kind(await ask(scene, service, row, name)) for name in CALLERS}
        assert found == row.expected, service


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "404" in row.expected.values()], ids=lambda row: f"{row.service} {row.operation}"
)
@pytest.mark.parametrize("headers", [{}, {"If-Match": '"99"'}, {"If-None-Match": "*"}], ids=["", "if-match", "if-none"])
async def test_anothers_thing_is_answered_like_one_that_does_not_exist(
    scene: Scene, row: Row, headers: dict[str, str]
) -> None:
    for name in (name for name, expected in row.expected.items() if expected == "404" and name != "former"):
        anothers = await ask(scene, row.service, row, name, headers)
        nobodys = await ask(scene, row.service, row, name, headers, missing=True)
        assert _told(anothers) == _told(nobodys), name
        assert anothers.status_code == 404


@pytest.mark.parametrize("service", SERVICES)
async def test_a_change_for_a_version_that_is_gone_is_refused_by_every_operation_that_knows_if_match(
    scene: Scene, service: str
) -> None:
    known = {
        f"{method.upper()} {without_names(path)}"
        for path, operations in scene.stage.services[service].app.openapi()["paths"].items()
        for method, operation in operations.items()
        if "if-match" in {parameter["name"] for parameter in operation.get("parameters", ())}
    }
    found = {
        (row.operation, (await ask(scene, service, row, name, {"If-Match": '"gone"'})).status_code)
        for row in ROWS
        for name, expected in row.expected.items()
        # What the former has left already is left again without a question.
        if row.service == service and row.operation in known and expected.startswith("2") and name != "former"
    }
    assert found == {(operation, 412) for operation in known}


@pytest.mark.parametrize("service", SERVICES)
async def test_openapi_says_who_may_call_what(scene: Scene, service: str) -> None:
    app = scene.stage.services[service].app
    roles = {(policy.path, policy.method.lower()): sorted(policy.roles) for policy in policies(app)}
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            needed = roles[path, method]
            assert operation["security"] == ([{"bearer": []}] if needed else [])
            assert operation.get("x-roles", []) == needed


@pytest.mark.parametrize("service", SERVICES)
async def test_only_documents_probes_and_signed_links_are_public(scene: Scene, service: str) -> None:
    open_routes = {policy.path for policy in policies(scene.stage.services[service].app) if not policy.roles}
    probes = {"/livez", "/readyz", "/startupz", "/metrics", "/asyncapi", "/asyncapi.json"}
    documents = {"notifications": {"/v1/unsubscribe/{token}"}, "matching": {"/v1/rules/schema"}}
    assert open_routes - probes == documents.get(service, set())


async def ask(
    scene: Scene, service: str, row: Row, caller: str, headers: Mapping[str, str] = {}, *, missing: bool = False
) -> httpx.Response:
    """What one caller is answered; `missing` asks for a thing that nobody ever made."""
    who = CALLERS[caller]
    things: Any = _Missing() if missing else scene.of[who.asks_for]
    sent = scene.stage.headers(who.id, *who.roles) | dict(headers)
    return await scene.call(service, row.method, row.path.format_map(things), sent, row.operation)


class _Missing(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return {"person": "E-unheard-of", "no": "1"}.get(name) or str(uuid4())


def _kind(answer: httpx.Response) -> str:
    if answer.status_code == 200 and answer.text.startswith('{"items":[]'):
        return "none"
    return str(answer.status_code)


def _told(answer: httpx.Response) -> tuple[Any, ...]:
    changing = {"x-trace-id", "traceresponse"}
    headers = {name: value for name, value in answer.headers.items() if name not in changing}
    body = {name: value for name, value in answer.json().items() if name != "trace_id"}
    return answer.status_code, headers, body


async def _route() -> dict[str, str]:
    return {}
