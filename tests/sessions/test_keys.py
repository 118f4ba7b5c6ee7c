"""Words under their authors' own keys: what was changed or moved stays shut, and the keys can be rotated."""

import asyncio
from pathlib import Path

import pytest

from sessions.adapters.notes import KeyRing, KeysUnusable, Notes
from sessions.cli import rewrap, rewrap_note_keys
from sessions.main import service
from tests.fixtures.services import environment
from tests.sessions.conftest import write_keys
from tests.sessions.here import HERS, HIS, Here


async def test_every_author_has_a_key_of_their_own_in_every_relationship(here: Here) -> None:
    first, second = await here.activate("anna", "ben"), await here.activate("anna", "cleo")
    for match_id, who in ((first, "anna"), (first, "ben"), (first, "ben"), (second, "anna")):
        await here.goal(match_id, who)
    keys = await here.sql("SELECT relationship_id, author_id, wrapped FROM data_key")
    assert {(one.relationship_id, one.author_id) for one in keys} == {(first, "anna"), (first, "ben"), (second, "anna")}
    assert len({one.wrapped for one in keys}) == 3
    sealed = await here.sql("SELECT words FROM goal WHERE owner_id = 'ben'")
    assert sealed[0].words != sealed[1].words  # the same words twice: nothing can be told from the ciphertexts


async def test_words_moved_to_another_row_are_not_opened(here: Here) -> None:
    match_id = await here.activate()
    one, other = await here.goal(match_id, words=HERS), await here.goal(match_id, words="another goal")
    session_id = await here.held(match_id)
    await here.feedback(session_id, "mentee", "feedback under the same key")
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
    goal_id = await here.goal(await here.activate())
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
    hers, his = await here.goal(match_id, "mentee", HERS), await here.goal(match_id, "mentor", HIS)
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
        await here.goal(match_id, who)
    write_keys(note_keys, "k2", "k1")
    await here.goal(second, "anna")  # the service, which was started with the old file, takes the newest key at once
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
    assert await here.words_of("ben", f"/relationships/{first}/goals") == [HERS, HERS]
    assert await here.words_of("cleo", f"/relationships/{second}/goals") == [HERS, HERS]


async def test_the_command_rotates_with_the_settings_of_the_service(
    here: Here, note_keys: Path, database_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    await here.goal(await here.activate())
    write_keys(note_keys, "k2", "k1")
    given = {"MENTORSHIP_DATABASE_URL": database_url, "MENTORSHIP_NOTE_KEYS_FILE": str(note_keys)}
    with environment(given):
        await asyncio.to_thread(rewrap_note_keys)
    assert "1 data keys are wrapped anew." in capfd.readouterr().out
    assert await here.sql("SELECT DISTINCT wrapping_key_id FROM data_key") == [("k2",)]


async def test_without_the_wrapping_key_no_words_are_opened(here: Here, tmp_path: Path) -> None:
    match_id = await here.activate()
    await here.goal(match_id)
    notes = Notes(KeyRing(write_keys(tmp_path / "others.json", "k9")))
    async with here.database.transaction() as tx:
        with pytest.raises(KeysUnusable, match=r"no key 'k1'.*put it back"):
            await notes.rewrap_some(tx)


_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
_TWICE = f'[{{"id": "a", "key": "{_KEY}"}}, {{"id": "a", "key": "{_KEY}"}}]'


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '[{"id": "a"}]', '[{"id": "a", "key": "c2hvcnQ="}]', '[{"id": "a", "key": "***"}]', "[1]", _TWICE],
)
def test_a_key_file_that_cannot_serve_ends_the_process_with_a_sentence_and_shows_no_key(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    given = {"MENTORSHIP_DATABASE_URL": "postgresql://s@127.0.0.1/s", "MENTORSHIP_NOTE_KEYS_FILE": str(path)}
    for start in (service, rewrap_note_keys):
        with environment(given), pytest.raises(SystemExit, match=r"^MENTORSHIP_NOTE_KEYS_FILE: .*keys.json") as ended:
            start()
        assert "c2hvcnQ=" not in str(ended.value)
        assert _KEY not in str(ended.value)


def test_a_missing_key_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeysUnusable, match=r"cannot read .*: No such file"):
        KeyRing(tmp_path / "nowhere.json")
