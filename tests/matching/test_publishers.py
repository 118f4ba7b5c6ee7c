"""Publishers and the sources that are theirs: declared in the topology, read from a file, held to it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from matching.adapters.publishers import Publishers
from tests.builders import changed, erased, hired, left
from tests.conftest import Bearer
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner
from tests.matching.conftest import House, opened
from tests.matching.test_intake import post, whole

DECLARED = {
    "hr": {"source": "/hr", "caller": "hr", "subjects": ["hr.employee.>"]},
    "payroll": {"source": "/payroll", "caller": "0oa1b2c3", "subjects": ["hr.employee.left.v1"]},
}


def declare(path: Path, declared: Any = None) -> Path:
    path.write_text(json.dumps(DECLARED if declared is None else declared))
    return path


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    return declare(tmp_path / "publishers.json")


@pytest.fixture
async def bound(postgres: Databases, running: Runner, bus: Bus, bearer: Bearer, declared: Path) -> AsyncIterator[House]:
    """Matching, told who the publishers are."""
    async with opened(postgres, running, bus, bearer, publishers_file=declared) as house:
        yield house


async def refused(house: House, event: Any, caller: str) -> tuple[int, str, str] | None:
    response = await post(house, event, "application/cloudevents+json", (caller, "publisher"))
    problem = response.json()["results"][0]["problem"]
    return problem and (problem["status"], problem["code"], problem["errors"][0]["field"])


async def test_over_http_a_token_is_bound_to_its_publishers_source_and_types(bound: House) -> None:
    as_hr, as_payroll = whole(hired("E1"), source="/hr"), whole(left("E1"), "p1", source="/payroll")
    assert await refused(bound, as_hr, "hr") is None
    assert await refused(bound, as_payroll, "0oa1b2c3") is None, "known by the subject of its tokens"
    assert await refused(bound, as_payroll, "payroll") == (403, "undeclared_publisher", "/source")
    assert await refused(bound, as_payroll, "hr") == (403, "foreign_source", "/source")
    assert await refused(bound, whole(hired("E1"), "p2", source="/payroll"), "0oa1b2c3") == (
        403,
        "foreign_type",
        "/type",
    )


async def test_over_nats_a_source_that_nobody_has_is_refused_counted_and_listed(bound: House) -> None:
    await bound.bus.publish(hired("E1"))
    await bound.bus.publish(hired("E2"), source="/nobody")
    await bound.bus.publish(changed("E1", display_name="Somebody Else"), source="/payroll")
    await bound.bus.settled()
    assert [row.employee_id for row in await bound.rows("SELECT employee_id FROM employee")] == ["E1"]
    letters = await bound.bus.data("mentorship.dlq.>")
    assert [(one["source"], one["reason"]) for one in letters] == [
        ("/nobody", "undeclared_source"),
        ("/payroll", "foreign_type"),
    ]
    found = await bound.ok("GET", "/employees/refusals", "ops", "operator")
    counted = [(row["source"], row["reason"], row["refused"]) for row in found["items"]]
    assert counted == [("/nobody", "undeclared_source", 1), ("/payroll", "foreign_type", 1)]
    assert "Somebody Else" not in json.dumps(letters)


async def test_what_was_refused_for_its_source_goes_with_the_person(bound: House) -> None:
    await bound.bus.publish(hired("E1", display_name="Zanzibar Quux"), source="/nobody")
    await bound.hear(erased("E1"))
    await bound.erased()
    assert not any(b"Quux" in (message.data or b"") for message in await bound.bus.messages("hr.employee.>"))


def test_a_publisher_that_is_added_is_known_at_once_and_one_that_is_removed_no_more(declared: Path) -> None:
    publishers = Publishers(declared)
    added = DECLARED | {"intranet": {"source": "/intranet", "caller": "intranet", "subjects": ["hr.employee.*.v1"]}}
    assert publishers.why_not("intranet", "/intranet", "hr.employee.left.v1") is not None
    replacement = declare(declared.with_name("new"), added)
    replacement.replace(declared)
    assert publishers.why_not("intranet", "/intranet", "hr.employee.left.v1") is None
    declare(declared.with_name("new"), DECLARED).replace(declared)
    assert publishers.why_not("intranet", "/intranet", "hr.employee.left.v1") is not None


def test_what_cannot_be_read_anew_leaves_what_was_declared(declared: Path) -> None:
    publishers = Publishers(declared)
    declared.write_text("{")
    assert publishers.why_not("hr", "/hr", "hr.employee.left.v1") is None


def test_erasures_that_matching_brings_back_are_its_own(declared: Path) -> None:
    publishers = Publishers(declared)
    assert publishers.why_undeclared("/mentorship/matching", "hr.employee.erased.v1") is None
    assert publishers.why_undeclared("/mentorship/matching", "hr.employee.hired.v1") == "foreign_type"


def test_without_a_declaration_a_caller_has_the_source_of_its_own_name() -> None:
    publishers = Publishers(None)
    assert publishers.why_not("workday", "/workday", "hr.employee.left.v1") is None
    assert publishers.why_not("workday", "/hr", "hr.employee.left.v1") is not None
    assert publishers.why_undeclared("/anything", "hr.employee.left.v1") is None
