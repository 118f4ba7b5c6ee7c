import asyncio
from typing import Any

from tests.builders import hired, left
from tests.eventually import eventually
from tests.matching.conftest import House

PYTHON = {"skills_wanted": ["python"]}


async def _wanting(house: House, mentors: dict[str, list[str]], mentees: list[str], **programme: Any) -> str:
    """A programme whose mentors offer skills, and whose mentees want python."""
    await house.hear(*(hired(name) for name in (*mentors, *mentees)))
    made = await house.programme(**programme)
    await house.enrol(made, mentees, "mentee", **PYTHON)
    for name, skills in mentors.items():
        await house.enrol(made, [name], "mentor", skills_offered=skills)
    return made


async def _open(house: House) -> list[tuple[str, str, str]]:
    rows = await house.rows(
        "SELECT match.id, one.employee_id AS mentee, other.employee_id AS mentor, origin FROM match"
        " JOIN match_member one ON one.match_id = match.id AND one.role = 'mentee'"
        " JOIN match_member other ON other.match_id = match.id AND other.role = 'mentor'"
        " WHERE status IN ('proposed', 'active') ORDER BY mentee"
    )
    return [(str(row.id), row.mentor, row.origin) for row in rows]


async def _offer(house: House, mentor: str) -> str:
    async def partner() -> list[str]:
        return [name for _, name, _ in await _open(house)]

    await eventually(partner, [mentor], seconds=20)
    return (await _open(house))[0][0]


async def test_a_declined_offer_goes_on_to_the_next_best_mentor_until_the_limit(house: House) -> None:
    programme = await _wanting(house, {"M1": ["python"], "M2": ["sql"], "M3": ["sailing"], "M4": ["chess"]}, ["E1"])
    await house.ok("PUT", f"/programmes/{programme}/offer-policy", json={"cascade_limit": 1})
    (match,) = await house.offers(programme)
    assert (await _open(house))[0][1] == "M1"
    await house.ok("POST", f"/matches/{match}/decline", "M1")
    second = await _offer(house, "M2")
    assert (await house.ok("GET", f"/matches/{second}"))["origin"] == "cascade"
    await house.ok("POST", f"/matches/{second}/decline", "M2")
    await eventually(lambda: house.rows("SELECT 1 FROM due WHERE kind = 'offer-next'"), [])
    assert await _open(house) == []


async def test_the_next_offer_goes_to_nobody_who_is_full_gone_blocked_or_was_asked_before(house: House) -> None:
    mentors = {"M1": ["python"], "M2": ["python"], "M3": ["python"], "M4": ["python"], "M5": ["sailing"]}
    programme = await _wanting(house, mentors, ["E1", "E2"])
    await house.enrol(programme, ["E1"], "mentee", blocks=["M3"], **PYTHON)
    await house.offers(programme)
    offers = {mentor: match for match, mentor, _ in await _open(house)}
    shown = {name: await house.ok("GET", f"/matches/{match}") for name, match in offers.items()}
    mine = next(name for name, match in shown.items() if "E1" in match["outstanding"])
    free = {"M1", "M2", "M4"} - set(offers)
    gone = free.pop()
    await house.hear(left(gone))
    for name in sorted(free):
        await house.ok("DELETE", f"/programmes/{programme}/participants/{name}")
    await house.ok("POST", f"/matches/{offers[mine]}/decline", mine)

    async def mentors_now() -> list[str]:
        return sorted(name for _, name, _ in await _open(house))

    # M3 is blocked by E1, the others have E2, no place, or have declined: only who offers something else is left.
    await eventually(mentors_now, sorted([*(set(offers) - {mine}), "M5"]), seconds=20)


async def test_an_offer_that_expires_goes_on_unless_only_the_mentee_kept_silent(house: House) -> None:
    programme = await _wanting(house, {"M1": ["python"], "M2": ["sql"]}, ["E1"])
    (match,) = await house.offers(programme)
    await house.ok("POST", f"/matches/{match}/accept", "E1")
    await house.let_pass("deadline")
    second = await _offer(house, "M2")
    await house.ok("POST", f"/matches/{second}/accept", "M2")
    await house.let_pass("deadline")
    await eventually(lambda: house.rows("SELECT 1 FROM match WHERE status = 'proposed'"), [], seconds=20)
    await eventually(lambda: house.rows("SELECT 1 FROM due WHERE kind = 'offer-next'"), [], seconds=20)
    assert (await house.ok("GET", f"/matches/{second}"))["status"] == "expired"
    assert await _open(house) == []


async def test_a_mentee_who_has_no_time_is_offered_nobody_else(house: House) -> None:
    programme = await _wanting(house, {"M1": ["python"], "M2": ["sql"]}, ["E1"])
    (match,) = await house.offers(programme)
    await house.ok("POST", f"/matches/{match}/decline", "E1", json={"reason": "no_time"})
    assert await house.rows("SELECT 1 FROM due WHERE kind = 'offer-next'") == []


async def test_when_nobody_is_left_the_mentee_hears_of_it(house: House) -> None:
    programme = await _wanting(house, {"M1": ["python"]}, ["E1"])
    (match,) = await house.offers(programme)
    await house.ok("POST", f"/matches/{match}/decline", "M1")
    (unmatched,) = await house.said("participant.unmatched", at_least=1)
    assert (unmatched["employee_id"], unmatched["reason"]) == ("E1", "all_full")


async def test_a_match_that_does_not_fit_is_ended_and_its_mentee_is_offered_the_next_mentor(house: House) -> None:
    programme = await _wanting(house, {"M1": ["python"], "M2": ["sql"]}, ["E1"])
    (match,) = await house.offers(programme)
    early = await house.call("POST", f"/matches/{match}/rematch", "E1")
    assert (early.status_code, early.json()["code"]) == (409, "match_not_active")
    for name in ("E1", "M1"):
        await house.ok("POST", f"/matches/{match}/accept", name)
    assert (await house.call("POST", f"/matches/{match}/rematch", "E-other")).status_code == 404
    ended = await house.ok("POST", f"/matches/{match}/rematch", "E1")
    assert ended["status"] == "ended"
    second = await _offer(house, "M2")
    assert (await house.ok("GET", f"/matches/{second}"))["origin"] == "rematch"
    (said,) = await house.said("match.ended", at_least=1)
    assert said["reason"] == "not_a_fit"


async def _recommended(house: House, programme: str, who: str, *roles: str, **query: Any) -> list[str]:
    path = f"/programmes/{programme}/recommendations"

    async def status() -> int:
        return (await house.call("GET", path, who, *roles, params=query)).status_code

    await eventually(status, 200, seconds=30)
    found = (await house.ok("GET", path, who, *roles, params=query))["items"]
    assert all(sum(one["contributions"].values()) == one["score"] for one in found)
    return [one["mentor_id"] for one in found]


async def test_a_mentee_asks_one_of_the_mentors_that_are_recommended(house: House) -> None:
    programme = await _wanting(house, {"M1": ["python"], "M2": ["sql"]}, ["E1", "E2"])
    path = f"/programmes/{programme}"
    off = await house.call("GET", f"{path}/recommendations", "E1")
    assert (off.status_code, off.json()["code"]) == (409, "self_match_off")
    policy = await house.call("PUT", f"{path}/offer-policy", json={"self_match": True})
    assert policy.headers["ETag"] == '"1"'
    first = await house.call("GET", f"{path}/recommendations", "E1")
    assert (first.status_code, first.json()["code"], "retry-after" in first.headers) == (503, "warming", True)
    assert await _recommended(house, programme, "E1") == ["M1", "M2"]
    assert await _recommended(house, programme, "E-manager", "programme-manager", employee_id="E2", limit=1) == ["M1"]
    assert (await house.call("GET", f"{path}/recommendations", "E1", params={"employee_id": "E2"})).status_code == 404
    asked = await house.ok("POST", f"{path}/requests", "E1", json={"mentor_id": "M1"})
    assert (asked["origin"], asked["outstanding"]) == ("request", ["M1"])
    for who, mentor, code in (
        ("E1", "M2", "capacity_full"),
        ("E2", "M1", "capacity_full"),
        ("M1", "M2", "not_a_mentee"),
    ):
        refused = await house.call("POST", f"{path}/requests", who, json={"mentor_id": mentor})
        assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert await _recommended(house, programme, "E2") == ["M2"]
    assert (await house.ok("POST", f"/matches/{asked['match_id']}/accept", "M1"))["status"] == "active"
    assert len(await house.said("match.proposed", at_least=1)) == 1


async def test_whom_the_rules_forbid_is_neither_recommended_nor_to_be_asked(house: House) -> None:
    await house.hear(hired("M1"), hired("E1", manager_id="M1"), hired("M2"))
    programme = await house.programme()
    await house.enrol(programme, ["E1"], "mentee")
    await house.enrol(programme, ["M1", "M2"], "mentor")
    await house.ok("PUT", f"/programmes/{programme}/offer-policy", json={"self_match": True})
    assert await _recommended(house, programme, "E1") == ["M2"]
    refused = await house.call("POST", f"/programmes/{programme}/requests", "E1", json={"mentor_id": "M1"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "mentor_id")
    assert "reporting_line" in refused.text


async def test_who_enrols_later_is_recommended_to_and_can_be_recommended(house: House) -> None:
    programme = await _wanting(house, {"M1": ["sailing"]}, ["E1"])
    await house.ok("PUT", f"/programmes/{programme}/offer-policy", json={"self_match": True})
    assert await _recommended(house, programme, "E1") == ["M1"]
    await house.hear(hired("E2"), hired("M2"))
    await house.enrol(programme, ["E2"], "mentee", **PYTHON)
    await house.enrol(programme, ["M2"], "mentor", skills_offered=["python"])
    assert await _recommended(house, programme, "E2") == ["M2", "M1"]


async def test_partners_are_taken_over_as_active_matches_each_with_its_own_result(house: House) -> None:
    programme = await _wanting(house, {"M1": ["python"], "M2": ["sql"]}, ["E1", "E2"])
    pairs = [("E1", "M1"), ("E2", "M1"), ("E2", "M-nobody"), ("E1", "M2"), ("E2", "E2")]
    body = {"pairs": [{"mentee_id": mentee, "mentor_id": mentor} for mentee, mentor in pairs]}
    found = await house.ok("POST", f"/programmes/{programme}/pairings", json=body)
    assert (found["created"], found["refused"]) == (1, 4)
    fields = [one["field"] for one in found["results"]]
    assert fields == [None, "pairs.1.mentor_id", "pairs.2.mentor_id", "pairs.3.mentee_id", "pairs.4.mentor_id"]
    match = found["results"][0]["match_id"]
    shown = await house.ok("GET", f"/matches/{match}")
    assert (shown["status"], shown["origin"], shown["version"]) == ("active", "import", 1)
    (activated,) = await house.said("match.activated", at_least=1)
    assert activated["match_id"] == match
    assert await house.said("match.proposed") == []


async def test_reporting_lines_of_all_who_are_taken_over_at_once_are_told_apart(house: House) -> None:
    await house.hear(*(hired(name) for name in ("M1", "M2", "M3", "E2", "E3")), hired("E1", manager_id="M2"))
    programme = await house.programme()
    await house.enrol(programme, ["E1", "E2", "E3"], "mentee")
    await house.enrol(programme, ["M1", "M2", "M3"], "mentor")
    pairs = [("E1", "M2"), ("E1", "M1"), ("E2", "M2"), ("E3", "M3")]
    body = {"pairs": [{"mentee_id": mentee, "mentor_id": mentor} for mentee, mentor in pairs]}
    found = await house.ok("POST", f"/programmes/{programme}/pairings", json=body)
    assert [one["status"] for one in found["results"]] == ["refused", "created", "created", "created"]
    assert "reporting_line" in found["results"][0]["detail"]


async def test_capacity_holds_while_offers_are_declined_accepted_and_asked_for_at_once(house: House) -> None:
    mentees = [f"E{number}" for number in range(10)]
    mentors = {f"M{number}": ["python"] for number in range(8)}
    programme = await _wanting(house, mentors, mentees)
    await house.ok("PUT", f"/programmes/{programme}/offer-policy", json={"self_match": True})
    await house.offers(programme)
    answers = []
    for number, (match, mentor, _) in enumerate(await _open(house)):
        shown = await house.ok("GET", f"/matches/{match}")
        mentee = next(side["employee_id"] for side in shown["members"] if side["role"] == "mentee")
        if number % 2:
            answers.append(house.call("POST", f"/matches/{match}/decline", mentor))
        else:
            answers += [house.call("POST", f"/matches/{match}/accept", who) for who in (mentee, mentor)]
    answers += [
        house.call("POST", f"/programmes/{programme}/requests", name, json={"mentor_id": "M7"}) for name in mentees
    ]
    await asyncio.gather(*answers)
    await eventually(lambda: house.rows("SELECT 1 FROM due WHERE kind = 'offer-next'"), [], seconds=30)
    assert await overfull(house) == []


async def overfull(house: House) -> list[Any]:
    """Places that are taken or on offer beyond what their people have."""
    return await house.rows(
        "SELECT participant_id, role, count(*) FROM match_member JOIN match ON match.id = match_id"
        " JOIN participant ON participant.id = participant_id WHERE match.status IN ('proposed', 'active')"
        " GROUP BY participant_id, role, capacity HAVING count(*) > CASE role WHEN 'mentor' THEN capacity ELSE 1 END"
    )
