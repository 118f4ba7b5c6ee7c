"""Boards are made as seldom as they can be, and no request waits for one."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from matching.domain.board import Board
from matching.handlers.boards import Boards
from tests.eventually import eventually
from tests.matching.conftest import House


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
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1"], "mentee")
    await staffed.enrol(programme, ["E2"], "mentor")
    await staffed.ok("PUT", f"/programmes/{programme}/offer-policy", json={"self_match": True})

    async def status() -> int:
        return (await staffed.call("GET", f"/programmes/{programme}/recommendations", "E1")).status_code

    await eventually(status, 200, seconds=90)
    await asyncio.sleep(0.5)
    assert len(made) == 1


def test_the_service_starts_without_the_engine() -> None:
    asked = "import sys, matching.main; print(sorted({'numba', 'llvmlite'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.strip() == "[]"
