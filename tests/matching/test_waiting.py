"""The waiting list: who finds no place waits, and whoever has waited longest is next."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.matching import Role
from matching.domain.enrolment import Places, Room, next_in_line
from tests.builders import hired, left
from tests.eventually import eventually
from tests.matching.conftest import House


@dataclass
class InLine:
    """Somebody who waits."""

    roles: tuple[Role, ...]


def test_only_roles_with_a_limit_can_be_full() -> None:
    room = Room(Places(mentor=1), {"mentor": 1})
    assert room.has(["mentee"])
    assert not room.has(["mentor"])
    assert not room.has(["mentee", "mentor"])


def test_a_free_place_belongs_to_those_who_wait_for_it() -> None:
    assert not Room(Places(mentor=2), {"mentor": 1}, {"mentor": 1}).has(["mentor"])
    assert Room(Places(mentor=3), {"mentor": 1}, {"mentor": 1}).has(["mentor"])


def test_who_waits_for_two_places_keeps_the_claim_to_the_one_that_is_free() -> None:
    two, one = InLine(("mentee", "mentor")), InLine(("mentor",))
    room = Room(Places(mentor=1, mentee=1), {"mentee": 1})
    assert next_in_line(room, [two, one]) == []
    assert next_in_line(room, [one, two]) == [one]


both: tuple[Role, ...] = ("mentee", "mentor")
wanted = st.sampled_from((both, both[:1], both[1:])).map(InLine)


@given(st.lists(wanted, max_size=12), st.integers(1, 4), st.integers(1, 4), st.integers(0, 5), st.integers(0, 5))
def test_no_role_is_overfilled_and_nobody_is_overtaken_in_their_role(
    line: list[InLine], mentors: int, mentees: int, taken: int, also: int
) -> None:
    room = Room(Places(mentor=mentors, mentee=mentees), {"mentor": taken, "mentee": also})
    chosen = next_in_line(room, line)
    for role, places, had in (("mentor", mentors, taken), ("mentee", mentees, also)):
        assert sum(role in one.roles for one in chosen) <= max(0, places - had)
    for number, one in enumerate(line):
        if any(one is other for other in chosen):
            for role, places, had in (("mentor", mentors, taken), ("mentee", mentees, also)):
                # Everybody who came before them counts, admitted or not: none of them is overtaken.
                ahead = sum(role in other.roles for other in line[:number])
                assert role not in one.roles or ahead < places - had


async def statuses(house: House, programme: str) -> dict[str, str]:
    found = await house.ok("GET", f"/programmes/{programme}/participants?limit=200")
    return {one["employee_id"]: one["status"] for one in found["items"]}


async def test_beyond_the_places_people_wait_and_come_in_in_order(staffed: House) -> None:
    programme = await staffed.programme(enrolment={"places": {"mentee": 2}})
    await staffed.enrol(programme, ["E3", "E1", "E4", "E2"], "mentee")
    await staffed.enrol(programme, ["E5"], "mentor")
    expected = {"E1": "enrolled", "E2": "waitlisted", "E3": "enrolled", "E4": "waitlisted", "E5": "enrolled"}
    assert await statuses(staffed, programme) == expected
    assert [one["employee_id"] for one in await staffed.said("participant.waitlisted", at_least=2)] == ["E4", "E2"]
    await staffed.ok("DELETE", f"/programmes/{programme}/participants/E1", "E1")
    del expected["E1"]
    await eventually(lambda: statuses(staffed, programme), expected | {"E4": "enrolled"})
    said = await staffed.said("participant.enrolled", at_least=4)
    assert said[-1]["employee_id"] == "E4"


async def test_who_waits_is_offered_to_nobody_and_can_leave(staffed: House) -> None:
    programme = await staffed.programme(enrolment={"places": {"mentor": 1}})
    await staffed.enrol(programme, ["E1", "E2"], "mentor")
    await staffed.enrol(programme, ["E3", "E4"], "mentee")
    run = await staffed.run(programme)
    assert {pair["mentor_id"] for pair in run["pairs"]} == {"E1"}
    await staffed.ok("DELETE", f"/programmes/{programme}/participants/E2", "E2")
    assert "E2" not in await statuses(staffed, programme)


async def test_a_place_of_somebody_who_leaves_the_company_goes_to_who_waits(staffed: House) -> None:
    programme = await staffed.programme(enrolment={"places": {"mentee": 1}})
    await staffed.enrol(programme, ["E1", "E2", "E3"], "mentee")
    await staffed.hear(left("E1"), left("E2"))
    await eventually(lambda: statuses(staffed, programme), {"E3": "enrolled"})


async def test_more_places_let_those_in_who_wait(staffed: House) -> None:
    programme = await staffed.programme(enrolment={"places": {"mentee": 1}})
    await staffed.enrol(programme, ["E1", "E2", "E3", "E4"], "mentee")
    await staffed.ok("PUT", f"/programmes/{programme}/enrolment", json={"places": {"mentee": 3}})
    await eventually(
        lambda: statuses(staffed, programme),
        {"E1": "enrolled", "E2": "enrolled", "E3": "enrolled", "E4": "waitlisted"},
    )


async def test_who_waits_keeps_their_place_in_line_when_they_change_their_words(staffed: House) -> None:
    programme = await staffed.programme(enrolment={"places": {"mentee": 1}})
    await staffed.enrol(programme, ["E1", "E2", "E3"], "mentee")
    path = f"/programmes/{programme}/participants"
    before = await staffed.ok("GET", f"{path}/E2", "E2")
    after = await staffed.ok("PUT", f"{path}/E2", "E2", json={"roles": ["mentee"], "goals": ["speaking"]})
    assert (after["status"], after["waiting_since"]) == ("waitlisted", before["waiting_since"])
    switched = await staffed.ok("PUT", f"{path}/E3", "E3", json={"roles": ["mentor"]})
    assert (switched["status"], switched["waiting_since"]) == ("enrolled", None)


async def test_a_role_that_is_full_cannot_be_added(staffed: House) -> None:
    programme = await staffed.programme(enrolment={"places": {"mentor": 1}})
    await staffed.enrol(programme, ["E1"], "mentor")
    await staffed.enrol(programme, ["E2"], "mentee")
    path = f"/programmes/{programme}/participants/E2"
    response = await staffed.call("PUT", path, "E2", json={"roles": ["mentee", "mentor"]})
    assert (response.status_code, response.json()["code"]) == (409, "role_full")
    await staffed.ok("PUT", f"/programmes/{programme}/participants/E1", "E1", json={"roles": ["mentee"]})
    await staffed.ok("PUT", path, "E2", json={"roles": ["mentee", "mentor"]})


async def test_of_many_who_come_at_once_as_many_find_a_place_as_there_are(staffed: House) -> None:
    programme = await staffed.programme(enrolment={"places": {"mentee": 1, "mentor": 2}})

    async def come(name: str) -> Any:
        roles = ["mentee"] if name in {"E1", "E2", "E3"} else ["mentor"]
        return await staffed.ok("PUT", f"/programmes/{programme}/participants/{name}", name, json={"roles": roles})

    found = await asyncio.gather(*(come(f"E{number}") for number in range(1, 7)))
    enrolled = [one["roles"][0] for one in found if one["status"] == "enrolled"]
    assert sorted(enrolled) == ["mentee", "mentor", "mentor"]


async def test_forty_people_who_come_at_once_find_three_places(house: House) -> None:
    await house.hear(*(hired(f"E{number}") for number in range(40)))
    programme = await house.programme(enrolment={"places": {"mentee": 3}})

    async def come(name: str) -> str:
        path = f"/programmes/{programme}/participants/{name}"
        for _ in range(50):
            response = await house.call("PUT", path, name, json={"roles": ["mentee"]})
            if response.status_code != 503:
                return str(response.json()["status"])
        raise AssertionError("busy for ever")

    found = await asyncio.gather(*(come(f"E{number}") for number in range(40)))
    assert Counter(found) == {"enrolled": 3, "waitlisted": 37}


async def test_coming_and_going_at_once_never_overfills_and_leaves_no_place_empty(staffed: House) -> None:
    programme = await staffed.programme(enrolment={"places": {"mentee": 2}})
    path = f"/programmes/{programme}/participants"

    async def restless(name: str) -> None:
        for _ in range(6):
            response = await staffed.call("PUT", f"{path}/{name}", name, json={"roles": ["mentee"]})
            assert response.status_code in {200, 201, 409, 503}, response.text
            taken = await staffed.rows("SELECT 1 FROM participant WHERE status = 'enrolled'")
            assert len(taken) <= 2
            response = await staffed.call("DELETE", f"{path}/{name}", name)
            assert response.status_code in {204, 404, 409, 503}, response.text
        await staffed.ok("PUT", f"{path}/{name}", name, json={"roles": ["mentee"]})

    await asyncio.gather(*(restless(f"E{number}") for number in range(1, 7)))

    async def settled() -> int:
        waiting = await staffed.rows("SELECT 1 FROM due WHERE kind = 'admit-from-waiting-list'")
        taken = await staffed.rows("SELECT 1 FROM participant WHERE status = 'enrolled'")
        return -1 if waiting else len(taken)

    await eventually(settled, 2)
