from typing import Any

from matching.worker.process import Worker
from tests.builders import hired, left
from tests.matching.conftest import House


async def _staffed(house: House, **programme: Any) -> str:
    made = await house.programme(**programme)
    await house.enrol(made, ["E1", "E2"], "mentee", skills_wanted=["python"])
    await house.enrol(made, ["E4", "E5"], "mentor")
    return made


async def _partner(house: House, run_id: str, mentee: str) -> str | None:
    pairs = (await house.ok("GET", f"/runs/{run_id}"))["pairs"]
    return next((pair["mentor_id"] for pair in pairs if pair["mentee_id"] == mentee), None)


async def _edit(house: House, run_id: str, **edit: str) -> Any:
    return await house.call("POST", f"/runs/{run_id}/edits", json=edit)


def _field(answer: Any) -> tuple[int, str, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["field"], error["detail"]


async def test_a_run_with_a_draft_of_the_rules_can_be_compared_but_never_published(staffed: House) -> None:
    programme = await _staffed(staffed)
    first = await staffed.run(programme)
    asked = await staffed.ok("POST", f"/programmes/{programme}/runs", json={"rules": {"level_gap_min": 9}})
    await staffed.work()
    second = await staffed.ok("GET", f"/runs/{asked['run_id']}")
    assert (second["options"]["what_if"], second["pair_count"]) == (True, 0)
    refused = await staffed.call("POST", f"/runs/{asked['run_id']}/publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "run_is_what_if")
    found = await staffed.ok("GET", f"/runs/{first['run_id']}/compare/{asked['run_id']}")
    assert (found["same_pairs"], found["pairs_lost"], found["newly_unmatched"]) == (0, 2, 2)
    assert found["fairness"]["scores.mean"]["change"] < 0
    assert [move["mentee_id"] for move in found["moved"]] == ["E1", "E2"]
    assert (await staffed.ok("GET", f"/programmes/{programme}"))["rules"]["level_gap_min"] is None


async def test_rules_that_make_no_sense_are_named_by_their_field(staffed: House) -> None:
    programme = await _staffed(staffed)
    asked = await staffed.call("POST", f"/programmes/{programme}/runs", json={"rules": {"weights": {"charm": 1}}})
    assert asked.status_code == 422
    assert "rules.weights.charm" in str(asked.json()["errors"])
    for options, field in (
        ({"mode": "minimal_moves"}, "moves"),
        ({"moves": 3}, "moves"),
        ({"what_if": True, "publish": "automatic"}, "what_if"),
    ):
        refused = await staffed.call("POST", f"/programmes/{programme}/runs", json=options)
        assert _field(refused)[:2] == (422, field)


async def test_an_automatic_run_publishes_when_its_floors_hold(staffed: House) -> None:
    programme = await _staffed(staffed)
    options = {"publish": "automatic", "floors": {"share_matched_min": 1.0}}
    asked = await staffed.ok("POST", f"/programmes/{programme}/runs", json=options)
    await staffed.work()
    run = await staffed.ok("GET", f"/runs/{asked['run_id']}")
    assert (run["status"], run["offered"], run["reason"]) == ("published", 2, None)
    assert len(await staffed.said("match.proposed", at_least=2)) == 2
    (completed,) = await staffed.said("run.completed", at_least=1)
    assert completed["stopped_by"] is None


async def test_an_automatic_run_stops_at_a_floor_that_it_does_not_reach_and_says_which(staffed: House) -> None:
    programme = await _staffed(staffed)
    await staffed.enrol(programme, ["E3"], "mentee")
    for floors, reason in (({"score_min": 10_000}, "score_min"), ({"share_matched_min": 0.9}, "share_matched_min")):
        options = {"publish": "automatic", "floors": floors}
        asked = await staffed.ok("POST", f"/programmes/{programme}/runs", json=options)
        await staffed.work()
        run = await staffed.ok("GET", f"/runs/{asked['run_id']}")
        assert (run["status"], run["reason"]) == ("completed", reason)
    said = await staffed.said("run.completed", at_least=2)
    assert [one["stopped_by"] for one in said] == ["score_min", "share_matched_min"]
    assert await staffed.said("match.proposed") == []


async def test_a_run_that_a_floor_has_stopped_can_be_published_by_somebody_who_has_looked_at_it(staffed: House) -> None:
    programme = await _staffed(staffed)
    options = {"publish": "automatic", "floors": {"score_min": 10_000}}
    asked = await staffed.ok("POST", f"/programmes/{programme}/runs", json=options)
    await staffed.work()
    assert (await staffed.ok("POST", f"/runs/{asked['run_id']}/publish"))["offered"] == 2


async def test_a_large_run_is_published_by_a_worker_in_steps(staffed: House, monkeypatch: Any) -> None:
    monkeypatch.setattr("matching.handlers.runs.AT_ONCE", 1)
    monkeypatch.setattr("matching.handlers.publishing.AT_ONCE", 1)
    programme = await _staffed(staffed)
    await staffed.enrol(programme, ["E3"], "mentee")
    run = await staffed.run(programme)
    answer = await staffed.call("POST", f"/runs/{run['run_id']}/publish")
    assert (answer.status_code, answer.json()["run"]["status"]) == (202, "publishing")
    assert (await staffed.call("POST", f"/programmes/{programme}/runs")).json()["code"] == "run_active"
    # One worker stops after its first step; another one goes on where that one has stopped.
    first = Worker(staffed.here.service.database, lease_seconds=-1, in_child=False)
    first.stopping.set()
    await first.work_once()
    await staffed.work()
    done = await staffed.ok("GET", f"/runs/{run['run_id']}")
    assert (done["status"], done["offered"], done["left_out"]) == ("published", 2, 0)
    assert len(await staffed.said("match.proposed", at_least=2)) == 2
    assert len(await staffed.said("participant.unmatched", at_least=1)) == 1


async def test_pairs_are_swapped_pinned_and_removed_and_it_is_known_by_whom(staffed: House) -> None:
    programme = await _staffed(staffed)
    run_id = (await staffed.run(programme))["run_id"]
    before = await _partner(staffed, run_id, "E1")
    other = "E5" if before == "E4" else "E4"
    swapped = await _edit(staffed, run_id, kind="swap", mentee_id="E1", other_mentee_id="E2")
    assert (swapped.status_code, swapped.json()["edition"]) == (201, 1)
    assert await _partner(staffed, run_id, "E1") == other
    await _edit(staffed, run_id, kind="remove", mentee_id="E2", mentor_id=str(before))
    pinned = await _edit(staffed, run_id, kind="pin", mentee_id="E1", mentor_id=str(before))
    assert pinned.json()["pair_count"] == 1
    edits = (await staffed.ok("GET", f"/runs/{run_id}/edits"))["items"]
    assert [(edit["kind"], edit["edited_by"]) for edit in edits] == [
        (kind, "E-manager") for kind in ("swap", "remove", "pin")
    ]
    published = await staffed.ok("POST", f"/runs/{run_id}/publish")
    assert published["offered"] == 1
    (proposed,) = await staffed.said("match.proposed", at_least=1)
    assert {member["employee_id"] for member in proposed["members"]} == {"E1", before}


async def test_an_edit_that_a_rule_or_a_capacity_forbids_is_refused_by_its_name(house: House) -> None:
    await house.hear(hired("E4"), hired("E1", manager_id="E4"), hired("E2"), hired("E5"))
    programme = await house.programme()
    await house.enrol(programme, ["E1"], "mentee", blocks=["E5"])
    await house.enrol(programme, ["E2"], "mentee")
    await house.enrol(programme, ["E4", "E5"], "mentor")
    run_id = (await house.run(programme))["run_id"]
    taken = await _partner(house, run_id, "E2")
    assert _field(await _edit(house, run_id, kind="pin", mentee_id="E1", mentor_id="E4")) == (
        422,
        "mentor_id",
        "The rule reporting_line forbids this pair.",
    )
    blocked = _field(await _edit(house, run_id, kind="pin", mentee_id="E1", mentor_id="E5"))
    assert blocked[2] == "The rule block forbids this pair."
    again = _field(await _edit(house, run_id, kind="pin", mentee_id="E2", mentor_id=str(taken)))
    assert again[1] == "mentor_id"
    nobody = _field(await _edit(house, run_id, kind="pin", mentee_id="E-nobody", mentor_id="E4"))
    assert nobody[1] == "mentee_id"
    lonely = _field(await _edit(house, run_id, kind="swap", mentee_id="E2", other_mentee_id="E1"))
    assert lonely[:2] == (422, "other_mentee_id")
    missing = _field(await _edit(house, run_id, kind="swap", mentee_id="E2"))
    assert missing[1] == "other_mentee_id"
    assert (await house.ok("GET", f"/runs/{run_id}"))["edition"] == 0


async def test_a_mentor_who_is_full_is_not_given_another_mentee(staffed: House) -> None:
    programme = await _staffed(staffed)
    await staffed.enrol(programme, ["E3"], "mentee")
    run_id = (await staffed.run(programme))["run_id"]
    pairs = (await staffed.ok("GET", f"/runs/{run_id}"))["pairs"]
    alone = ({"E1", "E2", "E3"} - {pair["mentee_id"] for pair in pairs}).pop()
    status, field, detail = _field(await _edit(staffed, run_id, kind="pin", mentee_id=alone, mentor_id="E4"))
    assert (status, field) == (422, "mentor_id")
    assert detail.startswith("capacity:")


async def test_an_edit_of_what_somebody_else_has_edited_meanwhile_is_refused(staffed: House) -> None:
    programme = await _staffed(staffed)
    run_id = (await staffed.run(programme))["run_id"]
    seen = {"If-Match": (await staffed.call("GET", f"/runs/{run_id}")).headers["ETag"]}
    swap = {"kind": "swap", "mentee_id": "E1", "other_mentee_id": "E2"}
    assert (await staffed.call("POST", f"/runs/{run_id}/edits", json=swap, headers=seen)).status_code == 201
    for path in ("edits", "publish"):
        late = await staffed.call(
            "POST", f"/runs/{run_id}/{path}", json=swap if path == "edits" else None, headers=seen
        )
        assert (late.status_code, late.json()["code"]) == (412, "changed_since")


async def test_a_published_run_is_edited_no_more(staffed: House) -> None:
    programme = await _staffed(staffed)
    run_id = (await staffed.run(programme))["run_id"]
    await staffed.ok("POST", f"/runs/{run_id}/publish")
    late = await _edit(staffed, run_id, kind="swap", mentee_id="E1", other_mentee_id="E2")
    assert (late.status_code, late.json()["code"]) == (409, "run_not_completed")


async def test_a_pinned_pair_of_which_somebody_leaves_is_left_out(staffed: House) -> None:
    programme = await _staffed(staffed)
    run_id = (await staffed.run(programme))["run_id"]
    await _edit(staffed, run_id, kind="swap", mentee_id="E1", other_mentee_id="E2")
    await staffed.hear(left("E4"))
    published = await staffed.ok("POST", f"/runs/{run_id}/publish")
    assert (published["offered"], published["left_out"]) == (1, 1)


async def test_a_free_run_moves_people_and_keeps_who_stays_together(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1"], "mentee", skills_wanted=["python"])
    await staffed.enrol(programme, ["E4"], "mentor", skills_offered=["sailing"])
    (old,) = await staffed.offers(programme)
    await staffed.enrol(programme, ["E5"], "mentor", skills_offered=["python"])
    frozen = await staffed.run(programme)
    assert frozen["pair_count"] == 0
    for moved in (1, 0):
        asked = await staffed.ok("POST", f"/programmes/{programme}/runs", json={"mode": "free"})
        await staffed.work()
        assert await _partner(staffed, asked["run_id"], "E1") == "E5"
        published = await staffed.ok("POST", f"/runs/{asked['run_id']}/publish")
        assert (published["offered"], published["left_out"]) == (moved, 0)
    assert (await staffed.ok("GET", f"/matches/{old}"))["status"] == "ended"
    open_ones = await staffed.rows("SELECT 1 FROM match WHERE status = 'proposed'")
    assert len(open_ones) == 1


async def test_a_run_with_few_moves_moves_no_more_people_than_it_may(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1", "E2"], "mentee", skills_wanted=["python"])
    await staffed.enrol(programme, ["E3", "E4"], "mentor", skills_offered=["sailing"])
    before = {await _mentor(staffed, match) for match in await staffed.offers(programme)}
    assert before == {"E3", "E4"}
    await staffed.enrol(programme, ["E5", "E6"], "mentor", skills_offered=["python"])
    for moves in (0, 1):
        options = {"mode": "minimal_moves", "moves": moves}
        asked = await staffed.ok("POST", f"/programmes/{programme}/runs", json=options)
        await staffed.work()
        published = await staffed.ok("POST", f"/runs/{asked['run_id']}/publish")
        assert (published["offered"], published["left_out"]) == (moves, 0)
    assert len(await staffed.rows("SELECT 1 FROM match WHERE status = 'proposed'")) == 2
    assert len(await staffed.rows("SELECT 1 FROM match WHERE status = 'ended'")) == 1


async def _mentor(house: House, match: str) -> str:
    members = (await house.ok("GET", f"/matches/{match}"))["members"]
    return str(next(side["employee_id"] for side in members if side["role"] == "mentor"))


async def test_few_moves_are_refused_where_they_cannot_be_counted(staffed: House) -> None:
    programme = await staffed.programme(format="peer")
    options = {"mode": "minimal_moves", "moves": 1}
    refused = await staffed.call("POST", f"/programmes/{programme}/runs", json=options)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "options.moves")


async def test_a_pair_is_explained_by_what_speaks_for_it_what_forbids_it_and_what_it_would_cost(house: House) -> None:
    await house.hear(hired("E1"), hired("E2"), hired("M1"), hired("M2", manager_id="E2"))
    programme = await house.programme(rules={"weights": {"skills": 1}})
    await house.enrol(programme, ["E1", "E2"], "mentee", skills_wanted=["python"])
    await house.enrol(programme, ["M1"], "mentor", skills_offered=["python"])
    await house.enrol(programme, ["M2"], "mentor", skills_offered=["sailing"])
    run_id = (await house.run(programme))["run_id"]

    async def explained(mentee: str, mentor: str) -> Any:
        return await house.ok("GET", f"/runs/{run_id}/pairs/{mentee}/{mentor}/explanation")

    together = await explained("E2", "M1")
    assert (together["together"], together["score"], together["loss"]) == (True, 10_000, 0)
    assert together["contributions"]["skills"] == 10_000
    apart = await explained("E1", "M1")
    # With E1 at M1 nobody is left for E2, whose line M2 is in: as much as a whole pair is lost.
    assert (apart["together"], apart["broken_rules"]) == (False, [])
    forbidden = await explained("E2", "M2")
    assert forbidden["broken_rules"] == ["reporting_line"]
    missing = await house.call("GET", f"/runs/{run_id}/pairs/E2/E1/explanation")
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "mentor_id")


async def test_who_has_nobody_is_told_why_and_the_programme_what_it_lacks(staffed: House) -> None:
    programme = await staffed.programme(rules={"level_gap_min": 2})
    await staffed.enrol(programme, ["E1"], "mentee", skills_wanted=["python"])
    await staffed.enrol(programme, ["E4", "E5"], "mentor", skills_offered=["python"])
    run_id = (await staffed.run(programme))["run_id"]
    why = await staffed.ok("GET", f"/runs/{run_id}/unmatched/E1")
    assert (why["reason"], why["broken"]) == ("no_candidates", {"level_gap_min": 2})
    assert [(one["rule"], one["value"], one["candidates"]) for one in why["relaxations"]] == [("level_gap_min", 0, 2)]
    lack = await staffed.ok("GET", f"/runs/{run_id}/shortage")
    assert (lack["asked_for"], lack["mentors"][0]["skill"], lack["mentors"][0]["would_match"]) == (1, "python", 1)
    assert (await staffed.call("GET", f"/runs/{run_id}/unmatched/E4")).status_code == 404


async def _alone(house: House, run_id: str) -> list[str]:
    listed = await house.call("GET", f"/runs/{run_id}/export?format=csv&part=unmatched")
    return [line.split(",")[0] for line in listed.text.splitlines()[1:]]


async def test_whom_an_edit_leaves_without_anybody_is_listed_explained_and_told(staffed: House) -> None:
    programme = await _staffed(staffed)
    run_id = (await staffed.run(programme))["run_id"]
    mentor = await _partner(staffed, run_id, "E1")
    await staffed.ok("POST", f"/runs/{run_id}/edits", json={"kind": "remove", "mentee_id": "E1", "mentor_id": mentor})
    assert await _alone(staffed, run_id) == ["E1"]
    assert (await staffed.ok("GET", f"/runs/{run_id}/unmatched/E1"))["reason"] == "all_full"
    await staffed.ok("POST", f"/runs/{run_id}/publish")
    told = await staffed.said("participant.unmatched", at_least=1)
    assert [one["employee_id"] for one in told] == ["E1"]


async def test_of_two_peers_whose_partners_are_pinned_to_each_other_both_are_left_alone(staffed: House) -> None:
    programme = await staffed.programme(format="peer")
    await staffed.enrol(programme, ["E1", "E2", "E3", "E4"], "peer")
    run_id = (await staffed.run(programme))["run_id"]
    (one, two) = (await staffed.ok("GET", f"/runs/{run_id}"))["pairs"]
    pinned = {"mentee_id": one["mentee_id"], "mentor_id": two["mentor_id"]}
    await staffed.ok("POST", f"/runs/{run_id}/edits", json={"kind": "pin"} | pinned)
    assert await _alone(staffed, run_id) == sorted([one["mentor_id"], two["mentee_id"]])
