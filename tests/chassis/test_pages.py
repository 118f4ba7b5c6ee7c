"""Lists in pages."""

import re
from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Invalid
from chassis.pages import Position
from tests.chassis.notebook import Notebook
from tests.conftest import Bearer

NOTE = UUID("01900000-0000-7000-8000-000000000000")


async def test_all_pages_together_are_the_list(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = bearer("E1", "employee")
    for number in range(7):
        await client.post("/v1/notes", json={"words": str(number)}, headers=headers)
    seen, cursor, pages = [], "", 0
    while True:
        page = (await client.get(f"/v1/notes?limit=3{cursor}", headers=headers)).json()
        seen += [note["words"] for note in page["items"]]
        pages += 1
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert (seen, pages) == ([str(number) for number in range(7)], 3)


async def test_an_empty_list_is_one_empty_page(client: httpx.AsyncClient, bearer: Bearer) -> None:
    assert (await client.get("/v1/notes", headers=bearer("E1", "employee"))).json() == {"items": [], "next": None}


@pytest.mark.parametrize("cursor", ["x", "AAAA", "W10", "WyJ4Il0", "bnVsbA", "é", "WzFd", "WyJcdTAwMDAiXQ", "W251bGxd"])
async def test_a_cursor_of_somebodys_own_is_422(client: httpx.AsyncClient, bearer: Bearer, cursor: str) -> None:
    answer = await client.get("/v1/notes", params={"cursor": cursor}, headers=bearer("E1", "employee"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.cursor"


async def test_whatever_is_wrong_in_a_query_is_named_with_the_query(client: httpx.AsyncClient, bearer: Bearer) -> None:
    for name, value in (("limit", "0"), ("limit", "201"), ("limit", "x"), ("cursor", "x"), ("cursor", "x" * 1001)):
        answer = await client.get("/v1/notes", params={name: value}, headers=bearer("E1", "employee"))
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, f"query.{name}")


def _page(key: tuple[Any, ...]) -> str:
    page = Position(1).page([key, key], key=lambda row: row, item=str)
    assert page.next
    return page.next


@given(
    st.tuples(
        st.datetimes(timezones=st.just(UTC)),
        st.dates(),
        st.uuids(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
        st.booleans(),
    )
)
def test_a_sort_key_comes_back_as_it_went(key: tuple[Any, ...]) -> None:
    cursor = Position(1, _page(key))
    assert cursor.after(datetime, date, UUID, int, float, str, bool) == key


@given(st.text(max_size=60))
def test_whatever_is_sent_as_cursor_is_a_key_or_refused(cursor: str) -> None:
    try:
        key = Position(1, cursor).after(UUID, int)
    except Invalid:
        return
    assert key is not None


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Invalid):
        Position(1, _page((NOTE,))).after(datetime)
    with pytest.raises(Invalid):
        Position(1, _page((NOTE,))).after(UUID, int)


def test_a_cursor_can_stand_in_a_url_as_it_is() -> None:
    assert all(re.fullmatch("[A-Za-z0-9_-]+", _page(("?" * length, "ÿ" * length))) for length in range(8))


def test_a_cursor_that_is_deeper_than_any_key_is_refused() -> None:
    deep = urlsafe_b64encode(b"[" * 100_000 + b"]" * 100_000).decode()
    with pytest.raises(Invalid):
        Position(1, deep).after(UUID)


async def test_a_page_has_fifty_items_unless_more_or_less_are_asked_for(
    notebook: Notebook, client: httpx.AsyncClient, bearer: Bearer
) -> None:
    await notebook.execute(
        "INSERT INTO note SELECT gen_random_uuid(), 'E1', number::text, 1 FROM generate_series(1, 201) AS row (number)"
    )
    for asked, shown in (("", 50), ("?limit=1", 1), ("?limit=200", 200)):
        page = (await client.get(f"/v1/notes{asked}", headers=bearer("E1", "employee"))).json()
        assert (len(page["items"]), page["next"] is None) == (shown, False)


def test_the_last_page_has_no_next() -> None:
    assert Position(2).page([1, 2], key=lambda row: (row,), item=str).next is None
