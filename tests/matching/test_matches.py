import asyncio
from typing import Any

from sqlalchemy import text

from tests.builders import erased, hired, left
from tests.eventually import eventually
from tests.matching.conftest import House


async def _pair(house: House, **programme: Any) -> tuple[str, str]:
    """E1 wants to learn from E2: the programme and their offer."""
    made = await house.programme(**programme)
    await house.enrol(made, ["E1"], "mentee", skills_wanted=["python"])
    await house.enrol(made, ["E2"], "mentor")
    (match,) = await house.offers(made)
    return made, match


async def test_a_run_finds_the_pairs_and_explains_them(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1", "E2", "E3"], "mentee", skills_wanted=["python"])
    await staffed.enrol(programme, ["E4"], "mentor", capacity=2)
    run = await staffed.run(programme)
    assert (run["status"], run["pair_count"], run["gap"], run["percent"]) == ("completed", 2, 0, 100)
    assert run["report"]["unmatched_by_reason"] == {"all_full": 1}
    assert all(sum(pair["contributions"].values()) == pair["score"] for pair in run["pairs"])
    (completed,) = await staffed.said("run.completed", at_least=1)
    assert (completed["total_score"], completed["inputs_digest"]) == (run["total_score"], run["inputs_digest"])


async def test_a_programme_has_one_run_at_a_time(staffed: House) -> None:
    programme = await staffed.programme()
    asked = await staffed.call("POST", f"/programmes/{programme}/runs")
    assert (asked.status_code, asked.json()["status"]) == (202, "queued")
    again = await staffed.call("POST", f"/programmes/{programme}/runs")
    assert (again.status_code, again.json()["code"]) == (409, "run_active")


async def test_the_pairs_of_a_run_come_in_pages(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1", "E2", "E3"], "mentee")
    await staffed.enrol(programme, ["E4", "E5", "E6"], "mentor")
    run = await staffed.run(programme)
    first = await staffed.ok("GET", f"/runs/{run['run_id']}?limit=2")
    rest = await staffed.ok("GET", f"/runs/{run['run_id']}?limit=2&cursor={first['next']}")
    assert first["pairs"] + rest["pairs"] == run["pairs"]
    assert rest["next"] is None


async def test_a_run_is_for_who_runs_the_programme(staffed: House) -> None:
    run = await staffed.run(await staffed.programme())
    path = f"/runs/{run['run_id']}"
    assert (await staffed.call("GET", path, "E-other", "programme-manager")).status_code == 404
    assert (await staffed.call("POST", f"{path}/publish", "E-other", "programme-manager")).status_code == 404
    assert (await staffed.call("GET", path, "E1")).status_code == 403


async def test_a_published_run_offers_each_pair_once(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1", "E2"], "mentee")
    await staffed.enrol(programme, ["E4"], "mentor")
    run = await staffed.run(programme)
    first = await staffed.ok("POST", f"/runs/{run['run_id']}/publish")
    again = await staffed.ok("POST", f"/runs/{run['run_id']}/publish")
    assert (first["offered"], again["offered"], first["run"]["status"]) == (1, 0, "published")
    assert len(await staffed.said("match.proposed", at_least=1)) == 1
    (unmatched,) = await staffed.said("participant.unmatched", at_least=1)
    assert unmatched["reason"] == "all_full"
    # The mentor's place is promised: a second run finds none.
    assert await staffed.offers(programme) == []


async def test_what_has_changed_since_it_was_read_is_not_changed(staffed: House) -> None:
    _, match = await _pair(staffed)
    seen = {"If-Match": (await staffed.call("GET", f"/matches/{match}", "E1")).headers["ETag"]}
    await staffed.ok("POST", f"/matches/{match}/accept", "E2", headers=seen)
    for action in ("accept", "decline", "end"):
        answer = await staffed.call("POST", f"/matches/{match}/{action}", "E1", headers=seen)
        assert (answer.status_code, answer.json()["code"]) == (412, "changed_since")
    run = (await staffed.ok("GET", f"/matches/{match}", "E1"))["run_id"]
    late = await staffed.call("POST", f"/runs/{run}/publish", headers={"If-Match": '"3.completed"'})
    assert late.status_code == 412


async def test_both_accept_and_the_match_is_active(staffed: House) -> None:
    _, match = await _pair(staffed)
    mine = await staffed.ok("GET", "/me/matches", "E1")
    assert [one["match_id"] for one in mine["items"]] == [match]
    half = await staffed.ok("POST", f"/matches/{match}/accept", "E1")
    assert (half["status"], half["outstanding"]) == ("proposed", ["E2"])
    whole = await staffed.ok("POST", f"/matches/{match}/accept", "E2")
    assert (whole["status"], whole["version"]) == ("active", 4)
    (activated,) = await staffed.said("match.activated", at_least=1)
    assert activated["match_id"] == match
    assert len(await staffed.said("match.accepted", at_least=2)) == 2


async def test_a_match_is_explained_to_its_members_alone(staffed: House) -> None:
    _, match = await _pair(staffed)
    found = await staffed.ok("GET", f"/matches/{match}", "E1")
    assert sum(found["contributions"].values()) == found["score"]
    assert (await staffed.call("GET", f"/matches/{match}", "E3")).status_code == 404
    assert (await staffed.call("POST", f"/matches/{match}/accept", "E3")).status_code == 404
    assert (await staffed.call("GET", f"/matches/{match}", "E-other", "programme-manager")).status_code == 404
    assert (await staffed.call("GET", f"/matches/{match}")).status_code == 200


async def test_a_declined_offer_is_over_and_not_made_again(staffed: House) -> None:
    programme, match = await _pair(staffed)
    await staffed.ok("POST", f"/matches/{match}/decline", "E2", json={"reason": "no_time"})
    response = await staffed.call("POST", f"/matches/{match}/accept", "E1")
    assert (response.status_code, response.json()["code"]) == (409, "match_settled")
    (declined,) = await staffed.said("match.declined", at_least=1)
    assert (declined["declined_by"], declined["reason"]) == ("E2", "no_time")
    assert await staffed.offers(programme) == []


async def test_an_unanswered_offer_is_reminded_of_and_expires(staffed: House) -> None:
    _, match = await _pair(staffed, respond_within_seconds=3600, remind_before_seconds=600)
    await staffed.ok("POST", f"/matches/{match}/accept", "E1")
    await staffed.let_pass("reminder")
    (reminded,) = await staffed.said("match.reminded", at_least=1)
    assert reminded["outstanding"] == ["E2"]
    await staffed.let_pass("deadline")
    (expired,) = await staffed.said("match.expired", at_least=1)
    assert expired["status"] == "expired"
    assert (await staffed.call("POST", f"/matches/{match}/accept", "E2")).status_code == 409


async def test_an_active_match_is_ended_once(staffed: House) -> None:
    _, match = await _pair(staffed)
    for name in ("E1", "E2"):
        await staffed.ok("POST", f"/matches/{match}/accept", name)
    await staffed.ok("POST", f"/matches/{match}/end", "E1", json={"reason": "completed"})
    await staffed.ok("POST", f"/matches/{match}/end", "E2")
    (ended,) = await staffed.said("match.ended", at_least=1)
    assert ended["reason"] == "completed"


async def test_closing_a_programme_ends_its_offers_and_not_its_active_matches(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1", "E2"], "mentee")
    await staffed.enrol(programme, ["E4", "E5"], "mentor")
    active, offer = await staffed.offers(programme)
    for side in (await staffed.ok("GET", f"/matches/{active}"))["members"]:
        await staffed.ok("POST", f"/matches/{active}/accept", side["employee_id"])
    await staffed.ok("POST", f"/programmes/{programme}/close")
    assert (await staffed.ok("GET", f"/matches/{offer}"))["status"] == "ended"
    assert (await staffed.ok("GET", f"/matches/{active}"))["status"] == "active"


async def test_a_leavers_matches_end_and_their_place_is_given_up_once(staffed: House) -> None:
    _, match = await _pair(staffed)
    for name in ("E1", "E2"):
        await staffed.ok("POST", f"/matches/{match}/accept", name)
    await staffed.hear(left("E2"), left("E2"))
    (ended,) = await staffed.said("match.ended", at_least=1)
    assert (ended["match_id"], ended["reason"]) == (match, "member_departed")
    assert [one["employee_id"] for one in await staffed.said("participant.withdrawn", at_least=1)] == ["E2"]


async def test_nobody_accepts_a_match_with_somebody_who_has_gone(staffed: House) -> None:
    _, match = await _pair(staffed)
    await staffed.hear(left("E2"))
    assert (await staffed.call("POST", f"/matches/{match}/accept", "E1")).status_code == 409


async def test_a_run_that_is_published_late_leaves_out_who_has_gone(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1", "E2"], "mentee")
    await staffed.enrol(programme, ["E4", "E5"], "mentor")
    run = await staffed.run(programme)
    await staffed.hear(left("E4"))
    published = await staffed.ok("POST", f"/runs/{run['run_id']}/publish")
    assert (published["offered"], published["left_out"]) == (1, 1)


async def test_erasure_leaves_no_row_of_the_person(staffed: House) -> None:
    programme, match = await _pair(staffed)
    await staffed.enrol(programme, ["E3"], "mentee", wishes=["E2"], blocks=["E5"])
    await staffed.hear(erased("E2"))
    (ended,) = await staffed.said("match.ended", at_least=1)
    assert ended["match_id"] == match
    assert (await staffed.ok("GET", f"/programmes/{programme}/participants/E3"))["wishes"] == []
    columns = await staffed.rows(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name NOT IN ('erased_employee', 'outbox', 'inbox', 'due')"
    )
    for table, column in columns:
        found = await staffed.rows(f'SELECT 1 FROM "{table}" WHERE CAST("{column}" AS text) ~ \'\\mE2\\M\'')
        assert not found, f"{table}.{column} still names them"


async def test_peers_are_matched_in_pairs(staffed: House) -> None:
    programme = await staffed.programme(format="peer")
    await staffed.enrol(programme, ["E1", "E2", "E3", "E4", "E5"], "peer")
    matches = await staffed.offers(programme)
    assert len(matches) == 2
    shown = await staffed.ok("GET", f"/matches/{matches[0]}")
    assert [side["role"] for side in shown["members"]] == ["peer", "peer"]


async def test_people_of_one_reporting_line_are_never_matched(house: House) -> None:
    await house.hear(hired("E1"), hired("E2", manager_id="E1"), hired("E3", manager_id="E2"))
    programme = await house.programme()
    await house.enrol(programme, ["E3"], "mentee")
    await house.enrol(programme, ["E1", "E2"], "mentor")
    run = await house.run(programme)
    assert (run["pair_count"], run["report"]["unmatched_by_reason"]) == (0, {"no_candidates": 1})


async def test_a_mentor_with_one_place_never_takes_two_however_many_accept_at_once(house: House) -> None:
    mentees = [f"E{number}" for number in range(1, 13)]
    await house.hear(*(hired(name) for name in [*mentees, "E-mentor"]))
    programme = await house.programme()
    await house.enrol(programme, mentees, "mentee")
    await house.enrol(programme, ["E-mentor"], "mentor", capacity=12)
    matches = await house.offers(programme)
    assert len(matches) == 12
    await house.enrol(programme, ["E-mentor"], "mentor", capacity=1)
    shown = [await house.ok("GET", f"/matches/{match}") for match in matches]
    answers = [(one["match_id"], side["employee_id"]) for one in shown for side in one["members"]]
    responses = await asyncio.gather(*(house.call("POST", f"/matches/{match}/accept", who) for match, who in answers))
    codes = [response.status_code for response in responses]
    assert set(codes) == {200, 409}
    assert codes.count(409) == 11
    active = await house.rows("SELECT 1 FROM match WHERE status = 'active'")
    assert len(active) == 1
    refused = await house.call("PUT", f"/programmes/{programme}/participants/E-mentor", json={"roles": ["mentee"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "capacity_in_use")


async def test_the_same_person_accepting_many_times_at_once_accepts_once(staffed: House) -> None:
    _, match = await _pair(staffed)
    responses = await asyncio.gather(*(staffed.call("POST", f"/matches/{match}/accept", "E1") for _ in range(10)))
    assert {response.status_code for response in responses} == {200}
    assert len(await staffed.said("match.accepted", at_least=1)) == 1


async def test_publishing_while_people_leave_never_offers_anybody_who_has_left(house: House) -> None:
    mentees, mentors = [f"E{number}" for number in range(8)], [f"M{number}" for number in range(8)]
    await house.hear(*(hired(name) for name in [*mentees, *mentors]))
    programme = await house.programme()
    await house.enrol(programme, mentees, "mentee")
    await house.enrol(programme, mentors, "mentor")
    run = await house.run(programme)
    publishing = house.ok("POST", f"/runs/{run['run_id']}/publish")
    withdrawing = [house.call("DELETE", f"/programmes/{programme}/participants/{name}", name) for name in mentees[:3]]
    await asyncio.gather(publishing, house.hear(*(left(name) for name in mentors[:3])), *withdrawing)
    gone = [*mentees[:3], *mentors[:3]]
    found = await house.rows(
        "SELECT 1 FROM match JOIN match_member ON match_id = id"
        " WHERE status IN ('proposed', 'active') AND employee_id = ANY(:gone)",
        gone=gone,
    )
    assert found == []


async def test_a_timer_that_comes_while_somebody_answers_stands_in_nobodys_way(staffed: House) -> None:
    _, match = await _pair(staffed)
    for _ in range(5):
        async with staffed.here.service.database.transaction() as tx:
            await tx.connection.execute(text("UPDATE due SET due_at = now()"))
        await staffed.call("POST", f"/matches/{match}/accept", "E1")
    await eventually(lambda: staffed.rows("SELECT 1 FROM due WHERE due_at <= now()"), [])
    assert (await staffed.ok("GET", f"/matches/{match}"))["status"] == "proposed"


async def test_three_peers_may_all_have_each_other_where_the_programme_has_threes(staffed: House) -> None:
    programme = await staffed.programme(format="peer", rules={"threes": True})
    await staffed.enrol(programme, ["E1", "E2", "E3"], "peer")
    offers = await staffed.offers(programme)
    assert len(offers) == 3
    for offer in offers:
        match = await staffed.ok("GET", f"/matches/{offer}")
        for member in match["members"]:
            await staffed.ok("POST", f"/matches/{offer}/accept", member["employee_id"])
    rows = await staffed.rows("SELECT status, count(*) AS matches FROM match GROUP BY status")
    assert [(row.status, row.matches) for row in rows] == [("active", 3)]
