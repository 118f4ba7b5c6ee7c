"""Recommendations for those whom the board does not know: nothing, and nothing that breaks."""

import asyncio
from typing import Any

import pytest

from matching.adapters.db import policies
from matching.handlers.boards import Boards
from tests.builders import hired
from tests.eventually import eventually
from tests.matching.conftest import House


async def _self_matching(house: House, mentors: list[str], mentees: list[str]) -> str:
    await house.hear(*(hired(name) for name in (*mentors, *mentees)))
    programme = await house.programme()
    await house.enrol(programme, mentees, "mentee")
    await house.enrol(programme, mentors, "mentor")
    await house.ok("PUT", f"/programmes/{programme}/offer-policy", json={"self_match": True})
    return programme


async def _shown(house: House, programme: str, who: str, *roles: str, **query: Any) -> list[str]:
    """The mentors that are recommended; every answer before is that they are being prepared."""
    path = f"/programmes/{programme}/recommendations"
    answers = []

    async def answered() -> int:
        answers.append(await house.call("GET", path, who, *roles, params=query))
        assert answers[-1].status_code in {200, 503}, answers[-1].text
        return int(answers[-1].status_code)

    await eventually(answered, 200, seconds=90)
    return [one["mentor_id"] for one in answers[-1].json()["items"]]


@pytest.mark.parametrize("board", ["there", "not there yet"])
async def test_who_is_not_on_the_board_is_recommended_nobody(house: House, board: str) -> None:
    programme = await _self_matching(house, ["M1"], ["E1"])
    await house.hear(hired("E-elsewhere"))
    if board == "there":
        assert await _shown(house, programme, "E1") == ["M1"]
    for name in ("E-elsewhere", "E-unheard-of", "M1"):
        assert await _shown(house, programme, name) == []
        assert await _shown(house, programme, "E-manager", "programme-manager", employee_id=name) == []


async def test_who_has_withdrawn_is_recommended_nobody_and_who_has_just_joined_is(house: House) -> None:
    programme = await _self_matching(house, ["M1"], ["E1", "E2"])
    assert await _shown(house, programme, "E1") == ["M1"]
    await house.ok("DELETE", f"/programmes/{programme}/participants/E1", "E1")
    assert await _shown(house, programme, "E1") == []
    await house.hear(hired("E3"))
    await house.enrol(programme, ["E3"], "mentee")
    assert await _shown(house, programme, "E3") == ["M1"]


async def test_a_board_that_comes_while_the_database_is_asked_is_looked_at(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme = await _self_matching(house, ["M1"], ["E1"])
    assert await _shown(house, programme, "E1") == ["M1"]
    known, not_yet = Boards.known, [None]
    monkeypatch.setattr(Boards, "known", lambda *given: not_yet.pop() if not_yet else known(*given))
    assert await _shown(house, programme, "E1") == ["M1"]


async def test_where_nobody_mentors_nobody_is_recommended(house: House) -> None:
    programme = await _self_matching(house, [], ["E1"])
    assert await _shown(house, programme, "E1") == []


async def test_people_come_and_go_while_others_ask(house: House) -> None:
    mentees = [f"E{number}" for number in range(6)]
    programme = await _self_matching(house, ["M1", "M2"], mentees)
    assert set(await _shown(house, programme, "E0")) == {"M1", "M2"}

    async def come_and_go(name: str) -> None:
        for _ in range(3):
            await house.ok("DELETE", f"/programmes/{programme}/participants/{name}", name)
            await house.enrol(programme, [name], "mentee")

    await asyncio.gather(
        *(come_and_go(name) for name in mentees[:3]),
        *(_shown(house, programme, name) for name in mentees * 5),
    )


async def test_where_the_best_are_taken_those_who_come_after_them_are_recommended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{number:02}" for number in range(20)]
    programme = await _self_matching(house, ["M-free"], [f"E{name}" for name in names])
    await house.hear(hired("E-last"), *(hired(f"T{name}") for name in names))
    await house.enrol(programme, [f"T{name}" for name in names], "mentor", skills_offered=["python"])
    await house.enrol(programme, ["E-last"], "mentee", skills_wanted=["python"])
    assert len(await _shown(house, programme, "E-last", limit=1)) == 1
    questions = []
    prospects_of = policies.prospects_of

    async def counted(*given: Any) -> policies.Prospects | None:
        questions.append(given)
        return await prospects_of(*given)

    monkeypatch.setattr(policies, "prospects_of", counted)
    assert (await _shown(house, programme, "E-last", limit=1))[0] != "M-free"
    assert len(questions) == 1
    taken = [{"mentee_id": f"E{name}", "mentor_id": f"T{name}"} for name in names]
    made = await house.ok("POST", f"/programmes/{programme}/pairings", json={"pairs": taken})
    assert made["created"] == 20
    assert await _shown(house, programme, "E-last", limit=1) == ["M-free"]
