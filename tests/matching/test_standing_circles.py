"""Circles that there are already: later runs let people join them, up to the maximum and one by one."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from matching.adapters.db import policies
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.refusal import BadValue
from matching.domain.rules import Rules
from matching.domain.runs import solve
from matching.domain.verify import verify
from tests.builders import hired
from tests.matching.conftest import House
from tests.matching.test_verify import complaints, run_of


async def standing(house: House, **rules: Any) -> str:
    """A programme in which E1 and E2 are the circle of E6, who has five places."""
    programme = await house.programme(format="group", rules=rules)
    await house.enrol(programme, ["E1", "E2"], "mentee")
    await house.enrol(programme, ["E6"], "mentor", capacity=5)
    await house.offers(programme)
    return programme


async def test_a_later_run_fills_a_circle_up_to_its_maximum_and_not_above(staffed: House) -> None:
    programme = await standing(staffed, circle_max=3)
    await staffed.enrol(programme, ["E3", "E4", "E5"], "mentee")
    run = await staffed.run(programme)
    assert (run["status"], run["pair_count"]) == ("completed", 1)
    await staffed.ok("POST", f"/runs/{run['run_id']}/publish")
    assert (await staffed.run(programme))["pair_count"] == 0


async def test_one_person_alone_may_join_a_circle_that_has_begun(staffed: House) -> None:
    programme = await standing(staffed, circle_min=2, circle_max=5)
    await staffed.enrol(programme, ["E3"], "mentee")
    run = await staffed.run(programme)
    assert [(pair["mentee_id"], pair["mentor_id"]) for pair in run["pairs"]] == [("E3", "E6")]


async def test_nobody_is_offered_a_place_in_a_full_circle_by_any_way(staffed: House) -> None:
    programme = await standing(staffed, circle_max=2)
    await staffed.enrol(programme, ["E3", "E4"], "mentee")
    await staffed.ok("PUT", f"/programmes/{programme}/offer-policy", json={"self_match": True})
    asked = await staffed.call("POST", f"/programmes/{programme}/requests", "E3", json={"mentor_id": "E6"})
    assert (asked.status_code, asked.json()["code"]) == (409, "capacity_full")
    taken_over = {"pairs": [{"mentee_id": "E3", "mentor_id": "E6"}]}
    found = await staffed.ok("POST", f"/programmes/{programme}/pairings", json=taken_over)
    assert [one["field"] for one in found["results"]] == ["pairs.0.mentor_id"]
    await staffed.hear(hired("E7"))
    await staffed.enrol(programme, ["E7"], "mentor")
    async with staffed.here.service.database.transaction() as tx:
        assert await policies.free_among(tx, UUID(programme), ["E6", "E7"]) == {"E7": 1}
        prospects = await policies.prospects_of(tx, UUID(programme), "E3", ["E6", "E7"])
        assert prospects is not None
        assert prospects.free == {"E7"}


async def test_no_more_are_pinned_to_a_circle_than_it_has_people_though_its_mentor_has_room(staffed: House) -> None:
    programme = await staffed.programme(format="group", rules={"circle_max": 1})
    await staffed.enrol(programme, ["E1", "E2"], "mentee")
    await staffed.enrol(programme, ["E6"], "mentor", capacity=5)
    run = await staffed.run(programme)
    (pair,) = run["pairs"]
    alone = {"E1": "E2", "E2": "E1"}[pair["mentee_id"]]
    edit = {"kind": "pin", "mentee_id": alone, "mentor_id": "E6"}
    refused = await staffed.call("POST", f"/runs/{run['run_id']}/edits", json=edit)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "mentor_id"), refused.text
    for mentee, status in (("E1", 200), ("E2", 422)):
        decided = {"kind": "must_match"}
        answer = await staffed.call("PUT", f"/programmes/{programme}/pairs/{mentee}/E6", json=decided)
        assert answer.status_code == status, answer.text


def test_who_joins_is_proven_as_others_are_and_a_new_circle_still_needs_its_minimum() -> None:
    mentors = (Profile("M0", capacity=1, seated=2), Profile("M1", capacity=5))
    mentees = tuple(Profile(f"E{number}") for number in range(3))
    problem = Problem("group", Rules(circle_min=3, circle_max=5), mentees, mentors)
    assert [pair.mentor for pair in solve(problem).pairs] == ["M1"] * 3
    few = replace(problem, mentees=mentees[:2])
    assert [pair.mentor for pair in solve(few).pairs] == ["M0"]
    for one in (problem, few):
        verdict = verify(run_of(one))
        assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]
        assert verdict.gap == 0
    document = run_of(few)
    document["mentors"][0]["seated"] = 0
    assert "capacities" in complaints(document)


def test_more_pins_than_a_circle_has_places_are_refused_though_its_mentor_has_room() -> None:
    mentees = (Profile("E1"), Profile("E2"))
    pins = frozenset({("E1", "M"), ("E2", "M")})
    with pytest.raises(BadValue, match="M has more pinned partners than places"):
        solve(Problem("group", Rules(circle_max=1), mentees, (Profile("M", capacity=5),), pins=pins))


def test_fewer_than_nobody_sit_nowhere() -> None:
    with pytest.raises(BadValue, match="seated"):
        solve(Problem("group", Rules(), (Profile("E"),), (Profile("M", seated=-1),)))
