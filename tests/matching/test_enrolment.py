"""Coming into a programme: what people may ask, by rule, with a pause, and by training."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from matching.domain.enrolment import EnrolmentPolicy, EnrolmentRule
from tests.builders import changed, hired, left
from tests.eventually import eventually
from tests.matching.conftest import MANAGER, House

TODAY = date(2026, 3, 2)
NEWCOMERS = {"automatic": [{"roles": ["mentee"], "hired_within_days": 30}]}
LEADERS = {"automatic": [{"roles": ["mentor"], "level_min": 6, "capacity": 3}]}


def record(**given: Any) -> dict[str, Any]:
    usual = {"employee_id": "E1", "department": "Sales", "location": "Berlin", "level": 3, "hired_on": "2026-02-20"}
    return usual | given


@pytest.mark.parametrize(
    ("rule", "given", "holds"),
    [
        ({}, {}, True),
        ({"departments": ["sales ", "IT"]}, {}, True),
        ({"departments": ["IT"]}, {}, False),
        ({"locations": ["berlin"]}, {"location": "BERLIN"}, True),
        ({"locations": ["Berlin"]}, {"location": ""}, False),
        ({"level_min": 3, "level_max": 3}, {}, True),
        ({"level_min": 4}, {}, False),
        ({"level_max": 2}, {}, False),
        ({"hired_within_days": 10}, {}, True),
        ({"hired_within_days": 9}, {}, False),
        ({"hired_within_days": 9}, {"hired_on": "2026-04-01"}, True),
        ({"hired_within_days": 10_000}, {"hired_on": None}, False),
    ],
)
def test_a_rule_holds_if_every_condition_of_it_does(rule: dict[str, Any], given: dict[str, Any], holds: bool) -> None:
    made = EnrolmentRule.model_validate({"roles": ["mentee"]} | rule)
    assert made.holds_for(record(**given), TODAY) is holds


def test_several_rules_give_all_of_their_roles_and_the_highest_capacity() -> None:
    policy = EnrolmentPolicy.model_validate(
        {
            "automatic": [
                {"roles": ["mentor"], "capacity": 3},
                {"roles": ["mentee"]},
                {"roles": ["mentor"], "level_min": 9},
            ]
        }
    )
    assert policy.gives(record(), TODAY) == (("mentee", "mentor"), 3)


async def place(house: House, programme: str, name: str) -> dict[str, Any] | None:
    response = await house.call("GET", f"/programmes/{programme}/participants/{name}")
    return response.json() if response.is_success else None


async def status(house: House, programme: str, name: str) -> str:
    found = await place(house, programme, name)
    return found["status"] if found else "absent"


async def test_a_new_employee_takes_part_by_rule_on_their_first_day(house: House) -> None:
    programme = await house.programme(enrolment=NEWCOMERS)
    today = datetime.now(UTC).date().isoformat()
    await house.hear(hired("E1", hired_on=today), hired("E2", hired_on="2020-01-01"))
    await house.hear(hired("E3", hired_on=today, effective_on="2190-01-01"))
    await eventually(lambda: status(house, programme, "E1"), "enrolled")
    found = await place(house, programme, "E1")
    assert found is not None
    assert (found["roles"], found["by_rule"]) == (["mentee"], True)
    (said,) = await house.said("participant.enrolled", at_least=1)
    assert said["employee_id"] == "E1"


async def test_who_has_opted_out_is_never_enrolled_by_rule_again(house: House) -> None:
    programme = await house.programme(enrolment=LEADERS)
    await house.hear(hired("E1", level=7), hired("E2", level=3))
    await eventually(lambda: status(house, programme, "E1"), "enrolled")
    await house.ok("DELETE", f"/programmes/{programme}/participants/E1", "E1")
    # A newer record, another programme policy, and somebody else's promotion: none of them brings E1 back.
    await house.hear(changed("E1", level=8), changed("E2", level=6))
    await eventually(lambda: status(house, programme, "E2"), "enrolled")
    await house.ok("PUT", f"/programmes/{programme}/enrolment", json=LEADERS | {"places": {"mentor": 50}})
    await eventually(lambda: house.rows("SELECT 1 FROM due"), [])
    assert await status(house, programme, "E1") == "absent"
    await house.enrol(programme, ["E1"], "mentor")
    assert (await house.ok("GET", f"/programmes/{programme}/participants/E1"))["by_rule"] is False


async def test_who_comes_back_to_the_company_is_enrolled_by_rule_again(house: House) -> None:
    programme = await house.programme(enrolment=LEADERS)
    await house.hear(hired("E1", level=7))
    await eventually(lambda: status(house, programme, "E1"), "enrolled")
    await house.hear(left("E1"))
    assert await status(house, programme, "E1") == "absent"
    await house.hear(hired("E1", level=7))
    await eventually(lambda: status(house, programme, "E1"), "enrolled")


async def test_a_programme_that_opens_takes_in_whom_its_rules_name(house: House) -> None:
    await house.hear(*(hired(f"E{number}", level=number) for number in range(1, 9)))
    draft = await house.ok("POST", "/programmes", json={"name": "Leaders", "enrolment": LEADERS})
    programme = draft["programme_id"]
    await house.ok("POST", f"/programmes/{programme}/open")
    await eventually(lambda: status(house, programme, "E8"), "enrolled")
    found = await house.ok("GET", f"/programmes/{programme}/participants")
    assert [(one["employee_id"], one["capacity"]) for one in found["items"]] == [("E6", 3), ("E7", 3), ("E8", 3)]


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"automatic": [{"roles": ["peer"]}]}, "enrolment.automatic.0.roles"),
        ({"automatic": [{"roles": []}]}, "automatic.0.roles"),
        ({"automatic": [{"roles": ["mentor"], "level_min": 5, "level_max": 4}]}, "automatic.0.level_max"),
        ({"places": {"peer": 5}}, "enrolment.places.peer"),
        ({"places": {"mentor": 0}}, "places.mentor"),
        ({"places": {"coach": 1}}, "places.coach"),
    ],
)
async def test_a_policy_that_makes_no_sense_is_refused_by_field(
    house: House, policy: dict[str, Any], field: str
) -> None:
    programme = await house.programme()
    before = await house.ok("GET", f"/programmes/{programme}")
    response = await house.call("PUT", f"/programmes/{programme}/enrolment", json=policy)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"].endswith(field)
    assert await house.ok("GET", f"/programmes/{programme}") == before


async def test_a_skill_that_nobody_knows_is_taken_as_a_word_and_reported(staffed: House) -> None:
    programme = await staffed.programme()
    body = {"roles": ["mentee"], "skills_wanted": ["postgres", "basket weaving"], "skills_offered": ["Python"]}
    found = await staffed.ok("PUT", f"/programmes/{programme}/participants/E1", "E1", json=body)
    assert found["unrecognised"] == ["basket weaving"]
    assert found["skills_wanted"] == ["postgres", "basket weaving"]


async def test_a_programme_may_ask_for_known_skills_only(staffed: House) -> None:
    programme = await staffed.programme(enrolment={"known_skills_only": True})
    path = f"/programmes/{programme}/participants/E1"
    body = {"roles": ["mentee"], "skills_wanted": ["postgres", "basket weaving"]}
    response = await staffed.call("PUT", path, "E1", json=body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "skills_wanted.1")
    await staffed.ok("PUT", path, "E1", json=body | {"skills_wanted": ["postgres"]})


async def test_preferences_and_lists_are_kept_as_given(staffed: House) -> None:
    programme = await staffed.programme()
    body = {
        "roles": ["mentee", "mentor"],
        "interests": ["chess"],
        "style": "by questions",
        "meeting": "in_person",
        "wishes": ["E3", "E2"],
        "mentee_wishes": ["E5", "E4"],
        "blocks": [f"X{number}" for number in range(10_000)],
    }
    path = f"/programmes/{programme}/participants/E1"
    await staffed.ok("PUT", path, "E1", json=body)
    found = await staffed.ok("GET", path, "E1")
    assert {name: found[name] for name in body} == body


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"mentee_wishes": ["E1"]}, "mentee_wishes"),
        ({"wishes": ["E2", "E2"]}, "wishes"),
        ({"wishes": [f"E{number}" for number in range(2, 13)]}, "wishes"),
        ({"mentee_wishes": ["E2"], "blocks": ["E2"]}, "blocks"),
        ({"meeting": "by post"}, "meeting"),
        ({"style": ""}, "style"),
        ({"blocks": [f"X{number}" for number in range(10_001)]}, "blocks"),
    ],
)
async def test_lists_and_preferences_that_make_no_sense_are_refused_by_field(
    staffed: House, body: dict[str, Any], field: str
) -> None:
    programme = await staffed.programme()
    path = f"/programmes/{programme}/participants/E1"
    response = await staffed.call("PUT", path, "E1", json={"roles": ["mentor"]} | body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"].endswith(field)
    assert await place(staffed, programme, "E1") is None


async def test_who_pauses_has_no_capacity_until_they_resume(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1"], "mentor", capacity=3)
    path = f"/programmes/{programme}/participants/E1"
    paused = await staffed.call("PUT", f"{path}/pause", "E1", json={}, headers={"If-Match": '"1"'})
    assert (paused.json()["paused"], paused.headers["etag"]) == (True, '"2"')
    again = await staffed.call("PUT", f"{path}/pause", "E1", json={})
    assert again.headers["etag"] == '"2"'
    resumed = await staffed.ok("DELETE", f"{path}/pause", "E1")
    assert (resumed["paused"], resumed["version"], resumed["capacity"]) == (False, 3, 3)
    said = await staffed.said("participant.enrolled", at_least=3)
    assert [one["capacity"] for one in said] == [3, 0, 3]


async def test_who_pauses_is_given_nobody_new_and_keeps_whom_they_have(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1"], "mentor", capacity=2)
    await staffed.enrol(programme, ["E2"], "mentee")
    (match,) = await staffed.offers(programme)
    for name in ("E1", "E2"):
        await staffed.ok("POST", f"/matches/{match}/accept", name)
    await staffed.ok("PUT", f"/programmes/{programme}/participants/E1/pause", "E1", json={})
    await staffed.enrol(programme, ["E3"], "mentee")
    assert (await staffed.run(programme))["pairs"] == []
    assert (await staffed.ok("GET", f"/matches/{match}", "E1"))["status"] == "active"
    await staffed.ok("DELETE", f"/programmes/{programme}/participants/E1/pause", "E1")
    assert len((await staffed.run(programme))["pairs"]) == 1


async def test_a_programme_that_asks_for_training_matches_a_mentor_only_after_it(staffed: House) -> None:
    programme = await staffed.programme(rules={"training_required": True, "tenure_days_min": 30})
    await staffed.enrol(programme, ["E1"], "mentor")
    await staffed.enrol(programme, ["E2"], "mentee")
    assert (await staffed.run(programme))["pairs"] == []
    await staffed.ok("PUT", "/employees/E1/training", json={"done_on": "2025-05-01"})
    assert len((await staffed.run(programme))["pairs"]) == 1


async def test_a_pause_ends_by_itself_at_its_time_and_not_at_an_earlier_one(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1"], "mentor")
    path = f"/programmes/{programme}/participants/E1/pause"
    now = datetime.now(UTC)
    for seconds in (60, 1.5):
        await staffed.ok("PUT", path, "E1", json={"until": (now + timedelta(seconds=seconds)).isoformat()})

    async def paused() -> Any:
        found = await place(staffed, programme, "E1")
        return found and (found["paused"], found["paused_until"])

    assert (await paused())[0] is True
    await eventually(paused, (False, None))
    assert len(await staffed.rows("SELECT 1 FROM due WHERE kind = 'resume-participant'")) == 1


async def test_a_pause_that_is_over_already_is_refused_by_field(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1"], "mentor")
    path = f"/programmes/{programme}/participants/E1/pause"
    response = await staffed.call("PUT", path, "E1", json={"until": "2020-01-01T00:00:00Z"})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "until")
    assert (await staffed.call("PUT", path, "E1", json={}, headers={"If-Match": '"7"'})).status_code == 412
    assert (await staffed.call("PUT", path, "E2", json={})).status_code == 404


async def test_training_is_noted_for_people_who_work_here(staffed: House) -> None:
    await staffed.hear(left("E6"))
    done = {"done_on": "2025-05-01"}
    assert await staffed.ok("PUT", "/employees/E1/training", json=done) == {"employee_id": "E1"} | done
    assert [(row.employee_id, row.noted_by) for row in await staffed.rows("SELECT * FROM training")] == [
        ("E1", MANAGER)
    ]
    await staffed.ok("PUT", "/employees/E1/training", json={"done_on": None})
    assert not await staffed.rows("SELECT * FROM training")
    for name in ("E6", "E99"):
        assert (await staffed.call("PUT", f"/employees/{name}/training", json=done)).status_code == 404
    ahead = await staffed.call("PUT", "/employees/E1/training", json={"done_on": "2199-01-01"})
    assert (ahead.status_code, ahead.json()["errors"][0]["field"]) == (422, "done_on")
    assert (await staffed.call("PUT", "/employees/E1/training", "E1", json=done)).status_code == 403
