"""The story of one programme, step by step; what happens is told as it does."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nats.aio.client import Client

from contracts.event import Event
from contracts.hr import EmployeeLeft
from mentorship.demo.callers import Answer, Callers, until
from mentorship.demo.cast import Cast
from mentorship.importing import envelope, outgoing, send_one
from mentorship.problem import Problem

Tell = Callable[[str, str], None]
"""Called with where something happens and what."""

RESPOND_SECONDS = 14.0
REMIND_SECONDS = 9.0
SESSION_IN_SECONDS = 9
REMINDER_MINUTES = (0.05,)
"""Three seconds before a session."""
RUN_SECONDS = 60.0
"""How long a run may take; ten times that where the engine has to be compiled before."""

_MANAGER = "programme-manager"


@dataclass(frozen=True)
class Pair:
    """Two people whom the run put together."""

    match_id: str
    mentor: str
    mentee: str

    @property
    def both(self) -> tuple[str, str]:
        return self.mentor, self.mentee


@dataclass
class Ending:
    """What came of it."""

    programme_id: str
    pairs: int
    accepted: int
    health: dict[str, Any]
    trace: str
    names: dict[str, str] = field(default_factory=dict)


class Story:
    """One telling of the story."""

    def __init__(self, cast: Cast, callers: Callers, nats: Client, tell: Tell) -> None:
        self._cast = cast
        self._callers = callers
        self._nats = nats
        self._tell = tell
        self._programme = ""
        self._trace = ""

    async def run(self) -> Ending:
        """Tell it from the first hire to the figures."""
        await self._hire()
        await self._open_programme()
        pairs = await self._match()
        accepted = await self._answer(pairs)
        await self._meet(accepted)
        await self._say_goodbye(accepted[0])
        await self._see_expired(pairs)
        return Ending(self._programme, len(pairs), len(accepted), await self._health(), self._trace)

    async def _hire(self) -> None:
        people = self._cast.everybody
        await asyncio.gather(*(self._publish(person, person.version) for person in people))
        cities = len({person.location for person in people})
        self._tell("HR", f"{len(people)} people in {cities} cities are hired: hr.employee.hired.v1 on NATS")

    async def _open_programme(self) -> None:
        body = {
            "name": "Demo programme",
            "respond_within_seconds": RESPOND_SECONDS,
            "remind_before_seconds": REMIND_SECONDS,
            "reminder_minutes": REMINDER_MINUTES,
        }
        made = (await self._manage("POST", "/programmes", body)).body
        self._programme = made["programme_id"]
        await self._manage("POST", f"/programmes/{self._programme}/open")
        self._tell("matching", f"a programme opens; offers wait {RESPOND_SECONDS:.0f} s for an answer")
        await asyncio.gather(*(self._enrol(person.employee_id) for person in self._cast.everybody))
        self._tell("matching", f"{len(self._cast.everybody)} people enrol, each with a token of their own")

    async def _enrol(self, employee_id: str) -> None:
        person = next(one for one in self._cast.everybody if one.employee_id == employee_id)
        mentors = person in self._cast.mentors
        wanted = self._cast.mentors[self._cast.mentees.index(person)].skills[:3] if not mentors else ()
        body = {"roles": ["mentor" if mentors else "mentee"], "skills_wanted": wanted}
        path = f"/programmes/{self._programme}/participants/{employee_id}"

        async def enrolled() -> Answer | None:
            # The directory hears of a new employee a moment after HR has published.
            answer = await self._callers.call(employee_id, "employee", "PUT", "matching", path, body)
            return answer if answer.status in {200, 201} else None

        await until(enrolled, f"matching to enrol {employee_id}")

    async def _match(self) -> list[Pair]:
        run = (await self._manage("POST", f"/programmes/{self._programme}/runs")).body["run_id"]

        done = await self.completed(run)
        best = max(done["pairs"], key=lambda pair: pair["score"])
        self._tell("worker", f"a run finds {len(done['pairs'])} pairs of {done['people']} people")
        who = f"{self._cast.named(best['mentor_id'])} for {self._cast.named(best['mentee_id'])}"
        self._tell("worker", f"the best fit, {best['score'] / 100:.0f}%: {who}")
        await self._manage("POST", f"/runs/{run}/publish")
        pairs = await asyncio.gather(*(self._offer(pair["mentor_id"], pair["mentee_id"]) for pair in done["pairs"]))
        self._tell(
            "matching", f"the run is published: {len(pairs)} offers, one mail to each of {2 * len(pairs)} people"
        )
        return list(pairs)

    async def completed(self, run: str) -> dict[str, Any]:
        """The run with its pairs as soon as it has them; a worker new on a machine compiles its engine first."""

        async def seen(*stages: str) -> dict[str, Any] | None:
            found: dict[str, Any] = (await self._manage("GET", f"/runs/{run}?limit=200")).body
            if found["status"] == "failed":
                raise Problem(f"The run failed: {found['reason']}. `mentorship logs matching-worker` shows more.")
            return found if found["status"] == "completed" or found["stage"] in stages else None

        done = await until(lambda: seen("warming"), "the run to be completed", RUN_SECONDS)
        if done["status"] != "completed":
            self._tell("worker", "compiles its engine, once on a machine: this takes a minute or so")
            done = await until(seen, "the run to be completed", 10 * RUN_SECONDS)
        return done

    async def _offer(self, mentor: str, mentee: str) -> Pair:
        async def offered() -> Pair | None:
            found = (await self._as(mentee, "GET", "matching", "/me/matches")).body["items"]
            mine = [match for match in found if match["programme_id"] == self._programme]
            return Pair(mine[0]["match_id"], mentor, mentee) if mine else None

        return await until(offered, f"an offer to {mentee}")

    async def _answer(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Half of them agree, a quarter declines, the rest says nothing."""
        half, quarter = len(pairs) // 2, len(pairs) // 4
        accepted, declined = list(pairs[:half]), pairs[half : half + quarter]
        for pair in accepted:
            await self._as(pair.mentor, "POST", "matching", f"/matches/{pair.match_id}/accept")
        answers = [
            await self._as(pair.mentee, "POST", "matching", f"/matches/{pair.match_id}/accept") for pair in accepted
        ]
        self._trace = answers[-1].trace
        for pair in declined:
            path = f"/matches/{pair.match_id}/decline"
            await self._as(pair.mentee, "POST", "matching", path, {"reason": "no_time"})
        silent = len(pairs) - len(accepted) - len(declined)
        self._tell("matching", f"{len(accepted)} pairs accept, {len(declined)} decline, {silent} do not answer")
        return accepted

    async def _meet(self, pairs: Sequence[Pair]) -> None:
        await asyncio.gather(*(self._relationship(pair) for pair in pairs))
        self._tell("sessions", f"{len(pairs)} relationships are open")
        begin = datetime.now(UTC) + timedelta(seconds=SESSION_IN_SECONDS)
        sessions = await asyncio.gather(*(self._schedule(pair, begin) for pair in pairs))
        await self._schedule(pairs[0], begin + timedelta(days=7))
        self._tell("sessions", f"each pair schedules a session in {SESSION_IN_SECONDS} s, one pair a second in a week")
        self._tell("notifications", "sends invitations for their calendars; a reminder follows 3 s before")
        await asyncio.sleep((begin - datetime.now(UTC)).total_seconds() + 0.5)
        for pair, session in zip(pairs, sessions, strict=True):
            await self._as(pair.mentor, "POST", "sessions", f"/sessions/{session}/hold")
        self._tell("sessions", f"{len(sessions)} sessions are held")
        for pair, session in zip(pairs, sessions, strict=True):
            for person, score in ((pair.mentor, 4), (pair.mentee, 5)):
                body = {"usefulness": score, "fit": score, "words": "Only the two of us can read this."}
                await self._as(person, "POST", "sessions", f"/sessions/{session}/feedback", body)
        self._tell(
            "sessions", f"{2 * len(sessions)} people give feedback; their words are encrypted for the pair alone"
        )

    async def _relationship(self, pair: Pair) -> None:
        await self._callers.settled(pair.mentee, "employee", "sessions", f"/relationships/{pair.match_id}")

    async def _schedule(self, pair: Pair, begin: datetime) -> str:
        zone = next(one.timezone for one in self._cast.mentees if one.employee_id == pair.mentee)
        wall = begin.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat(timespec="seconds")
        body = {"local_start": wall, "timezone": zone, "duration_minutes": 30}
        path = f"/relationships/{pair.match_id}/sessions"
        return str((await self._as(pair.mentee, "POST", "sessions", path, body)).body["session_id"])

    async def _say_goodbye(self, pair: Pair) -> None:
        leaver = next(one for one in self._cast.mentors if one.employee_id == pair.mentor)
        version = int(datetime.now(UTC).timestamp() * 1000)
        # Yesterday has begun in every time zone, so it acts at once.
        left_on = date.fromordinal(datetime.now(UTC).toordinal() - 1)
        await self._publish(
            EmployeeLeft(employee_id=leaver.employee_id, version=version, left_on=left_on, reason="voluntary"), version
        )
        self._tell("HR", f"{leaver.display_name} leaves the company: hr.employee.left.v1")

        async def closed() -> bool | None:
            found = (await self._as(pair.mentee, "GET", "sessions", f"/relationships/{pair.match_id}")).body
            return True if found["status"] == "closed" else None

        await until(closed, "the relationship to be closed")
        self._tell("sessions", "the relationship is closed and next week's session cancelled, once")
        self._tell("notifications", "the other one is told, and the calendar takes the session out")

    async def _see_expired(self, pairs: Sequence[Pair]) -> None:
        async def expired() -> bool | None:
            found = (await self._as(pairs[-1].mentee, "GET", "matching", f"/matches/{pairs[-1].match_id}")).body
            return True if found["status"] == "expired" else None

        await until(expired, "the unanswered offers to expire")
        self._tell("matching", "the unanswered offers have been reminded of, and are expired")

    async def _health(self) -> dict[str, Any]:
        path = f"/programmes/{self._programme}/health"

        async def complete() -> dict[str, Any] | None:
            answer = await self._callers.call(self._cast.manager, _MANAGER, "GET", "analytics", path)
            if answer.status != 200:
                return None
            found: dict[str, Any] = answer.body
            heard = found["feedback"]["usefulness"]["answers"]["value"], found["offers"]["open"]["value"]
            return found if heard == (len(self._cast.mentors), 0) else None

        found = await until(complete, "analytics to have heard everything")
        self._tell("analytics", "has heard all of it")
        return found

    async def _publish(self, event: Event, version: int) -> None:
        await send_one(self._nats, outgoing(envelope(event, version, "/hr")))

    async def _manage(self, method: str, path: str, body: Any = None) -> Answer:
        return await self._callers.done(self._cast.manager, _MANAGER, method, "matching", path, body)

    async def _as(self, who: str, method: str, service: str, path: str, body: Any = None) -> Answer:
        return await self._callers.done(who, "employee", method, service, path, body)
