from tests.builders import hired, left
from tests.matching.conftest import MANAGER, House

ADMIN = ("boss", "platform-admin")


async def test_a_programme_is_a_draft_until_it_is_opened(house: House) -> None:
    made = await house.ok("POST", "/programmes", json={"name": "Spring"})
    assert made["status"] == "draft"
    opened = await house.ok("POST", f"/programmes/{made['programme_id']}/open")
    assert (opened["status"], opened["version"]) == ("open", 2)
    (said,) = await house.said("programme.opened", at_least=1)
    assert (said["programme_id"], said["owner_id"]) == (made["programme_id"], MANAGER)


async def test_opening_twice_says_it_once(house: House) -> None:
    programme = await house.programme()
    await house.ok("POST", f"/programmes/{programme}/open")
    assert len(await house.said("programme.opened", at_least=1)) == 1


async def test_a_change_for_another_version_is_refused(house: House) -> None:
    made = await house.ok("POST", "/programmes", json={"name": "Spring"})
    path = f"/programmes/{made['programme_id']}/open"
    assert (await house.call("POST", path, headers={"If-Match": '"7"'})).status_code == 412
    assert (await house.call("POST", path, headers={"If-Match": '"1"'})).status_code == 200


async def test_another_managers_programme_does_not_exist(house: House) -> None:
    made = await house.ok("POST", "/programmes", json={"name": "Spring"})
    path = f"/programmes/{made['programme_id']}"
    other = ("E-other", "programme-manager")
    assert (await house.call("GET", path, *other)).status_code == 404
    assert (await house.call("POST", f"{path}/open", *other)).status_code == 404
    assert (await house.call("GET", path, *ADMIN)).status_code == 200
    assert (await house.call("POST", f"{path}/open", *ADMIN)).status_code == 200


async def test_programmes_are_listed_newest_first_in_pages(house: House) -> None:
    made = [(await house.ok("POST", "/programmes", json={"name": f"P{n}"}))["programme_id"] for n in range(3)]
    first = await house.ok("GET", "/programmes?limit=2")
    rest = await house.ok("GET", f"/programmes?limit=2&cursor={first['next']}")
    assert [one["programme_id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    assert (await house.ok("GET", "/programmes", "E1"))["items"] == []


MEANINGLESS_PROGRAMMES: tuple[dict[str, object], ...] = (
    {},
    {"name": ""},
    {"name": "x", "format": "speed-dating"},
    {"name": "x", "status": "open"},
    {"name": "x", "owner_id": "E-other"},
    {"name": "x", "rules": {"weights": {"charm": 1}}},
    {"name": "x", "rules": {"level_gap_min": 2, "level_gap_max": 1}},
    {"name": "x", "respond_within_seconds": 0},
    {"name": "x", "starts_on": "2026-02-01T00:00:00Z", "ends_on": "2026-01-01T00:00:00Z"},
)


async def test_a_body_that_makes_no_sense_is_refused_and_named(house: House) -> None:
    for body in MEANINGLESS_PROGRAMMES:
        response = await house.call("POST", "/programmes", json=body)
        assert (response.status_code, body) == (422, body)
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["errors"][0]["field"]


async def test_rules_have_versions_that_can_be_read_and_compared(house: House) -> None:
    made = await house.ok("POST", "/programmes", json={"name": "Spring"})
    path = f"/programmes/{made['programme_id']}"
    await house.ok("POST", f"{path}/open")
    changed = await house.call("PUT", f"{path}/rules", json={"score_min": 100, "weights": {"skills": 7, "goals": 3}})
    assert (changed.json()["rules_version"], changed.headers["etag"]) == (2, '"3"')
    same = await house.ok("PUT", f"{path}/rules", json={"score_min": 100, "weights": {"skills": 7, "goals": 3}})
    assert (same["rules_version"], same["version"]) == (2, 3)
    await house.ok("PUT", f"{path}/rules", *ADMIN, json={"level_gap_max": 4})
    first = await house.ok("GET", f"{path}/rules?limit=2")
    rest = await house.ok("GET", f"{path}/rules?limit=2&cursor={first['next']}")
    listed = first["items"] + rest["items"]
    assert [(one["number"], one["author_id"]) for one in listed] == [(3, "boss"), (2, MANAGER), (1, MANAGER)]
    assert (await house.ok("GET", f"{path}/rules/2")) == listed[1]
    assert listed[1]["digest"] == changed.json()["rules_digest"]
    found = await house.ok("GET", f"{path}/rules/1/compare/2")
    changes = {change["field"]: (change["before"], change["after"]) for change in found["changes"]}
    assert changes["rules.score_min"] == (0, 100)
    assert changes["rules.weights.skills"] == (4000, 7)
    assert "rules.level_gap_max" not in changes
    assert (await house.ok("GET", f"{path}/rules/2/compare/2"))["changes"] == []
    for number in (4, 2**31 - 1):
        assert (await house.call("GET", f"{path}/rules/{number}")).status_code == 404


async def test_other_rules_are_said_by_their_digest_once_people_know_of_the_programme(house: House) -> None:
    made = await house.ok("POST", "/programmes", json={"name": "Spring"})
    path = f"/programmes/{made['programme_id']}"
    await house.ok("PUT", f"{path}/rules", json={"score_min": 1})
    opened = await house.ok("POST", f"{path}/open")
    changed = await house.ok("PUT", f"{path}/rules", json={"score_min": 2})
    said = await house.said("programme.opened", at_least=2)
    assert [one["rules_digest"] for one in said] == [opened["rules_digest"], changed["rules_digest"]]


RULES_OF_NO_SENSE: tuple[tuple[dict[str, object], str], ...] = (
    ({"weights": {"skills": -1}}, "weights.skills"),
    ({"weights": {"charm": 1}}, "weights.charm"),
    ({"level_gap_min": 2, "level_gap_max": 1}, "level_gap_max"),
    ({"shared_hours_min": 9}, "shared_hours_min"),
    ({"no_such_rule": 1}, "no_such_rule"),
)


async def test_rules_that_make_no_sense_are_named_and_leave_the_programme_as_it_was(house: House) -> None:
    made = await house.ok("POST", "/programmes", json={"name": "Spring"})
    path = f"/programmes/{made['programme_id']}"
    for body, field in RULES_OF_NO_SENSE:
        response = await house.call("PUT", f"{path}/rules", json=body)
        assert (response.status_code, body) == (422, body)
        assert response.json()["errors"][0]["field"].endswith(field)
    peers = await house.ok("POST", "/programmes", json={"name": "Peers", "format": "peer"})
    response = await house.call("PUT", f"/programmes/{peers['programme_id']}/rules", json={"objective": "two_sided"})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "rules.objective")
    assert await house.ok("GET", path) == made
    assert len((await house.ok("GET", f"{path}/rules"))["items"]) == 1


async def test_rules_change_only_for_the_version_that_was_read_and_not_after_the_end(house: House) -> None:
    programme = await house.programme()
    path = f"/programmes/{programme}/rules"
    assert (await house.call("PUT", path, json={"score_min": 1}, headers={"If-Match": '"1"'})).status_code == 412
    assert (await house.call("PUT", path, json={"score_min": 1}, headers={"If-Match": '"2"'})).status_code == 200
    await house.ok("POST", f"/programmes/{programme}/close")
    response = await house.call("PUT", path, json={"score_min": 2})
    assert (response.status_code, response.json()["code"]) == (409, "programme_closed")


async def test_people_enrol_themselves(staffed: House) -> None:
    programme = await staffed.programme()
    path = f"/programmes/{programme}/participants/E1"
    body = {"roles": ["mentee"], "skills_wanted": ["python"], "wishes": ["E2"], "blocks": ["E3"]}
    first = await staffed.call("PUT", path, "E1", json=body)
    assert (first.status_code, first.headers["etag"]) == (201, '"1"')
    again = await staffed.call("PUT", path, "E1", json=body)
    assert (again.status_code, again.headers["etag"]) == (200, '"1"')
    more = await staffed.call("PUT", path, "E1", json=body | {"roles": ["mentee", "mentor"]})
    assert more.headers["etag"] == '"2"'
    assert (await staffed.ok("GET", path, "E1"))["blocks"] == ["E3"]
    assert len(await staffed.said("participant.enrolled", at_least=2)) == 2


async def test_nobody_enrols_somebody_else(staffed: House) -> None:
    path = f"/programmes/{await staffed.programme()}/participants/E1"
    for method in ("GET", "PUT", "DELETE"):
        response = await staffed.call(method, path, "E2", json={"roles": ["mentee"]} if method == "PUT" else None)
        assert response.status_code == 404


async def test_only_people_who_are_employed_take_part(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.hear(hired("E7", effective_on="2190-01-01"), left("E6"))
    for name in ("E6", "E7", "E8"):
        path = f"/programmes/{programme}/participants/{name}"
        response = await staffed.call("PUT", path, json={"roles": ["mentor"]})
        assert (response.status_code, response.json()["code"]) == (409, "not_employed")


async def test_a_programme_that_is_not_open_takes_nobody(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.ok("POST", f"/programmes/{programme}/close")
    response = await staffed.call("PUT", f"/programmes/{programme}/participants/E1", "E1", json={"roles": ["mentee"]})
    assert (response.status_code, response.json()["code"]) == (409, "programme_not_open")


MEANINGLESS_WANTS: tuple[tuple[dict[str, object], str], ...] = (
    ({"roles": ["peer"]}, "roles"),
    ({"roles": []}, "roles"),
    ({"roles": ["mentee"], "wishes": ["E1"]}, "wishes"),
    ({"roles": ["mentee"], "blocks": ["E1"]}, "blocks"),
    ({"roles": ["mentee"], "blocks": ["E2"], "wishes": ["E2"]}, "blocks"),
    ({"roles": ["mentor"], "capacity": 0}, "capacity"),
    ({"roles": ["mentor"], "capacity": -1}, "capacity"),
    ({"roles": ["mentor"], "arm": "control"}, "arm"),
    ({"roles": ["mentor"], "blocks": [f"X{n}" for n in range(10_001)]}, "blocks"),
    ({"roles": ["mentor"], "goals": ["a\u2028b"]}, "goals.0"),
)


async def test_wants_that_make_no_sense_are_refused_and_named(staffed: House) -> None:
    programme = await staffed.programme()
    for body, field in MEANINGLESS_WANTS:
        response = await staffed.call("PUT", f"/programmes/{programme}/participants/E1", "E1", json=body)
        assert (response.status_code, body) == (422, body)
        assert field in response.json()["errors"][0]["field"]
    assert (await staffed.call("GET", f"/programmes/{programme}/participants/E1", "E1")).status_code == 404


async def test_withdrawing_is_said_once_and_a_place_can_be_taken_again(staffed: House) -> None:
    programme = await staffed.programme()
    path = f"/programmes/{programme}/participants/E1"
    await staffed.enrol(programme, ["E1"], "mentee")
    assert (await staffed.call("DELETE", path, "E1", headers={"If-Match": '"9"'})).status_code == 412
    assert (await staffed.call("DELETE", path, "E1")).status_code == 204
    assert (await staffed.call("DELETE", path, "E1")).status_code == 204
    assert (await staffed.call("GET", path, "E1")).status_code == 404
    assert len(await staffed.said("participant.withdrawn", at_least=1)) == 1
    await staffed.enrol(programme, ["E1"], "mentee")
    assert (await staffed.ok("GET", path, "E1"))["version"] == 3


async def test_participants_are_listed_for_who_runs_the_programme(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E3", "E1", "E2"], "mentee")
    found = await staffed.ok("GET", f"/programmes/{programme}/participants?limit=2")
    rest = await staffed.ok("GET", f"/programmes/{programme}/participants?limit=2&cursor={found['next']}")
    assert [one["employee_id"] for one in found["items"] + rest["items"]] == ["E1", "E2", "E3"]
    assert (await staffed.call("GET", f"/programmes/{programme}/participants", "E1")).status_code == 403
