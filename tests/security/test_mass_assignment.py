"""Nobody sets what is the server's to say: its field names are refused wherever they stand in a body.

The names are those of every response, of every table and of the tokens' claims: an operation that takes one of them by
right names it in its body's schema.
"""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import httpx
import pytest

from contracts.hr import EmployeeHired
from matching.domain.rules import DEFAULT_WEIGHTS
from notifications.domain.kinds import Kind
from tests.builders import hired
from tests.security.scene import BODIES, CALLERS, Scene
from tests.security.stage import SERVICES, Stage
from tests.security.test_access_matrix import ROWS, Row

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHOWN_AT_ONCE = 20
"""Faults that a problem lists."""
KEYS: dict[str, Iterable[str]] = {"weights": DEFAULT_WEIGHTS, "kinds": Kind}
"""What the mappings in bodies are keyed by."""
TOKEN_FIELDS = {"sub", "roles", "role", "is_admin", "caller", "subject"}
OPEN_ENDED = {"POST /v1/employees/events"}
"""Operations that take CloudEvents: what a newer publisher says beside what is known has to be tolerated, not taken."""
BODY_ROWS = [row for row in ROWS if row.operation in BODIES and row.operation not in OPEN_ENDED]


@dataclass(frozen=True)
class Place:
    """An object within a body, the field names that belong there, and whether those are fields or keys of a mapping."""

    path: tuple[str, ...]
    own: frozenset[str]
    is_mapping: bool

    def filled(self, body: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
        """The body with these fields in this object."""
        changed = copy.deepcopy(body)
        target = changed
        for step in self.path:
            target = target[step]
        target |= fields
        return changed


def schemas(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = document["components"]["schemas"]
    return found


def server_fields(stage: Stage) -> list[str]:
    """Every name under which a server keeps or shows something."""
    names = set(TOKEN_FIELDS)
    for service in SERVICES:
        for schema in schemas(stage.services[service].app.openapi()).values():
            names |= set(schema.get("properties", {}))
        for table in import_module(f"{service}.adapters.db").metadata.tables.values():
            names |= {column.name for column in table.columns}
    return sorted(names)


def places(document: dict[str, Any], operation: Row) -> Iterator[Place]:
    """Every object of the operation's sample body."""
    path = next(path for path in document["paths"] if _fits(path, operation.path))
    content = document["paths"][path][operation.method.lower()]["requestBody"]["content"]
    yield from _places(document, content["application/json"]["schema"], BODIES[operation.operation](), ())


def _places(
    document: dict[str, Any], schema: dict[str, Any] | None, value: Any, path: tuple[str, ...]
) -> Iterator[Place]:
    if schema is None or not isinstance(value, dict):
        return
    schema = _resolved(document, schema)
    properties = schema.get("properties")
    yield Place(path, frozenset(properties or KEYS[path[-1]]), is_mapping=properties is None)
    for name, inner in value.items():
        yield from _places(
            document, (properties or {}).get(name, schema.get("additionalProperties")), inner, (*path, name)
        )


def _objects(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        yield path
        for name, inner in value.items():
            yield from _objects(inner, (*path, name))


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for choice in schema.get("anyOf", ()):
        if "$ref" in choice:
            schema = choice
    if "$ref" in schema:
        return schemas(document)[schema["$ref"].rpartition("/")[2]]
    return schema


def _fits(template: str, path: str) -> bool:
    one, other = template.split("/"), path.split("/")
    return len(one) == len(other) and all(
        a == b or (a[:1], b[:1]) == ("{", "{") for a, b in zip(one, other, strict=True)
    )


@pytest.fixture(autouse=True)
def _for_real(scene: Scene) -> Iterator[None]:
    scene.stage.perform()
    yield
    scene.stage.rehearse()


async def everything_in(stage: Stage, service: str) -> dict[str, list[str]]:
    tables = import_module(f"{service}.adapters.db").metadata.tables
    return {
        table: sorted(str(tuple(row)) for row in await stage.sql(service, f'SELECT * FROM "{table}"'))
        for table in tables
    }


def a_caller(row: Row) -> str:
    """Somebody who may do it."""
    return next(name for name in ("member", "owner", "admin") if row.expected[name].startswith("2"))


async def send(scene: Scene, row: Row, body: dict[str, Any] | None) -> httpx.Response:
    who = CALLERS[a_caller(row)]
    headers = scene.stage.headers(who.id, *who.roles)
    path = row.path.format(**scene.of[who.asks_for])
    return await scene.stage.ask(row.service, row.method, path, headers=headers, json=body)


async def test_every_operation_with_a_body_has_a_sample(scene: Scene) -> None:
    for service in SERVICES:
        for path, operations in scene.stage.services[service].app.openapi()["paths"].items():
            for method, operation in operations.items():
                if "requestBody" in operation:
                    assert any(row.method == method.upper() and _fits(path, row.path) for row in BODY_ROWS) or (
                        f"{method.upper()} {path}" in OPEN_ENDED
                    ), path


async def test_there_are_many_names_to_try(scene: Scene) -> None:
    fields = server_fields(scene.stage)
    assert {"version", "status", "owner_id", "score", "lease_until", "starts_at", "author_id"} <= set(fields)
    assert len(fields) > 120


@pytest.mark.parametrize("row", BODY_ROWS, ids=lambda row: f"{row.method} {row.path}")
async def test_a_servers_field_in_a_body_is_refused_and_nothing_happens(scene: Scene, row: Row) -> None:
    body = BODIES[row.operation]()
    before = await everything_in(scene.stage, row.service)
    found = list(places(scene.stage.services[row.service].app.openapi(), row))
    assert [place.path for place in found] == list(_objects(body))
    for place in found:
        strange = [name for name in server_fields(scene.stage) if name not in place.own]
        at_once = 1 if place.is_mapping else SHOWN_AT_ONCE
        for start in range(0, len(strange), at_once):
            names = strange[start : start + at_once]
            answer = await send(scene, row, place.filled(body, dict.fromkeys(names, 1)))
            assert answer.status_code == 422, (place, names)
            if not place.is_mapping:
                refused = {fault["field"].rpartition(".")[2] for fault in answer.json()["errors"]}
                assert refused == set(names), place
    assert await everything_in(scene.stage, row.service) == before


async def test_what_an_event_says_beside_what_is_known_is_not_kept(scene: Scene) -> None:
    event = hired("E-crammed")
    names = set(server_fields(scene.stage)) - set(event.model_dump())
    crammed = EmployeeHired.model_validate(event.model_dump() | dict.fromkeys(names, "smuggled"))
    await scene.stage.hear(crammed)
    for service in SERVICES:
        kept = await everything_in(scene.stage, service)
        assert not any("smuggled" in row for rows in kept.values() for row in rows)
    statement = "SELECT status, document FROM employee WHERE employee_id = 'E-crammed'"
    ((status, document),) = await scene.stage.sql("matching", statement)
    assert status == "active"
    assert not names & set(document)


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.method != "GET" and row.operation not in BODIES],
    ids=lambda row: f"{row.method} {row.path}",
)
async def test_a_body_where_none_is_taken_changes_nothing(scene: Scene, row: Row) -> None:
    scene.stage.rehearse()
    without, crammed = (
        await send(scene, row, None),
        await send(scene, row, dict.fromkeys(server_fields(scene.stage), 1)),
    )
    assert (without.status_code, _lasting(without)) == (crammed.status_code, _lasting(crammed))


def _lasting(answer: httpx.Response) -> str:
    """An answer without what each is given anew: ids and instants."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.+Z]+", "*", answer.text)
