"""Boards are made as seldom as they can be, and no request waits for one."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from matching.adapters.db import policies
from matching.domain.board import MOST, STEP, Board, board_of
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.rules import Rules
from matching.handlers import boards
from matching.handlers.boards import Boards
from tests.eventually import eventually
from tests.matching.conftest import House


async def _self_matching(house: House) -> str:
    programme = await house.programme()
    await house.enrol(programme, ["E1"], "mentee")
    await house.enrol(programme, ["E2"], "mentor")
    await house.ok("PUT", f"/programmes/{programme}/offer-policy", json={"self_match": True})
    return programme


async def _shown(house: House, programme: str) -> list[str]:
    answer = await house.call("GET", f"/programmes/{programme}/recommendations", "E1")
    return sorted(one["mentor_id"] for one in answer.json().get("items", ()))


async def test_a_board_is_made_once_however_often_it_is_asked_for_meanwhile(
    staffed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    build = Boards._built

    async def counted(self: Boards, *given: Any) -> Board | None:
        made.append(given[-1])
        await asyncio.sleep(0.2)
        return await build(self, *given)

    monkeypatch.setattr(Boards, "_built", counted)
    programme = await _self_matching(staffed)

    async def status() -> int:
        return (await staffed.call("GET", f"/programmes/{programme}/recommendations", "E1")).status_code

    await eventually(status, 200, seconds=90)
    await asyncio.sleep(0.5)
    assert len(made) == 1


async def test_nobody_looks_for_changes_while_a_board_is_too_young_to_be_made_anew(
    staffed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    revision_of = policies.revision_of

    async def counted(*given: Any) -> policies.Revision:
        looks.append(given[-1])
        return await revision_of(*given)

    monkeypatch.setattr(policies, "revision_of", counted)
    monkeypatch.setattr(boards, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(boards, "_REST", 1000)
    programme = await _self_matching(staffed)
    await eventually(lambda: _shown(staffed, programme), ["E2"], seconds=90)
    before = len(looks)
    await asyncio.sleep(0.5)
    assert len(looks) == before


async def test_a_board_is_made_anew_when_participants_have_changed(
    staffed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "LOOK_SECONDS", 0.02)
    programme = await _self_matching(staffed)
    await eventually(lambda: _shown(staffed, programme), ["E2"], seconds=90)
    await staffed.enrol(programme, ["E3"], "mentor")
    await eventually(lambda: _shown(staffed, programme), ["E2", "E3"], seconds=90)


def test_mentors_are_charged_once_for_each_who_is_shown_them_and_less_the_more_places_they_have() -> None:
    mentees = tuple(Profile(f"E{number}") for number in range(50))
    board = board_of(Problem("one_on_one", Rules(), mentees, (Profile("M1"), Profile("M2", capacity=4))))
    place = {name: column for column, name in enumerate(board.columns)}

    def charges() -> tuple[int, int]:
        return int(board.charge[place["M1"]]), int(board.charge[place["M2"]])

    for mentee in ("E0", "E0", "E1"):
        board.show(mentee, ["M1", "M2"], place)
    board.show("E2", ["M2"], place)
    board.show("E3", [], place)
    assert charges() == (2 * STEP, 3 * STEP // 4)
    for mentee in board.rows:
        board.show(mentee, ["M1", "M2"], place)
    assert charges() == (MOST, 50 * STEP // 4)


def test_the_service_starts_without_the_engine() -> None:
    asked = "import sys, matching.main; print(sorted({'numba', 'llvmlite'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.strip() == "[]"
