"""A leaver's future is cancelled once, in whatever order, however often and however simultaneously things are heard."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.ids import uuid7
from contracts.event import Event
from contracts.hr import EmployeeErased
from contracts.matching import EmployeeActivated, EmployeeDeparted
from tests.builders import match_activated, match_ended, pair
from tests.sessions.here import Here

# What matching and HR say of one mentee's life: hired, matched, gone, hired again, gone, erased.
STORY = [
    "mentor.arrived",
    "mentee.arrived",
    "match.activated",
    "match.ended",
    "mentee.departed",
    "mentee.returned",
    "mentee.departed-again",
    "mentor.departed",
    "mentee.erased",
]
HEARD = st.lists(st.sampled_from([*STORY, "schedule", "schedule", "goal"]), min_size=1, max_size=14)
VERSIONS = {"arrived": 1, "departed": 2, "returned": 3, "departed-again": 4}


class Life:
    """The same story under fresh names each time."""

    def __init__(self, here: Here) -> None:
        self.here = here
        name = uuid7().hex
        self.mentor, self.mentee = f"mentor-{name}", f"mentee-{name}"
        self.match = match_activated(pair(self.mentor, self.mentee))

    async def happen(self, what: str) -> None:
        if what in {"schedule", "goal"}:
            await self._wish(what)
            return
        event, version = self._event(what)
        await self.here.hear(event, version, event_id=f"{self.mentee}/{what}")

    def _event(self, what: str) -> tuple[Event, int]:
        subject, _, kind = what.partition(".")
        if subject == "match":
            ended = match_ended(self.match.members, match_id=self.match.match_id, reason="member_departed")
            return (self.match, 3) if kind == "activated" else (ended, 4)
        person = self.mentor if subject == "mentor" else self.mentee
        if kind == "erased":
            return EmployeeErased(employee_id=person, version=1), 1
        gone = kind.startswith("departed")
        state = EmployeeDeparted(employee_id=person) if gone else EmployeeActivated(employee_id=person)
        return state, VERSIONS[kind]

    async def _wish(self, what: str) -> None:
        path = f"/relationships/{self.match.match_id}/"
        if what == "schedule":
            await self.here.post(self.mentor, path + "sessions", self.here.date(duration_minutes=5))
        else:
            await self.here.post(self.mentee, path + "goals", {"code": "x", "words": "words"})

    def expected(self, heard: list[str]) -> dict[str, object] | None:
        """The model: what is so once all of this was heard, whatever the order."""
        if "match.activated" not in heard:
            return None
        newest = max(
            (VERSIONS[what.partition(".")[2]], what) for what in ["mentee.arrived", *heard] if _is_presence(what)
        )
        gone = "departed" in newest[1] or "mentor.departed" in heard
        erased = "mentee.erased" in heard
        return {
            "open": not (gone or erased or "match.ended" in heard),
            "members": [self.mentor] if erased else [self.mentor, self.mentee],
        }

    async def found(self) -> dict[str, object] | None:
        rows = await self.here.sql(
            "SELECT status = 'open' AS open, array(SELECT employee_id FROM relationship_member m"
            " WHERE m.relationship_id = r.relationship_id ORDER BY position) AS members"
            " FROM relationship r WHERE relationship_id = :id",
            id=self.match.match_id,
        )
        return {"open": rows[0].open, "members": rows[0].members} if rows else None


def _is_presence(what: str) -> bool:
    return what.startswith("mentee.") and what != "mentee.erased"


async def zombies(here: Here, relationship_id: UUID) -> list[object]:
    """Sessions still to take place in a relationship that is over."""
    return await here.sql(
        "SELECT session_id FROM session JOIN relationship USING (relationship_id)"
        " WHERE relationship_id = :id AND session.status = 'scheduled' AND relationship.status = 'closed'",
        id=relationship_id,
    )


async def check_story(here: Here, relationship_id: UUID) -> None:
    """What was said of a relationship adds up: opened and closed in turns, each session cancelled once at most."""
    said = [one for one in await here.said() if one["relationship_id"] == str(relationship_id)]
    turns = [one for one in said if one["event"].startswith("relationship.")]
    assert [one["event"] for one in turns] == [
        ("relationship.opened", "relationship.closed")[number % 2] for number in range(len(turns))
    ]
    assert [one["version"] for one in turns] == list(range(1, len(turns) + 1))
    sessions = [one for one in said if one["event"].startswith("session.")]
    told = Counter((one["session_id"], one["event"]) for one in sessions)
    assert set(told.values()) <= {1}
    rows = await here.sql("SELECT session_id, status FROM session WHERE relationship_id = :id", id=relationship_id)
    last = {one["session_id"]: one["status"] for one in sessions}
    assert {str(row.session_id): row.status for row in rows} == last


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(heard=HEARD)
async def test_any_order_and_repetition_converges(here: Here, heard: list[str]) -> None:
    life = Life(here)
    for what in heard:
        await life.happen(what)
    assert await life.found() == life.expected(heard)
    assert await zombies(here, life.match.match_id) == []
    await check_story(here, life.match.match_id)
    if "mentee.erased" in heard:
        left = await here.sql("SELECT 1 FROM goal WHERE owner_id = :who", who=life.mentee)
        left += await here.sql("SELECT 1 FROM data_key WHERE author_id = :who", who=life.mentee)
        assert left == []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(STORY), twice=st.lists(st.sampled_from(STORY), max_size=6), at=st.randoms())
async def test_the_whole_story_ends_the_same_in_every_order(
    here: Here, order: list[str], twice: list[str], at: object
) -> None:
    heard = list(order)
    for what in twice:
        heard.insert(at.randint(0, len(heard)), what)  # type: ignore[attr-defined]
    life = Life(here)
    for what in heard:
        await life.happen("schedule")
        await life.happen(what)
    assert await life.found() == {"open": False, "members": [life.mentor]}
    assert await zombies(here, life.match.match_id) == []
    await check_story(here, life.match.match_id)


@pytest.mark.parametrize("ending", ["mentee.departed", "match.ended", "mentee.erased"])
async def test_what_happens_at_the_same_instant_leaves_no_session_behind(here: Here, ending: str) -> None:
    async def retried(act: Callable[[str], Awaitable[None]], what: str) -> None:
        for _ in range(5):  # as the consumer does: one of two that wait for each other is told to try again
            try:
                await act(what)
            except Exception as error:
                if "deadlock" not in str(error):
                    raise
            else:
                return

    await here.warm()
    for round_ in range(8):
        life = Life(here)
        await life.happen("mentee.arrived")  # rows that exist need locks; new ones make each other wait anyway
        await life.happen("mentor.arrived")
        acts = ["match.activated", ending, "schedule", "schedule", "goal"]
        if round_ % 2:
            await life.happen("match.activated")
            acts = [ending, "schedule", "schedule", "goal", "mentor.departed"]
        await asyncio.gather(*(retried(life.happen, what) for what in acts))
        found = await life.found()
        assert found is not None
        assert not found["open"]
        assert await zombies(here, life.match.match_id) == []
        await check_story(here, life.match.match_id)
        if ending == "mentee.erased":
            assert await here.sql("SELECT 1 FROM goal WHERE owner_id = :who", who=life.mentee) == []
            assert await here.sql("SELECT 1 FROM data_key WHERE author_id = :who", who=life.mentee) == []
