"""Goals and feedback: scores for everybody, words for the members alone; both go with their author."""

import json
from typing import Any

import pytest

from tests.builders import match_activated, pair
from tests.sessions.here import HERS, HIS, Here


async def test_a_goal_goes_from_set_to_achieved(here: Here) -> None:
    match_id = await here.activate()
    path = f"/goals/{await here.goal(match_id)}"
    assert (await here.post("mentor", f"{path}/progress", {"progress": 60})).json()["progress"] == 60
    assert (await here.post("mentee", f"{path}/achieve")).json()["progress"] == 100
    for late, body in (("progress", {"progress": 10}), ("achieve", None)):
        answer = await here.post("mentee", f"{path}/{late}", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "goal_achieved")
    said = await here.said("goal")
    assert [(one["event"], one["progress"], one["version"]) for one in said] == [
        ("goal.set", 0, 1),
        ("goal.progressed", 60, 2),
        ("goal.achieved", 100, 3),
    ]
    assert all((one["owner_id"], one["code"]) == ("mentee", "speaking") for one in said)


async def test_a_goal_is_read_with_its_words_by_both_and_changed_by_version(here: Here) -> None:
    match_id = await here.activate()
    goal_id = await here.goal(match_id)
    for who in ("mentor", "mentee"):
        answer = await here.get(who, f"/goals/{goal_id}")
        assert (answer.json()["words"], answer.headers["ETag"]) == (HERS, '"1"')
        assert await here.words_of(who, f"/relationships/{match_id}/goals") == [HERS]
    body = {"progress": 5}
    assert (await here.post("mentee", f"/goals/{goal_id}/progress", body, if_match='"7"')).status_code == 412
    assert (await here.post("mentee", f"/goals/{goal_id}/progress", body, if_match='"1"')).status_code == 200


async def test_feedback_says_its_scores_to_all_and_its_words_to_the_members(here: Here) -> None:
    match_id = await here.activate()
    session_id = await here.held(match_id)
    await here.feedback(session_id, "mentee", HERS, usefulness=5, fit=4)
    await here.feedback(session_id, "mentor", None, usefulness=3)
    for who in ("mentor", "mentee"):
        assert await here.words_of(who, f"/sessions/{session_id}/feedback") == [HERS, None]
    said = await here.said("feedback")
    assert [(one["author_id"], one["usefulness"], one["fit"]) for one in said] == [
        ("mentee", 5, 4),
        ("mentor", 3, None),
    ]
    assert all(set(one) == {"event", "version", *_FEEDBACK_FIELDS} for one in said)


_FEEDBACK_FIELDS = {
    "feedback_id",
    "session_id",
    "relationship_id",
    "programme_id",
    "author_id",
    "usefulness",
    "fit",
}


async def test_feedback_is_given_once_and_on_held_sessions_by_those_who_were_there(here: Here) -> None:
    match_id = await here.activate()
    ahead = await here.schedule(match_id)
    body = {"usefulness": 4}
    answer = await here.post("mentor", f"/sessions/{ahead['session_id']}/feedback", body)
    assert answer.json()["code"] == "session_not_held"
    session_id = await here.held(match_id)
    await here.feedback(session_id, "mentor", HIS)
    answer = await here.post("mentor", f"/sessions/{session_id}/feedback", body | {"words": "again"})
    assert (answer.status_code, answer.json()["code"]) == (409, "feedback_given")
    assert (await here.post("stranger", f"/sessions/{session_id}/feedback", body)).status_code == 404
    assert await here.events("feedback") == ["feedback.given"]


async def test_who_was_not_there_gives_no_feedback(here: Here) -> None:
    match = match_activated((*pair("anna", "ben"), *pair("anna", "cleo")[1:]), format="group")
    await here.hear(match, 3)
    made = await here.schedule(match.match_id, "anna")
    await here.begin(made["session_id"])
    await here.done("anna", f"/sessions/{made['session_id']}/hold", {"attended": ["anna", "ben"]})
    answer = await here.post("cleo", f"/sessions/{made['session_id']}/feedback", {"usefulness": 4})
    assert (answer.status_code, answer.json()["code"]) == (409, "did_not_attend")


async def test_feedback_on_the_last_session_is_taken_after_the_relationship_is_over(here: Here) -> None:
    match_id = await here.activate()
    session_id = await here.held(match_id)
    await here.end(match_id)
    await here.feedback(session_id, "mentee", HERS)
    answer = await here.post("mentee", f"/relationships/{match_id}/goals", {"code": "late"})
    assert (answer.status_code, answer.json()["code"]) == (409, "relationship_closed")


@pytest.mark.parametrize(
    "body",
    [
        {"usefulness": 6},
        {"usefulness": True},
        {"usefulness": 3, "words": ""},
        {"usefulness": 3, "words": "   "},
        {"usefulness": 3, "words": "x" * 4001},
        {"usefulness": 3, "author_id": "mentor"},
    ],
)
async def test_feedback_that_is_out_of_bounds_is_refused(here: Here, body: dict[str, Any]) -> None:
    session_id = await here.held(await here.activate())
    answer = await here.post("mentee", f"/sessions/{session_id}/feedback", body)
    assert answer.status_code == 422
    assert "xxx" not in answer.text


async def test_a_goal_needs_no_words_and_no_key(here: Here) -> None:
    match_id = await here.activate()
    await here.goal(match_id, words=None)
    assert await here.words_of("mentor", f"/relationships/{match_id}/goals") == [None]
    assert await here.sql("SELECT 1 FROM data_key") == []


async def test_words_of_every_script_come_back_as_they_were(here: Here) -> None:
    match_id = await here.activate()
    words = "Zuhören 倾听 \U0001f44d <script>\u202e'; DROP TABLE goal;--"
    await here.goal(match_id, "mentor", words)
    assert await here.words_of("mentee", f"/relationships/{match_id}/goals") == [words]


@pytest.mark.parametrize("character", ["\\ud800", "\\u0000"])
async def test_what_is_no_text_is_refused(here: Here, character: str) -> None:
    match_id = await here.activate()
    answer = await here.call(
        "POST",
        f"/v1/relationships/{match_id}/goals",
        content=f'{{"code": "x", "words": "{character}"}}'.encode(),
        headers=here.headers("mentor") | {"Content-Type": "application/json"},
    )
    assert answer.status_code in {400, 422}


async def test_erasing_a_person_takes_their_words_and_keys_and_nobody_elses(here: Here) -> None:
    match_id = await here.activate()
    session_id = await here.held(match_id, "mentee")
    await here.goal(match_id, "mentee", HERS)
    await here.goal(match_id, "mentor", HIS)
    await here.feedback(session_id, "mentee", HERS)
    await here.feedback(session_id, "mentor", HIS)
    ahead = await here.schedule(match_id, "mentee")
    await here.post("mentee", f"/sessions/{ahead['session_id']}/cancel", idempotency_key="kept")
    await here.sql("UPDATE outbox SET published_at = now()")
    await here.erase("mentee")
    await here.erase("mentee")
    assert await here.words_of("mentor", f"/relationships/{match_id}/goals") == [HIS]
    assert await here.words_of("mentor", f"/sessions/{session_id}/feedback") == [HIS]
    assert [one.author_id for one in await here.sql("SELECT author_id FROM data_key")] == ["mentor"]
    found = (await here.get("mentor", f"/sessions/{session_id}")).json()
    assert (found["members"], found["attended"]) == (["mentor"], ["mentor"])
    assert (await here.get("mentor", f"/sessions/{ahead['session_id']}")).json()["organizer_id"] is None
    assert (await here.get("mentee", "/me/sessions")).status_code == 403
    for table in ("goal", "feedback", "data_key", "relationship_member", "session", "due", "idempotency_key"):
        rows = await here.sql(f'SELECT * FROM "{table}"')
        assert "mentee" not in json.dumps([[str(value) for value in row] for row in rows]), table
    assert {one["author_id"] for one in await here.said("feedback")} == {"mentor"}
    assert {one["owner_id"] for one in await here.said("goal")} == {"mentor"}


async def test_an_erased_person_stays_away_from_matches_heard_later_and_never_returns(here: Here) -> None:
    await here.erase("mentee")
    match_id = await here.activate()
    await here.arrive("mentee", version=7)
    found = (await here.get("mentor", f"/relationships/{match_id}")).json()
    assert (found["status"], [one["employee_id"] for one in found["members"]]) == ("closed", ["mentor"])
    assert await here.sql("SELECT 1 FROM relationship_member WHERE employee_id = 'mentee'") == []
    await here.depart("mentor", version=5)
    await here.arrive("mentor", version=6)
    assert (await here.get("mentor", f"/relationships/{match_id}")).json()["status"] == "closed"
