"""One request is one transaction."""

import asyncio

import httpx

from mentorship.local.issuer import Issuer
from tests.chassis.notebook import Notebook, opened
from tests.conftest import Bearer
from tests.fixtures.databases import Databases


async def test_what_a_post_wrote_is_committed_before_the_answer(
    client: httpx.AsyncClient, notebook: Notebook, bearer: Bearer
) -> None:
    made = await client.post("/v1/notes", json={"words": "hello"}, headers=bearer("E1", "employee"))
    assert made.status_code == 201
    assert made.headers["etag"] == '"1"'
    assert await notebook.rows("SELECT owner, words FROM note") == [("E1", "hello")]


async def test_a_refusal_by_a_rule_is_409_and_leaves_nothing(
    client: httpx.AsyncClient, notebook: Notebook, bearer: Bearer
) -> None:
    refused = await client.post("/v1/notes", json={"words": "refuse"}, headers=bearer("E1", "employee"))
    assert (refused.status_code, refused.json()["code"]) == (409, "too_plain")
    assert await notebook.rows("SELECT 1 FROM note") == []


async def test_a_response_that_is_an_error_leaves_nothing_either(
    client: httpx.AsyncClient, notebook: Notebook, bearer: Bearer
) -> None:
    refused = await client.post("/v1/notes", json={"words": "refuse politely"}, headers=bearer("E1", "employee"))
    assert (refused.status_code, refused.json()) == (409, {"sorry": True})
    assert await notebook.rows("SELECT 1 FROM note") == []


async def test_an_unforeseen_failure_is_500_without_its_text_and_leaves_nothing(
    client: httpx.AsyncClient, notebook: Notebook, bearer: Bearer
) -> None:
    failed = await client.post("/v1/notes", json={"words": "fail"}, headers=bearer("E1", "employee"))
    assert failed.status_code == 500
    assert failed.headers["content-type"] == "application/problem+json"
    assert "secret" not in failed.text
    assert "E1" not in failed.text
    assert failed.json()["trace_id"] == failed.headers["x-trace-id"]
    assert await notebook.rows("SELECT 1 FROM note") == []


async def test_a_request_that_takes_too_long_is_undone(postgres: Databases, issuer: Issuer, bearer: Bearer) -> None:
    async with (
        postgres.empty() as url,
        opened(url, issuer.url, request_seconds=0.1) as notebook,
        notebook.client() as client,
    ):
        late = await client.post("/v1/notes", json={"words": "slow"}, headers=bearer("E1", "employee"))
        assert (late.status_code, late.json()["code"], late.headers["retry-after"]) == (503, "timeout", "1")
        assert await notebook.rows("SELECT 1 FROM note") == []


async def test_a_database_that_is_away_is_503_with_retry_after(
    postgres: Databases, issuer: Issuer, bearer: Bearer
) -> None:
    async with postgres.empty() as url, opened(url, issuer.url) as notebook, notebook.client() as client:
        nowhere = notebook.database
        await nowhere.close()
        notebook.database.engine = type(nowhere)("postgresql://nobody@127.0.0.1:1/none", "/x").engine
        away = await client.post("/v1/notes", json={"words": "hello"}, headers=bearer("E1", "employee"))
        assert (away.status_code, away.json()["code"]) == (503, "database_away")
        assert away.headers["retry-after"] == "2"


async def test_connections_that_die_in_use_are_503(
    client: httpx.AsyncClient, notebook: Notebook, bearer: Bearer
) -> None:
    headers = bearer("E1", "employee")
    writing = asyncio.create_task(client.post("/v1/notes", json={"words": "wait"}, headers=headers))
    others = "FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
    while not await notebook.rows(f"SELECT pg_terminate_backend(pid) {others}"):  # noqa: ASYNC110 - the server sets no event
        await asyncio.sleep(0.05)
    notebook.app.state.gate.set()
    answer = await writing
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert (await client.post("/v1/notes", json={"words": "again"}, headers=headers)).status_code == 201


async def test_a_pool_that_is_used_up_is_503(postgres: Databases, issuer: Issuer, bearer: Bearer) -> None:
    async with postgres.empty() as url, opened(url, issuer.url, pool=1) as notebook, notebook.client() as client:
        notebook.database.engine.pool._timeout = 0.2  # type: ignore[attr-defined]
        async with notebook.database.engine.connect():
            busy = await client.get("/v1/notes", headers=bearer("E1", "employee"))
        assert (busy.status_code, busy.json()["code"], busy.headers["retry-after"]) == (503, "busy", "1")


async def test_an_open_route_asks_for_no_token(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/cover")).json() == {"title": "Notes"}


async def test_who_is_calling_is_asked_before_anything_is_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/notes", content=b"{not json", headers={"Content-Type": "application/json"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_role_that_is_not_allowed_is_403(client: httpx.AsyncClient, bearer: Bearer) -> None:
    assert (await client.get("/v1/admin", headers=bearer("E1", "employee"))).status_code == 403
    assert (await client.get("/v1/admin", headers=bearer("E1"))).status_code == 403
    assert (await client.get("/v1/admin", headers=bearer("OPS", "operator"))).json() == {"who": "OPS"}


async def test_a_leaver_is_locked_out_though_the_token_is_good(
    client: httpx.AsyncClient, notebook: Notebook, bearer: Bearer
) -> None:
    headers = bearer("E1", "employee")
    assert (await client.get("/v1/notes", headers=headers)).status_code == 200
    await notebook.execute("INSERT INTO leaver VALUES ('E1')")
    locked = await client.get("/v1/notes", headers=headers)
    assert (locked.status_code, locked.json()["code"]) == (403, "departed")
    assert (await client.get("/v1/notes", headers=bearer("E2", "employee"))).status_code == 200


async def test_a_caller_who_asks_too_fast_is_429_and_others_are_not(
    postgres: Databases, issuer: Issuer, bearer: Bearer
) -> None:
    async with (
        postgres.empty() as url,
        opened(url, issuer.url, requests_per_second=1) as notebook,
        notebook.client() as client,
    ):
        answers = [await client.get("/v1/notes", headers=bearer("E1", "employee")) for _ in range(8)]
        statuses = [answer.status_code for answer in answers]
        assert statuses == [200] * 5 + [429] * 3
        assert answers[-1].headers["retry-after"] == "1"
        assert (await client.get("/v1/notes", headers=bearer("E2", "employee"))).status_code == 200
