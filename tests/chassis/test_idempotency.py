"""A POST that is sent again is answered again, and done once."""

import asyncio
from uuid import uuid4

import httpx
from sqlalchemy import text
from starlette.responses import Response

from chassis.idempotency import Key
from mentorship.local.issuer import Issuer
from tests.chassis.notebook import Notebook, opened
from tests.conftest import Bearer
from tests.fixtures.databases import Databases


def keyed(bearer: Bearer, key: str = "K1", subject: str = "E1") -> dict[str, str]:
    return {**bearer(subject, "employee"), "Idempotency-Key": key}


def told(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    own = {"x-trace-id", "traceresponse"}  # those of each request itself
    return answer.status_code, answer.content, [pair for pair in answer.headers.multi_items() if pair[0] not in own]


async def test_the_same_key_fifty_times_at_once_has_one_effect_and_one_answer(
    client: httpx.AsyncClient, notebook: Notebook, bearer: Bearer
) -> None:
    posts = (client.post("/v1/notes", json={"words": "slow"}, headers=keyed(bearer)) for _ in range(50))
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {201}
    assert all(told(answer) == told(answers[0]) for answer in answers)
    assert answers[0].headers["location"]
    assert len(await notebook.rows("SELECT 1 FROM note")) == 1


async def test_two_processes_agree_on_one_effect(postgres: Databases, issuer: Issuer, bearer: Bearer) -> None:
    async with (
        postgres.empty() as url,
        opened(url, issuer.url) as first,
        opened(url, issuer.url) as second,
        first.client() as here,
        second.client() as there,
    ):
        answers = await asyncio.gather(
            *(client.post("/v1/notes", json={"words": "slow"}, headers=keyed(bearer)) for client in [here, there] * 10)
        )
        assert {told(answer)[:2] for answer in answers} == {told(answers[0])[:2]}
        assert len(await first.rows("SELECT 1 FROM note")) == 1


async def test_another_body_under_the_same_key_is_422(client: httpx.AsyncClient, bearer: Bearer) -> None:
    await client.post("/v1/notes", json={"words": "one"}, headers=keyed(bearer))
    other = await client.post("/v1/notes", json={"words": "two"}, headers=keyed(bearer))
    assert other.status_code == 422
    assert other.json()["errors"][0]["field"] == "header.idempotency-key"
    queried = await client.post("/v1/notes?pages=2", json={"words": "one"}, headers=keyed(bearer))
    assert queried.status_code == 422


async def test_a_key_belongs_to_its_caller_and_its_path(
    client: httpx.AsyncClient, notebook: Notebook, bearer: Bearer
) -> None:
    for subject in ("E1", "E2"):
        answer = await client.post("/v1/notes", json={"words": "mine"}, headers=keyed(bearer, subject=subject))
        assert answer.status_code == 201
    assert (await client.post("/v1/bulk", json={"words": "mine"}, headers=keyed(bearer))).status_code == 200
    assert len(await notebook.rows("SELECT 1 FROM note")) == 2


async def test_a_key_of_a_refused_request_may_try_again(
    client: httpx.AsyncClient, notebook: Notebook, bearer: Bearer
) -> None:
    refused = [await client.post("/v1/notes", json={"words": "refuse"}, headers=keyed(bearer)) for _ in range(2)]
    assert [answer.status_code for answer in refused] == [409, 409]
    assert await notebook.rows("SELECT 1 FROM idempotency_key") == []
    assert (await client.post("/v1/notes", json={"words": "fine"}, headers=keyed(bearer))).status_code == 201


async def test_a_second_call_waits_five_seconds_and_is_told_to_come_back(
    client: httpx.AsyncClient, notebook: Notebook, bearer: Bearer
) -> None:
    first = await client.post("/v1/notes", json={"words": "hello"}, headers=keyed(bearer))
    async with notebook.database.engine.begin() as other:
        # Another process has begun with the same key and does not end.
        await other.exec_driver_sql("DELETE FROM idempotency_key")
        began = asyncio.get_running_loop().time()
        waited = await client.post("/v1/notes", json={"words": "hello"}, headers=keyed(bearer))
        assert (waited.status_code, waited.json()["code"]) == (409, "in_progress")
        assert waited.headers["retry-after"] == "1"
        assert 4.5 < asyncio.get_running_loop().time() - began < 6.5
        await other.rollback()
    assert told(await client.post("/v1/notes", json={"words": "hello"}, headers=keyed(bearer))) == told(first)


async def test_only_the_key_is_waited_for_so_briefly(notebook: Notebook) -> None:
    async with notebook.database.transaction() as tx:

        async def limit() -> Response:
            return Response(await tx.connection.scalar(text("SHOW lock_timeout")))

        answer = await Key(uuid4(), "E1", b"").answer(tx.connection, limit)
    assert answer.body == b"0"


async def test_a_key_that_no_header_may_hold_is_422(client: httpx.AsyncClient, bearer: Bearer) -> None:
    for key in ("", "a b", "x" * 256):
        answer = await client.post("/v1/notes", json={"words": "hello"}, headers=keyed(bearer, key))
        assert answer.status_code == 422, key


async def test_a_departed_caller_gets_no_stored_answer(
    client: httpx.AsyncClient, notebook: Notebook, bearer: Bearer
) -> None:
    await client.post("/v1/notes", json={"words": "hello"}, headers=keyed(bearer))
    await notebook.execute("INSERT INTO leaver VALUES ('E1')")
    again = await client.post("/v1/notes", json={"words": "hello"}, headers=keyed(bearer))
    assert again.status_code == 403
