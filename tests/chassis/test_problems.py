"""Every error is a problem document that tells nothing from inside."""

import httpx
import pytest

from tests.conftest import Bearer

Content = dict[str, str | bytes]
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        pytest.param(b"{not json", JSON, 400, "malformed_json", id="broken JSON"),
        pytest.param(b'{"words": NaN}', JSON, 400, "malformed_json", id="NaN"),
        pytest.param(b'{"words": "\xff"}', JSON, 400, "not_utf8", id="not UTF-8"),
        pytest.param('{"words": "x"}'.encode("utf-16"), JSON, 400, "not_utf8", id="UTF-16"),
        pytest.param(b'{"words": "\xed\xa0\x80"}', JSON, 400, "not_utf8", id="surrogate in bytes"),
        pytest.param(b'{"words": "a\\u0000b"}', JSON, 400, "nul_character", id="NUL"),
        pytest.param(b'{"words": "\\ud800"}', JSON, 400, "lone_surrogate", id="lone surrogate"),
        pytest.param(b'{"words": ' + b"[" * 5000 + b"]" * 5000 + b"}", JSON, 400, "too_deep", id="nesting"),
        pytest.param(b'{"words": "' + b"x" * 300_000 + b'"}', JSON, 413, "too_large", id="too large"),
        pytest.param(b"words=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415, None, id="a form"),
        pytest.param(b'{"words": "x"}', {"Content-Type": "text/plain"}, 415, None, id="text"),
        pytest.param(b"[]", JSON, 422, "invalid", id="a list"),
        pytest.param(b"null", JSON, 422, "invalid", id="null"),
        pytest.param(b"", JSON, 422, "invalid", id="nothing"),
        pytest.param(b"{}", JSON, 422, "invalid", id="a missing value"),
        pytest.param(b'{"words": "x", "id": "1"}', JSON, 422, "invalid", id="a value of the server's"),
        pytest.param(b'{"words": "x", "pages": 1e999}', JSON, 422, "invalid", id="infinity"),
    ],
)
async def test_a_body_that_cannot_be_meant_is_refused(
    client: httpx.AsyncClient,
    bearer: Bearer,
    content: bytes,
    headers: dict[str, str],
    status: int,
    code: str | None,
) -> None:
    answer = await client.post("/v1/notes", content=content, headers={**bearer("E1", "employee"), **headers})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] == (code or "unsupported_media_type")
    assert {"type", "title", "detail"} <= problem.keys()


async def test_texts_that_only_look_like_nul_or_surrogates_are_taken(client: httpx.AsyncClient, bearer: Bearer) -> None:
    for content in (b'{"words": "a\\\\u0000b"}', b'{"words": "\\ud83d\\ude00"}', '{"words": "é😀"}'.encode()):
        answer = await client.post("/v1/notes", content=content, headers={**bearer("E1", "employee"), **JSON})
        assert answer.status_code == 201, content


async def test_values_that_were_sent_are_not_sent_back(client: httpx.AsyncClient, bearer: Bearer) -> None:
    sent = {"words": ["canary"], "pages": "canary", "canary-field": 1}
    answer = await client.post("/v1/notes", json=sent, headers=bearer("E1", "employee"))
    errors = {error["field"]: (error["code"], error["detail"]) for error in answer.json()["errors"]}
    assert errors == {
        "words": ("string_type", "Input should be a valid string"),
        "pages": ("int_parsing", "Input should be a valid integer, unable to parse string as an integer"),
        "canary-field": ("extra_forbidden", "Nothing of this name is known here."),
    }
    assert '"canary"' not in answer.text


async def test_a_body_may_announce_less_than_it_is(client: httpx.AsyncClient, bearer: Bearer) -> None:
    async def chunks() -> object:
        for _ in range(40):
            yield b" " * 10_000

    headers = {**bearer("E1", "employee"), **JSON}
    answer = await client.post("/v1/notes", content=chunks(), headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 413


async def test_a_bulk_route_takes_more_and_not_everything(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = bearer("E1", "employee")
    assert (await client.post("/v1/bulk", json={"words": "x" * 900_000}, headers=headers)).status_code == 200
    assert (await client.post("/v1/bulk", json={"words": "x" * 1_100_000}, headers=headers)).status_code == 413


async def test_an_unknown_path_and_a_wrong_method_are_problems(client: httpx.AsyncClient, bearer: Bearer) -> None:
    nowhere = await client.get("/v1/nowhere", headers=bearer("E1", "employee"))
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    wrong = await client.delete("/v1/notes", headers=bearer("E1", "employee"))
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"]
    assert wrong.headers["content-type"] == "application/problem+json"


async def test_another_ones_note_and_a_broken_id_tell_nothing(client: httpx.AsyncClient, bearer: Bearer) -> None:
    made = (await client.post("/v1/notes", json={"words": "mine"}, headers=bearer("E1", "employee"))).json()
    assert (await client.get(f"/v1/notes/{made['id']}", headers=bearer("E2", "employee"))).status_code == 404
    broken = await client.get("/v1/notes/canary", headers=bearer("E1", "employee"))
    assert broken.status_code == 422
    assert "canary" not in broken.text


@pytest.mark.parametrize("path", ["/v1/notes/%00", "/v1/notes?cursor=%00", "/v1/notes?limit=0", "/v1/notes?limit=201"])
async def test_odd_paths_and_queries_are_refused(client: httpx.AsyncClient, bearer: Bearer, path: str) -> None:
    answer = await client.get(path, headers=bearer("E1", "employee"))
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_number_that_the_database_cannot_hold_is_422(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/count/7")).json() == {"number": 7}
    for number in (2**31, 2**63, 10**30):
        assert (await client.get(f"/v1/count/{number}")).status_code == 422


async def test_two_who_write_the_same_at_once_get_409(
    client: httpx.AsyncClient, notebook: object, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.chassis.notebook.uuid7", lambda: "01900000-0000-7000-8000-000000000000")
    headers = bearer("E1", "employee")
    assert (await client.post("/v1/notes", json={"words": "first"}, headers=headers)).status_code == 201
    second = await client.post("/v1/notes", json={"words": "second"}, headers=headers)
    assert (second.status_code, second.json()["code"]) == (409, "concurrent_change")
