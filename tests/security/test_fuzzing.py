"""Whatever is sent, by the OpenAPI document or against it: no 5xx, and every error is a problem that tells nothing."""

import asyncio
import copy
import re
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from tests.security.scene import CALLERS, Scene
from tests.security.stage import SERVICES
from tests.security.test_access_matrix import ROWS, without_names

load_all_checks()
pytestmark = pytest.mark.asyncio(loop_scope="session")

EXAMPLES = 15
SECONDS = 5.0
CHECKED: list[Any] = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "missing_required_header",
    ]
)
"""Those that look at one answer; who may do what, and what 405 says, is asked elsewhere."""
EXCUSED: dict[str, list[Any]] = {"POST /v1/employees/events": CHECKS.get_by_names(["negative_data_rejection"])}
"""Answers 202 with a problem for each event that it refuses."""
INSIDES = re.compile(
    r"Traceback|File \"|\.py\b|/src/|site-packages|sqlalchemy|asyncpg|pydantic|psycopg|starlette|fastapi|"
    r"SELECT |INSERT |UPDATE |relation \"|column \"|constraint|postgres|nats://|0x[0-9a-f]{6,}|<class|object at",
    re.IGNORECASE,
)
FIELDS = {"type", "title", "status", "detail", "code", "trace_id", "errors"}


OPERATIONS = sorted({(row.service, row.operation) for row in ROWS if row.service != "each"})
QUICK = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


for _format, _values in {
    "date-time-local": ["2026-12-24T18:00", "2027-03-28T02:30:00", "2027-10-31T02:30", "9999-12-31T23:59"],
    "iana-time-zone": ["UTC", "Europe/Berlin", "Pacific/Apia"],
}.items():
    schemathesis.openapi.format(_format, st.sampled_from(_values))


class Fuzzed(NamedTuple):
    """An operation as schemathesis reads it, and somebody who may do it on something that exists."""

    operation: APIOperation[Any, Any, Any, Any]
    headers: dict[str, str]
    things: dict[str, str]

    @property
    def cases(self) -> st.SearchStrategy[Case[Any]]:
        """Requests for what exists that fit the document, and requests that do not fit it."""
        about_it = self.operation.as_strategy(GenerationMode.POSITIVE, path_parameters=self.things or None)
        return st.one_of(
            about_it,
            about_it,
            self.operation.as_strategy(GenerationMode.POSITIVE),
            self.operation.as_strategy(GenerationMode.NEGATIVE),
        )


def fuzzed(scene: Scene, service: str, name: str) -> Fuzzed:
    row = next(row for row in ROWS if (row.service, row.operation) == (service, name))
    callers = ("member", "owner", "admin", "publisher")
    served = [one for one in callers if row.expected[one][0] in "2n"]
    let_in = [one for one in callers if row.expected[one] not in {"401", "403"}]
    who = CALLERS[[*served, *let_in][0]]
    document = copy.deepcopy(scene.stage.services[service].app.openapi())
    for operations in document["paths"].values():
        for described in operations.values():
            described.pop("security")  # the token is always there; schemathesis would count it as left out
    (operation,) = [
        found
        for one in schemathesis.openapi.from_dict(document).get_all_operations()
        if isinstance(one, Ok)
        for found in [one.ok()]
        if f"{found.method.upper()} {without_names(found.path)}" == name
    ]
    parameters = re.findall(r"{(\w+)}", operation.path)
    things = [scene.of[who.asks_for][word] for word in re.findall(r"{(\w+)}", row.path)]
    return Fuzzed(operation, scene.stage.headers(who.id, *who.roles), dict(zip(parameters, things, strict=True)))


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=lambda text: text.replace("{}", "*"))
async def test_nothing_that_is_sent_breaks_a_service(scene: Scene, service: str, name: str) -> None:
    scene.stage.rehearse()
    loop = asyncio.get_running_loop()
    one = fuzzed(scene, service, name)

    def send(case: Case[Any]) -> httpx.Response:
        method, url, request = _request(case, one.headers)
        asking = scene.stage.ask(service, method, url, **request)
        return asyncio.run_coroutine_threadsafe(asking, loop).result(30)

    @QUICK
    @given(case=one.cases)
    def fuzz(case: Case[Any]) -> None:
        answer = send(case)
        case.validate_response(answer, checks=CHECKED, excluded_checks=EXCUSED.get(name))
        must_tell_nothing(answer)

    # The client lives in this loop, and Hypothesis would stop it.
    await asyncio.to_thread(fuzz)


def _request(case: Case[Any], headers: dict[str, str]) -> tuple[str, str, dict[str, Any]]:
    wanted = case.as_transport_kwargs(base_url="http://fuzzed", headers=headers)
    parts = {"method", "url", "headers", "params", "data", "json", "cookies"}
    prepared = requests.Request(**{name: wanted[name] for name in parts & set(wanted)}).prepare()
    return str(prepared.method), str(prepared.url), {"headers": dict(prepared.headers), "content": prepared.body}


def must_tell_nothing(answer: httpx.Response) -> None:
    """An error is a problem document with nothing of the inside in it but words that the caller has sent."""
    assert answer.elapsed.total_seconds() < SECONDS
    if answer.status_code < 400:
        return
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert set(problem) <= FIELDS
    sent = f"{answer.request.url} {answer.request.content!r}".lower()
    assert [word for word in INSIDES.findall(answer.text) if word.lower() not in sent] == [], answer.text


async def test_a_field_is_named_as_it_was_sent_and_nothing_else_of_the_inside_is_told(scene: Scene) -> None:
    # Hypothesis takes words from the sources that are loaded, such as the name of a server.
    who = scene.stage.headers("E-owner", "programme-manager")
    answer = await scene.stage.ask("matching", "POST", "/v1/programmes", headers=who, json={"postgres:5432": 1})
    assert "postgres:5432" in {error["field"] for error in answer.json()["errors"]}
    must_tell_nothing(answer)
    told = httpx.Response(
        answer.status_code, headers=answer.headers, request=answer.request, json=answer.json() | {"detail": "asyncpg"}
    )
    told.elapsed = answer.elapsed
    with pytest.raises(AssertionError, match="asyncpg"):
        must_tell_nothing(told)


@pytest.mark.parametrize("service", SERVICES)
async def test_what_is_not_served_is_a_problem_too(scene: Scene, service: str) -> None:
    who = scene.stage.headers("E-member", "employee")
    for path in (
        "/",
        "/v1",
        "/v2/programmes",
        "/v1/../etc/passwd",
        "/v1/%2e%2e/",
        "/v1/me/messages/",
        "//v1",
        "/v1/\U0001f600",
    ):
        answer = await scene.stage.ask(service, "GET", path, headers=who)
        assert answer.status_code == 404, path
        must_tell_nothing(answer)
    for method in ("TRACE", "PROPFIND", "DELETE"):
        answer = await scene.stage.ask(service, method, "/livez", headers=who)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET"), method
        must_tell_nothing(answer)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_method_that_is_not_served_is_told_all_that_are(scene: Scene, service: str) -> None:
    for path, operations in scene.stage.services[service].app.openapi()["paths"].items():
        answer = await scene.stage.ask(service, "PATCH", re.sub(r"{\w+}", str(uuid4()), path))
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == {method.upper() for method in operations}, path
