"""What the OpenAPI documents give to programs that are generated from them: names, words, and one schema a thing."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from mentorship.local.issuer import Issuer
from tests.fixtures.databases import Databases
from tests.security.stage import SERVICES, opened

Documents = dict[str, dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def documents(
    postgres: Databases, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Documents]:
    async with opened(postgres, issuer, tmp_path_factory.mktemp("stage")) as stage:
        yield {name: service.app.openapi() for name, service in stage.services.items()}


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for path in document["paths"].values() for operation in path.values())


@pytest.mark.parametrize("service", SERVICES)
def test_an_operation_has_a_short_name_of_its_own(documents: Documents, service: str) -> None:
    names = [operation["operationId"] for operation in operations(documents[service])]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+){1,4}", name) and name != "unsubscribe"] == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_two_schemas_share_a_name(documents: Documents, service: str) -> None:
    assert [name for name in documents[service]["components"]["schemas"] if "__" in name] == []


@pytest.mark.parametrize("service", SERVICES)
def test_operations_belong_to_one_group_and_say_what_they_do_and_what_their_queries_mean(
    documents: Documents, service: str
) -> None:
    assert len(documents[service]["info"]["description"]) > 200
    for operation in operations(documents[service]):
        assert operation["description"], operation["operationId"]
        assert len(operation["tags"]) == 1, operation["operationId"]
        for parameter in operation.get("parameters", ()):
            if parameter["in"] != "path":
                assert parameter.get("description"), (operation["operationId"], parameter["name"])


@pytest.mark.parametrize("service", SERVICES)
def test_who_is_told_to_wait_is_told_how_long(documents: Documents, service: str) -> None:
    for operation in operations(documents[service]):
        for code in ("429", "503"):
            assert "Retry-After" in operation["responses"][code]["headers"]
