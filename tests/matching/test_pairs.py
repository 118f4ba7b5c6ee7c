"""Pairs that are decided on by hand."""

from typing import Any

import pytest

from tests.builders import changed, erased, hired
from tests.matching.conftest import MANAGER, House

MUST, NEVER = {"kind": "must_match"}, {"kind": "forbidden"}


async def refused(house: House, path: str, body: dict[str, Any] = MUST) -> tuple[int, str]:
    response = await house.call("PUT", path, json=body)
    return response.status_code, response.json()["errors"][0]["field"]


async def with_people(house: House, **given: Any) -> str:
    """A programme with the mentees E1 to E3 and the mentors E4 to E6."""
    programme = await house.programme(**given)
    await house.enrol(programme, ["E1", "E2", "E3"], "mentee")
    await house.enrol(programme, ["E4", "E5", "E6"], "mentor")
    return f"/programmes/{programme}"


async def test_pairs_are_decided_listed_and_taken_back(staffed: House) -> None:
    path = await with_people(staffed)
    await staffed.ok("PUT", f"{path}/pairs/E2/E5", json=MUST)
    made = await staffed.ok("PUT", f"{path}/pairs/E1/E4", json=MUST)
    assert (made["kind"], made["set_by"]) == ("must_match", MANAGER)
    await staffed.ok("PUT", f"{path}/pairs/E1/E4", json=NEVER)
    first = await staffed.ok("GET", f"{path}/pairs?limit=1")
    rest = await staffed.ok("GET", f"{path}/pairs?limit=1&cursor={first['next']}")
    found = [(one["mentee_id"], one["mentor_id"], one["kind"]) for one in first["items"] + rest["items"]]
    assert found == [("E1", "E4", "forbidden"), ("E2", "E5", "must_match")]
    assert (await staffed.call("DELETE", f"{path}/pairs/E1/E4")).status_code == 204
    assert (await staffed.call("DELETE", f"{path}/pairs/E1/E4")).status_code == 204
    assert len((await staffed.ok("GET", f"{path}/pairs"))["items"]) == 1


async def test_a_run_keeps_to_what_was_decided_and_says_which_rules_it_used(staffed: House) -> None:
    path = await with_people(staffed)
    wishes = {"roles": ["mentee"], "wishes": ["E4"]}
    await staffed.ok("PUT", f"{path}/participants/E1", json=wishes)
    await staffed.ok("PUT", f"{path}/pairs/E2/E4", json=MUST)
    await staffed.ok("PUT", f"{path}/pairs/E1/E5", json=NEVER)
    asked = await staffed.ok("POST", f"{path}/runs")
    await staffed.ok("PUT", f"{path}/rules", json={"weights": {"wish": 1}})
    await staffed.work()
    run = await staffed.ok("GET", f"/runs/{asked['run_id']}")
    assert run["rules_version"] == 1
    assert {pair["contributions"]["language"] for pair in run["pairs"]} == {1000}
    assert {(pair["mentee_id"], pair["mentor_id"]) for pair in run["pairs"]} == {
        ("E2", "E4"),
        ("E1", "E6"),
        ("E3", "E5"),
    }


async def test_peers_have_no_order(staffed: House) -> None:
    programme = await staffed.programme(format="peer")
    await staffed.enrol(programme, ["E1", "E2"], "peer")
    path = f"/programmes/{programme}/pairs"
    await staffed.ok("PUT", f"{path}/E2/E1", json=NEVER)
    await staffed.ok("PUT", f"{path}/E1/E2", json=MUST)
    (found,) = (await staffed.ok("GET", path))["items"]
    assert (found["mentee_id"], found["mentor_id"], found["kind"]) == ("E1", "E2", "must_match")


async def test_a_must_match_pair_that_a_hard_rule_forbids_is_refused_by_the_rule(house: House) -> None:
    await house.hear(
        *(hired(f"E{number}") for number in range(1, 5)),
        hired("E5", level=9, languages=("fr",)),
        hired("E6", manager_id="E1"),
    )
    path = await with_people(house, rules={"level_gap_max": 2})
    await house.ok("PUT", f"{path}/participants/E2", json={"roles": ["mentee"], "blocks": ["E4"]})
    assert await refused(house, f"{path}/pairs/E1/E5") == (422, "rules.level_gap_max")
    assert await refused(house, f"{path}/pairs/E1/E6") == (422, "pair.reporting_line")
    assert await refused(house, f"{path}/pairs/E2/E4") == (422, "pair.block")
    assert await refused(house, f"{path}/pairs/E1/E1") == (422, "mentor_id")
    assert await refused(house, f"{path}/pairs/E4/E1") == (422, "mentee_id")
    assert await refused(house, f"{path}/pairs/E1/E99") == (422, "mentor_id")
    assert (await house.ok("GET", f"{path}/pairs"))["items"] == []
    await house.ok("PUT", f"{path}/pairs/E1/E5", json=NEVER)


async def test_nobody_has_more_must_match_pairs_than_places(staffed: House) -> None:
    path = await with_people(staffed)
    await staffed.ok("PUT", f"{path}/pairs/E1/E4", json=MUST)
    await staffed.ok("PUT", f"{path}/pairs/E1/E4", json=MUST)
    assert await refused(staffed, f"{path}/pairs/E1/E5") == (422, "mentee_id")
    assert await refused(staffed, f"{path}/pairs/E2/E4") == (422, "mentor_id")
    await staffed.ok("PUT", f"{path}/participants/E4", json={"roles": ["mentor"], "capacity": 2})
    await staffed.ok("PUT", f"{path}/pairs/E2/E4", json=MUST)


async def test_rules_that_break_a_must_match_pair_are_refused_by_the_rule(house: House) -> None:
    await house.hear(*(hired(f"E{number}", level=number) for number in range(1, 7)))
    path = await with_people(house)
    await house.ok("PUT", f"{path}/pairs/E1/E6", json=MUST)
    assert await refused(house, f"{path}/rules", {"level_gap_max": 4}) == (422, "rules.level_gap_max")
    assert (await house.ok("GET", path))["rules_version"] == 1
    await house.ok("PUT", f"{path}/rules", json={"level_gap_max": 5})


async def test_an_erased_person_is_in_no_pair_list_or_draw_any_more(staffed: House) -> None:
    boss = ("E6", "platform-admin")
    path = await with_people(staffed)
    await staffed.ok("POST", f"{path}/arms", *boss, json={"share": 0.0001})
    for pair in ("E1/E4", "E2/E5"):
        await staffed.ok("PUT", f"{path}/pairs/{pair}", *boss, json=NEVER)
    await staffed.ok("PUT", f"{path}/rules", *boss, json={"score_min": 1})
    for name in ("E1", "E2"):
        await staffed.ok("PUT", f"/employees/{name}/training", *boss, json={"done_on": "2025-01-01"})
    body = {"roles": ["mentor"], "mentee_wishes": ["E1", "E2"]}
    await staffed.ok("PUT", f"{path}/participants/E4", json=body)
    await staffed.hear(erased("E1"), erased("E6"))
    (found,) = (await staffed.ok("GET", f"{path}/pairs"))["items"]
    assert (found["mentee_id"], found["set_by"]) == ("E2", None)
    assert (await staffed.ok("GET", f"{path}/rules/2"))["author_id"] is None
    assert (await staffed.ok("GET", f"{path}/arms"))["drawn_by"] is None
    assert (await staffed.ok("GET", f"{path}/participants/E4"))["mentee_wishes"] == ["E2"]
    assert [tuple(row)[::2] for row in await staffed.rows("SELECT * FROM training")] == [("E2", None)]


@pytest.mark.parametrize("who", ["E1", "E-other"])
async def test_only_who_runs_the_programme_decides_on_pairs(staffed: House, who: str) -> None:
    path = await with_people(staffed)
    assert (await staffed.call("PUT", f"{path}/pairs/E1/E4", who, json=NEVER)).status_code == 403
    other = ("E-other", "programme-manager")
    assert (await staffed.call("PUT", f"{path}/pairs/E1/E4", *other, json=NEVER)).status_code == 404


async def test_who_blocks_their_must_match_partner_is_heard_and_runs_go_on_without_the_pair(staffed: House) -> None:
    path = await with_people(staffed)
    await staffed.ok("PUT", f"{path}/pairs/E1/E4", json=MUST)
    await staffed.ok("PUT", f"{path}/pairs/E2/E5", json=MUST)
    await staffed.ok("PUT", f"{path}/participants/E1", "E1", json={"roles": ["mentee"], "blocks": ["E4"]})
    run = await staffed.run(path.removeprefix("/programmes/"))
    assert (run["status"], run["report"]["pins_left_out"], run["report"]["pinned"]) == ("completed", {"block": 1}, 1)
    together = {(pair["mentee_id"], pair["mentor_id"]) for pair in run["pairs"]}
    assert ("E2", "E5") in together
    assert ("E1", "E4") not in together
    listed = (await staffed.ok("GET", f"{path}/pairs"))["items"]
    assert [(one["mentee_id"], one["broken_rule"]) for one in listed] == [("E1", "block"), ("E2", None)]


async def test_what_hr_says_later_or_a_no_keeps_a_must_match_pair_apart_but_no_run_from_ending(staffed: House) -> None:
    path = await with_people(staffed, rules={"level_gap_max": 3})
    programme = path.removeprefix("/programmes/")
    await staffed.ok("PUT", f"{path}/pairs/E1/E4", json=MUST)
    await staffed.ok("PUT", f"{path}/pairs/E2/E5", json=MUST)
    await staffed.offers(programme)
    offers = {one["match_id"] for one in (await staffed.ok("GET", "/me/matches", "E4"))["items"]}
    for offer in offers:
        await staffed.ok("POST", f"/matches/{offer}/decline", "E4")
    run = await staffed.run(programme)
    assert (run["status"], run["report"]["pins_left_out"]) == ("completed", {"earlier": 1})
    await staffed.hear(changed("E5", level=9), changed("E2", level=1))
    listed = (await staffed.ok("GET", f"{path}/pairs"))["items"]
    assert [one["broken_rule"] for one in listed] == ["earlier", "level_gap_max"]


async def test_a_draft_of_rules_that_breaks_a_must_match_pair_can_be_looked_at(house: House) -> None:
    await house.hear(*(hired(f"E{number}", level=number) for number in range(1, 7)))
    path = await with_people(house)
    await house.ok("PUT", f"{path}/pairs/E1/E6", json=MUST)
    asked = await house.ok("POST", f"{path}/runs", json={"rules": {"level_gap_max": 4}})
    await house.work()
    run = await house.ok("GET", f"/runs/{asked['run_id']}")
    assert (run["status"], run["report"]["pins_left_out"]) == ("completed", {"level_gap_max": 1})


@pytest.mark.parametrize(("least", "matched", "left_out"), [(3, 3, {}), (4, 0, {"circle_min": 1})])
async def test_a_must_match_pair_opens_a_whole_circle_or_the_run_says_that_it_cannot(
    staffed: House, least: int, matched: int, left_out: dict[str, int]
) -> None:
    path = await with_people(staffed, format="group", rules={"circle_min": least})
    await staffed.ok("PUT", f"{path}/participants/E4", "E4", json={"roles": ["mentor"], "capacity": 5})
    await staffed.ok("PUT", f"{path}/pairs/E1/E4", json=MUST)
    run = await staffed.run(path.removeprefix("/programmes/"))
    assert (run["status"], run["report"]["pins_left_out"]) == ("completed", left_out)
    assert [pair["mentor_id"] for pair in run["pairs"]] == ["E4"] * matched
