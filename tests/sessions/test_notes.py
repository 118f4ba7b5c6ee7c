"""Goals and feedback: scores for everybody, words for the members alone, each under its author's own key."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from sessions.adapters.notes import KeyRing, KeysUnusable, Notes
from sessions.cli import rewrap, rewrap_note_keys
from tests.fixtures.services import environment
from tests.sessions.conftest import write_keys
from tests.sessions.here import Here

HERS = "I am afraid of the board meeting"
HIS = "She prepares too little"


async def goal(here: Here, relationship_id: Any, who: str = "mentee", words: str | None = HERS) -> str:
    answer = await here.post(who, f"/relationships/{relationship_id}/goals", {"code": "speaking", "words": words})
    assert answer.status_code == 201, answer.text
    assert "words" not in answer.json()
    goal_id: str = answer.json()["goal_id"]
    return goal_id


async def feedback(here: Here, session_id: str, who: str, words: str | None, **scores: int) -> None:
    body = {"usefulness": 4, "words": words} | scores
    answer = await here.post(who, f"/sessions/{session_id}/feedback", body)
    assert answer.status_code == 201, answer.text
    assert "words" not in answer.json()


async def words_of(here: Here, who: str, path: str) -> list[str | None]:
    answer = await here.get(who, path)
    assert answer.status_code == 200, answer.text
    return [one["words"] for one in answer.json()["items"]]


async def test_a_goal_goes_from_set_to_achieved(here: Here) -> None:
    match_id = await here.activate()
    path = f"/goals/{await goal(here, match_id)}"
    assert (await here.post("mentor", f"{path}/progress", {"progress": 60})).json()["progress"] == 60
    assert (await here.post("mentee", f"{path}/achieve")).json()["progress"] == 100
    answer = await here.post("mentee", f"{path}/progress", {"progress": 10})
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
    goal_id = await goal(here, match_id)
    for who in ("mentor", "mentee"):
        answer = await here.get(who, f"/goals/{goal_id}")
        assert (answer.json()["words"], answer.headers["ETag"]) == (HERS, '"1"')
        assert await words_of(here, who, f"/relationships/{match_id}/goals") == [HERS]
    body = {"progress": 5}
    assert (await here.post("mentee", f"/goals/{goal_id}/progress", body, if_match='"7"')).status_code == 412
    assert (await here.post("mentee", f"/goals/{goal_id}/progress", body, if_match='"1"')).status_code == 200


async def test_feedback_says_its_scores_to_all_and_its_words_to_the_members(here: Here) -> None:
    match_id = await here.activate()
    session_id = await here.held(match_id)
    await feedback(here, session_id, "mentee", HERS, usefulness=5, fit=4)
    await feedback(here, session_id, "mentor", None, usefulness=3)
    for who in ("mentor", "mentee"):
        assert await words_of(here, who, f"/sessions/{session_id}/feedback") == [HERS, None]
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
    await feedback(here, session_id, "mentor", HIS)
    answer = await here.post("mentor", f"/sessions/{session_id}/feedback", body | {"words": "again"})
    assert (answer.status_code, answer.json()["code"]) == (409, "feedback_given")
    assert (await here.post("stranger", f"/sessions/{session_id}/feedback", body)).status_code == 404
    assert await here.events("feedback") == ["feedback.given"]


async def test_feedback_on_the_last_session_is_taken_after_the_relationship_is_over(here: Here) -> None:
    match_id = await here.activate()
    session_id = await here.held(match_id)
    await here.end(match_id)
    await feedback(here, session_id, "mentee", HERS)
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


async def test_words_of_every_script_come_back_as_they_were(here: Here) -> None:
    match_id = await here.activate()
    words = "Zuhören 倾听 \U0001f44d <script>\u202e'; DROP TABLE goal;--"
    await goal(here, match_id, "mentor", words)
    assert await words_of(here, "mentee", f"/relationships/{match_id}/goals") == [words]


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


# --- encryption ---


async def test_every_author_has_a_key_of_their_own_in_every_relationship(here: Here) -> None:
    first, second = await here.activate("anna", "ben"), await here.activate("anna", "cleo")
    for match_id, who in ((first, "anna"), (first, "ben"), (first, "ben"), (second, "anna")):
        await goal(here, match_id, who)
    keys = await here.sql("SELECT relationship_id, author_id, wrapped FROM data_key")
    assert {(one.relationship_id, one.author_id) for one in keys} == {(first, "anna"), (first, "ben"), (second, "anna")}
    assert len({one.wrapped for one in keys}) == 3
    sealed = await here.sql("SELECT words FROM goal WHERE owner_id = 'ben'")
    assert sealed[0].words != sealed[1].words  # the same words twice: nothing can be told from the ciphertexts


async def test_words_moved_to_another_row_are_not_opened(here: Here) -> None:
    match_id = await here.activate()
    one, other = await goal(here, match_id, words=HERS), await goal(here, match_id, words="another goal")
    session_id = await here.held(match_id)
    await feedback(here, session_id, "mentee", "feedback under the same key")
    await here.sql(
        "UPDATE goal SET words = (SELECT words FROM goal WHERE goal_id = :other) WHERE goal_id = :one",
        one=one,
        other=other,
    )
    await here.sql("UPDATE goal SET words = (SELECT words FROM feedback) WHERE goal_id = :other", other=other)
    for goal_id in (one, other):
        answer = await here.get("mentee", f"/goals/{goal_id}")
        assert answer.status_code == 500
        assert "another goal" not in answer.text


@pytest.mark.parametrize("position", [0, 11, 12, 20, -1])
async def test_changed_words_are_not_opened(here: Here, position: int) -> None:
    goal_id = await goal(here, await here.activate())
    ((sealed,),) = await here.sql("SELECT words FROM goal")
    changed = bytearray(sealed)
    changed[position] ^= 1
    await here.sql("UPDATE goal SET words = :words", words=bytes(changed))
    assert (await here.get("mentee", f"/goals/{goal_id}")).status_code == 500
    await here.sql("UPDATE goal SET words = :words", words=sealed[: len(sealed) // 4])
    assert (await here.get("mentee", f"/goals/{goal_id}")).status_code == 500
    await here.sql("UPDATE goal SET words = :words", words=sealed)
    assert (await here.get("mentee", f"/goals/{goal_id}")).json()["words"] == HERS


async def test_data_keys_exchanged_between_authors_or_changed_are_not_used(here: Here) -> None:
    match_id = await here.activate()
    hers, his = await goal(here, match_id, "mentee", HERS), await goal(here, match_id, "mentor", HIS)
    before = {one.author_id: one.wrapped for one in await here.sql("SELECT author_id, wrapped FROM data_key")}
    for mentor, mentee in (("mentee", "mentor"), ("mentee", "mentee")):
        await here.sql("UPDATE data_key SET wrapped = :w WHERE author_id = 'mentor'", w=before[mentor])
        await here.sql("UPDATE data_key SET wrapped = :w WHERE author_id = 'mentee'", w=before[mentee])
        assert (await here.get("mentor", f"/goals/{his}")).status_code == 500
    flipped = bytes([before["mentee"][0] ^ 1]) + before["mentee"][1:]
    await here.sql("UPDATE data_key SET wrapped = :w WHERE author_id = 'mentee'", w=flipped)
    assert (await here.get("mentor", f"/goals/{hers}")).status_code == 500


async def test_keys_are_rotated_by_wrapping_anew_without_touching_words(here: Here, note_keys: Path) -> None:
    first, second = await here.activate("anna", "ben"), await here.activate("anna", "cleo")
    for match_id, who in ((first, "anna"), (first, "ben"), (second, "cleo")):
        await goal(here, match_id, who)
    write_keys(note_keys, "k2", "k1")
    await goal(here, second, "anna")  # the service, which was started with the old file, takes the newest key at once
    assert [one.wrapping_key_id for one in await here.sql("SELECT wrapping_key_id FROM data_key ORDER BY 1 DESC")] == [
        "k2",
        "k1",
        "k1",
        "k1",
    ]
    words = await here.sql("SELECT words FROM goal ORDER BY goal_id")
    assert await rewrap(here.database, KeyRing(note_keys)) == 3
    assert await rewrap(here.database, KeyRing(note_keys)) == 0
    assert await here.sql("SELECT DISTINCT wrapping_key_id FROM data_key") == [("k2",)]
    assert await here.sql("SELECT words FROM goal ORDER BY goal_id") == words
    write_keys(note_keys, "k2")
    # what it read before is wrapped by a key that it does not know: it reads the file again
    assert await words_of(here, "ben", f"/relationships/{first}/goals") == [HERS, HERS]
    assert await words_of(here, "cleo", f"/relationships/{second}/goals") == [HERS, HERS]


async def test_the_command_rotates_with_the_settings_of_the_service(
    here: Here, note_keys: Path, database_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    await goal(here, await here.activate())
    write_keys(note_keys, "k2", "k1")
    given = {"MENTORSHIP_DATABASE_URL": database_url, "MENTORSHIP_NOTE_KEYS_FILE": str(note_keys)}
    with environment(given):
        await asyncio.to_thread(rewrap_note_keys)
    assert "1 data keys are wrapped anew." in capfd.readouterr().out
    assert await here.sql("SELECT DISTINCT wrapping_key_id FROM data_key") == [("k2",)]


async def test_without_the_wrapping_key_no_words_are_opened(here: Here, tmp_path: Path) -> None:
    match_id = await here.activate()
    await goal(here, match_id)
    notes = Notes(KeyRing(write_keys(tmp_path / "others.json", "k9")))
    async with here.database.transaction() as tx:
        with pytest.raises(KeysUnusable, match="no key 'k1'"):
            await notes.rewrap_some(tx)


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '[{"id": "a"}]', '[{"id": "a", "key": "c2hvcnQ="}]', '[{"id": "a", "key": "***"}]', "[1]"],
)
def test_a_key_file_that_cannot_serve_says_so_and_shows_no_key(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(KeysUnusable) as unusable:
        KeyRing(path)
    assert "keys.json" in str(unusable.value)
    assert "c2hvcnQ=" not in str(unusable.value)


def test_a_missing_key_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeysUnusable, match=r"cannot read .*: No such file"):
        KeyRing(tmp_path / "nowhere.json")


# --- erasure ---


async def test_erasing_a_person_takes_their_words_and_keys_and_nobody_elses(here: Here) -> None:
    match_id = await here.activate()
    session_id = await here.held(match_id, "mentee")
    await goal(here, match_id, "mentee", HERS)
    await goal(here, match_id, "mentor", HIS)
    await feedback(here, session_id, "mentee", HERS)
    await feedback(here, session_id, "mentor", HIS)
    ahead = await here.schedule(match_id, "mentee")
    await here.post("mentee", f"/sessions/{ahead['session_id']}/cancel", idempotency_key="kept")
    await here.sql("UPDATE outbox SET published_at = now()")
    await here.erase("mentee")
    await here.erase("mentee")
    assert await words_of(here, "mentor", f"/relationships/{match_id}/goals") == [HIS]
    assert await words_of(here, "mentor", f"/sessions/{session_id}/feedback") == [HIS]
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
