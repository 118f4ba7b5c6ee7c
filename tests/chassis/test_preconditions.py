"""Changes that were made for a version that is gone are refused."""

import httpx
import pytest

from chassis.errors import PreconditionFailed
from chassis.preconditions import Precondition, etag, matches_none, tags_in
from tests.conftest import Bearer


async def test_a_change_for_the_current_version_goes_through_and_one_for_an_older_does_not(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    headers = bearer("E1", "employee")
    made = await client.post("/v1/notes", json={"words": "one"}, headers=headers)
    path, first = made.headers["location"], made.headers["etag"]
    changed = await client.put(path, json={"words": "two"}, headers={**headers, "If-Match": first})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    late = await client.put(path, json={"words": "three"}, headers={**headers, "If-Match": first})
    assert (late.status_code, late.json()["code"]) == (412, "changed_since")
    assert (await client.get(path, headers=headers)).json()["words"] == "two"
    either = await client.put(path, json={"words": "four"}, headers={**headers, "If-Match": f'{first}, "2"'})
    assert either.status_code == 200
    assert (await client.put(path, json={"words": "five"}, headers=headers)).status_code == 200


async def test_a_read_of_what_is_known_is_304(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = bearer("E1", "employee")
    made = await client.post("/v1/notes", json={"words": "one"}, headers=headers)
    known = await client.get(made.headers["location"], headers={**headers, "If-None-Match": 'W/"1"'})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", '"1"')
    other = await client.get(made.headers["location"], headers={**headers, "If-None-Match": '"2"'})
    assert other.status_code == 200


def test_a_weak_tag_never_matches_a_change() -> None:
    with pytest.raises(PreconditionFailed):
        Precondition(tags_in('W/"1"')).check(1)


def test_a_star_matches_whatever_exists() -> None:
    Precondition(tags_in("*")).check(7)
    with pytest.raises(PreconditionFailed):
        Precondition(tags_in("*")).check(None)


def test_no_precondition_asks_nothing() -> None:
    Precondition(None).check(None)


def test_tags_of_reads_compare_weakly() -> None:
    assert matches_none('W/"1", "2"', etag(1))
    assert not matches_none('"2"', etag(1))
    assert matches_none("*", etag(1))
