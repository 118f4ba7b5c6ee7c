"""What is on the stage: one programme with everything in it, and people who stand in every relation to it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from httpx import Response

from chassis.ids import uuid7
from contracts.matching import EmployeeDeparted
from matching.worker.process import Worker
from notifications.domain.kinds import Kind
from notifications.domain.unsubscribing import Signer
from tests.builders import erased, hired, left, match_activated, match_ended, match_proposed, pair, programme_opened
from tests.security.stage import UNSUBSCRIBE_KEY, Stage

ROLES = ("employee", "programme-manager", "platform-admin", "publisher", "operator")
MANAGER = ("employee", "programme-manager")


class Person(NamedTuple):
    """Somebody who calls: their id, the roles of their token, and whose things they ask for."""

    id: str
    roles: tuple[str, ...]
    asks_for: str = "E-member"


CALLERS = {
    "nobody": Person("", ()),
    "employee": Person("E-other", ("employee",)),
    "manager": Person("E-other-manager", MANAGER),
    "admin": Person("E-admin", ("platform-admin",)),
    "publisher": Person("hr", ("publisher",)),
    "operator": Person("E-operator", ("operator",)),
    "roleless": Person("E-other", ()),
    "all-roles": Person("E-other", ROLES),
    "member": Person("E-member", ("employee",)),
    "owner": Person("E-owner", MANAGER),
    "former": Person("E-former", ("employee",), "E-former"),
    "leaver": Person("E-leaver", ROLES, "E-leaver"),
    "erased": Person("E-erased", ROLES, "E-erased"),
}
"""Each kind of caller; `employee` and `manager` are another's, and a former member asks for what was theirs."""

PEOPLE = ("E-member", "E-former", "E-leaver", "E-erased")
PARTNER = "E-partner"


@dataclass
class Scene:
    """The ids of everything, by the person whose it is and the word by which expectations call it."""

    stage: Stage
    of: dict[str, dict[str, str]] = field(default_factory=lambda: {name: {"person": name} for name in PEOPLE})

    async def play(self) -> "Scene":
        """Let it all happen."""
        for name in (*PEOPLE, PARTNER, "E-other", "E-owner", "E-other-manager"):
            await self.stage.hear(hired(name))
        await self._matching()
        for number, name in enumerate(PEOPLE):
            await self._sessions(name, hours=48 * (number + 1))
            await self._notifications(name)
        await self._analytics()
        await self._departures()
        return self

    async def call(self, service: str, method: str, path: str, headers: dict[str, str], operation: str) -> Response:
        """A request with the good body that the operation takes, if it takes any."""
        if operation not in BODIES:
            return await self.stage.ask(service, method, path, headers=headers)
        media = {"Content-Type": MEDIA.get(operation, "application/json")}
        return await self.stage.ask(
            service, method, path, headers=headers | media, content=json.dumps(BODIES[operation]())
        )

    async def _matching(self) -> None:
        owner = self.stage.headers("E-owner", *MANAGER)
        programmes = {}
        for word in ("draft", "open", "fresh", "drawn", "asking", "paired"):
            made = await self.stage.done("matching", "POST /programmes", owner, {"name": word})
            programmes[word] = made["programme_id"]
        opened = f"/programmes/{programmes['open']}"
        for word in ("open", "fresh", "drawn", "asking", "paired"):
            await self.stage.done("matching", f"POST /programmes/{programmes[word]}/open", owner)
        await self.stage.done("matching", f"POST /programmes/{programmes['drawn']}/arms", owner, {"share": 0.5})
        for name in PEOPLE:
            await self.stage.done("matching", f"PUT {opened}/participants/{name}", owner, {"roles": ["mentee"]})
        place = {"roles": ["mentor"], "capacity": len(PEOPLE)}
        await self.stage.done("matching", f"PUT {opened}/participants/{PARTNER}", owner, place)
        reviewed = await self._asking(f"/programmes/{programmes['asking']}", owner)
        active = await self._partners(f"/programmes/{programmes['paired']}", owner)
        published = await self._run(opened, owner)
        await self.stage.done("matching", f"POST /runs/{published}/publish", owner)
        run = await self._run(opened, owner)
        for name in PEOPLE:
            matches = await self.stage.done("matching", "GET /me/matches", self.stage.headers(name, "employee"))
            self.of[name] |= programmes | {
                "partner": PARTNER,
                "no": "1",
                "run": run,
                "reviewed": reviewed,
                "active": active[name],
                "match": matches["items"][0]["match_id"],
            }
        former = self.stage.headers("E-former", "employee")
        await self.stage.done("matching", f"DELETE {opened}/participants/E-former", former)

    async def _asking(self, programme: str, owner: dict[str, str]) -> str:
        """A programme in which mentees may ask mentors, and a run of it that nobody has published."""
        await self._enrolled(programme, owner)
        await self.stage.done("matching", f"PUT {programme}/offer-policy", owner, {"self_match": True})
        return await self._run(programme, owner)

    async def _partners(self, programme: str, owner: dict[str, str]) -> dict[str, str]:
        """A programme whose people are partners already: each one's match."""
        await self._enrolled(programme, owner)
        pairs = [{"mentee_id": name, "mentor_id": PARTNER} for name in PEOPLE]
        taken = await self.stage.done("matching", f"POST {programme}/pairings", owner, {"pairs": pairs})
        return {name: one["match_id"] for name, one in zip(PEOPLE, taken["results"], strict=True)}

    async def _enrolled(self, programme: str, owner: dict[str, str]) -> None:
        for name in PEOPLE:
            await self.stage.done("matching", f"PUT {programme}/participants/{name}", owner, {"roles": ["mentee"]})
        place = {"roles": ["mentor"], "capacity": len(PEOPLE)}
        await self.stage.done("matching", f"PUT {programme}/participants/{PARTNER}", owner, place)

    async def _run(self, programme: str, owner: dict[str, str]) -> str:
        run: str = (await self.stage.done("matching", f"POST {programme}/runs", owner))["run_id"]
        await Worker(self.stage.services["matching"].database, in_child=False).work_once()
        return run

    async def _sessions(self, name: str, hours: int) -> None:
        relationship = match_activated(pair(PARTNER, name), match_id=UUID(self.of[name]["match"]))
        await self.stage.hear(relationship, version=3)
        mine = self.stage.headers(name, "employee")
        root = f"/relationships/{relationship.match_id}"
        goal = await self.stage.done("sessions", f"POST {root}/goals", mine, {"code": "speaking", "words": "canary"})
        found = {"relationship": str(relationship.match_id), "goal": goal["goal_id"]}
        for number, word in enumerate(("ahead", "begun", "held")):
            date = a_date(hours + 2 * number)
            session = await self.stage.done("sessions", f"POST {root}/sessions", mine, date)
            found[word] = session["session_id"]
        began = datetime.now(UTC) - timedelta(minutes=30)
        for word in ("begun", "held"):
            statement = "UPDATE session SET starts_at = :at WHERE session_id = :id"
            await self.stage.sql("sessions", statement, at=began, id=found[word])
        await self.stage.done("sessions", f"POST /sessions/{found['held']}/hold", mine)
        words = {"usefulness": 4, "words": "canary"}
        partner = self.stage.headers(PARTNER, "employee")
        await self.stage.done("sessions", f"POST /sessions/{found['held']}/feedback", partner, words)
        self.of[name] |= found

    async def _notifications(self, name: str) -> None:
        await self.stage.hear(match_proposed(pair(PARTNER, name), match_id=UUID(self.of[name]["match"])))
        statement = "SELECT message_id FROM message WHERE employee_id = :name AND channel = 'in_app' ORDER BY 1"
        message, *_ = await self.stage.sql("notifications", statement, name=name)
        token = Signer(UNSUBSCRIBE_KEY.encode()).token(name, Kind.SESSION_REMINDER)
        self.of[name] |= {"message": str(message.message_id), "token": token}

    async def _analytics(self) -> None:
        opened = programme_opened(UUID(self.of["E-member"]["open"]), owner_id="E-owner")
        await self.stage.hear(opened)

    async def _departures(self) -> None:
        ended = match_ended(pair(PARTNER, "E-former"), match_id=UUID(self.of["E-former"]["match"]))
        await self.stage.hear(ended, version=4)
        await self.stage.hear(left("E-leaver"))
        await self.stage.hear(EmployeeDeparted(employee_id="E-leaver"), version=2)
        await self.stage.hear(erased("E-erased"))


def a_date(hours: int) -> dict[str, Any]:
    """The body of a request for a session so many hours ahead."""
    start = datetime.now(UTC).replace(tzinfo=None, microsecond=0) + timedelta(hours=hours)
    return {"local_start": start.isoformat(), "timezone": "UTC", "duration_minutes": 60}


def an_event(employee_id: str = "E-new") -> dict[str, Any]:
    """An event of HR as structured CloudEvent."""
    event = hired(employee_id)
    return {
        "specversion": "1.0",
        "id": str(uuid7()),
        "source": "/hr",
        "type": event.subject,
        "data": event.model_dump(mode="json"),
    }


BODIES: dict[str, Callable[[], dict[str, Any]]] = {
    "POST /v1/programmes": lambda: {"name": "Autumn", "rules": {"level_gap_aim": 1, "weights": {"skills": 5}}},
    "PUT /v1/programmes/{}/participants/{}": lambda: {"roles": ["mentee"], "goals": ["speaking"]},
    "PUT /v1/programmes/{}/rules": lambda: {"level_gap_aim": 1, "weights": {"skills": 5}},
    "PUT /v1/programmes/{}/enrolment": lambda: {"places": {"mentee": 50}, "automatic": [{"roles": ["mentor"]}]},
    "PUT /v1/programmes/{}/participants/{}/pause": lambda: {"until": "2190-01-01T00:00:00Z"},
    "PUT /v1/programmes/{}/pairs/{}/{}": lambda: {"kind": "forbidden"},
    "POST /v1/programmes/{}/arms": lambda: {"share": 0.5},
    "PUT /v1/employees/{}/training": lambda: {"done_on": "2025-01-01"},
    "POST /v1/employees/events": an_event,
    "POST /v1/programmes/{}/runs": lambda: {"scope": "everybody", "floors": {"score_min": 100}},
    "POST /v1/runs/{}/edits": lambda: {"kind": "remove", "mentee_id": "E-member", "mentor_id": "E-partner"},
    "PUT /v1/programmes/{}/offer-policy": lambda: {"cascade_limit": 2, "self_match": True},
    "POST /v1/programmes/{}/requests": lambda: {"mentor_id": "E-partner"},
    "POST /v1/programmes/{}/pairings": lambda: {"pairs": [{"mentee_id": "E-member", "mentor_id": "E-partner"}]},
    "POST /v1/matches/{}/decline": lambda: {"reason": "no_time"},
    "POST /v1/matches/{}/end": lambda: {"reason": "completed"},
    "POST /v1/relationships/{}/sessions": lambda: a_date(500),
    "POST /v1/sessions/{}/reschedule": lambda: a_date(600),
    "POST /v1/sessions/{}/hold": lambda: {"attended": None},
    "POST /v1/relationships/{}/goals": lambda: {"code": "listening", "words": "more"},
    "POST /v1/goals/{}/progress": lambda: {"progress": 50},
    "POST /v1/sessions/{}/feedback": lambda: {"usefulness": 5, "fit": 4, "words": "good"},
    "PUT /v1/me/preferences": lambda: {"kinds": {"session_reminder": {"email": False}}},
}
"""A good body for every operation that takes one; `{}` stands for whatever is in the path."""
MEDIA = {"POST /v1/employees/events": "application/cloudevents+json"}
