"""What a service tells about its HTTP side, and whether it keeps to it."""

import httpx

from chassis.access import policies
from tests.chassis.notebook import Notebook


async def test_the_document_is_open_to_all_and_names_who_may_call_what(
    client: httpx.AsyncClient, notebook: Notebook
) -> None:
    document = (await client.get("/openapi.json")).json()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for method, path, roles in policies(notebook.app):
        if not path.startswith("/v1"):
            assert path not in document["paths"]
            continue
        operation = document["paths"][path][method.lower()]
        assert operation["security"] == ([{"bearer": []}] if roles else [])
        assert operation.get("x-roles", []) == sorted(roles)


async def test_every_operation_declares_its_problems(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    for operation in operations:
        for code in ("400", "404", "422", "503"):
            content = operation["responses"][code]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert {"HTTPValidationError", "ValidationError"}.isdisjoint(document["components"]["schemas"])


async def test_posts_declare_the_idempotency_key_and_changes_the_precondition(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    names = {parameter["name"] for parameter in paths["/v1/notes"]["post"]["parameters"]}
    assert names == {"Idempotency-Key"}
    assert "if-match" in {parameter["name"] for parameter in paths["/v1/notes/{note_id}"]["put"]["parameters"]}


async def test_the_page_for_people_is_there(client: httpx.AsyncClient) -> None:
    assert (await client.get("/docs")).status_code == 200
