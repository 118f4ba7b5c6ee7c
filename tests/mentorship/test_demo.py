from typing import Any

import pytest

from mentorship.demo import callers, story
from mentorship.demo.callers import Answer
from mentorship.demo.cast import cast
from mentorship.demo.story import Story
from mentorship.problem import Problem


class Run:
    """Stands for matching, whose run is as it is in each of `states` for one question, and in the last from then on."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self._states = list(states)

    async def done(self, *_: Any) -> Answer:
        return Answer(200, self._states.pop(0) if len(self._states) > 1 else self._states[0], "")


WAITING = {"status": "requested", "stage": None, "reason": None}
WARMING = {"status": "running", "stage": "warming", "reason": None}
SOLVING = {"status": "running", "stage": "solving", "reason": None}
DONE = {"status": "completed", "stage": None, "reason": None}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(story, "RUN_SECONDS", 0.05)


async def completed(*states: dict[str, Any]) -> list[str]:
    told: list[str] = []
    teller = Story(cast(), Run(*states), None, lambda _, what: told.append(what))  # type: ignore[arg-type]
    assert await teller.completed("run") == DONE
    return told


async def test_a_run_is_waited_for() -> None:
    assert await completed(WAITING, SOLVING, DONE) == []


async def test_a_worker_that_compiles_its_engine_is_given_the_time_and_the_wait_is_explained() -> None:
    [said] = await completed(WAITING, *[WARMING] * 20, SOLVING, DONE)
    assert "once" in said


async def test_a_run_that_nobody_takes_is_not_waited_for_for_ever() -> None:
    with pytest.raises(Problem, match="in vain for the run"):
        await completed(WAITING)


async def test_a_run_that_failed_ends_the_story_with_its_reason() -> None:
    with pytest.raises(Problem, match="three attempts"):
        await completed(WAITING, {"status": "failed", "stage": None, "reason": "three attempts"})
