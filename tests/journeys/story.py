"""A story that the whole platform takes part in: HR publishes, people use HTTP, somebody looks at what came of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import nats
from nats.aio.client import Client

from chassis.cloudevents import CloudEvent, headers_of
from chassis.ids import uuid7
from contracts.event import Event
from mentorship.local.home import Platform
from tests import builders

T = TypeVar("T")
PATIENCE = 40.0


@dataclass
class Pair:
    """A mentee and a mentor who are offered to each other."""

    match_id: str
    mentee: str
    mentor: str

    @property
    def people(self) -> tuple[str, str]:
        """Both."""
        return self.mentee, self.mentor


class Story:
    """Everything that somebody outside can do."""

    def __init__(self, platform: Platform, publisher: Client) -> None:
        self.platform = platform
        self.publisher = publisher
        self.http = httpx.AsyncClient(timeout=30)
        self._issuer = platform.issuer
        self.manager = f"M-{uuid4().hex[:8]}"

    @classmethod
    @asynccontextmanager
    async def on(cls, platform: Platform) -> AsyncIterator["Story"]:
        """A story on a running platform."""
        publisher = await nats.connect(
            platform.nats_url, user_credentials=str(platform.credentials("hr")), inbox_prefix="_INBOX_hr"
        )
        story = cls(platform, publisher)
        try:
            yield story
        finally:
            await story.http.aclose()
            await publisher.close()

    def bearer(self, subject: str, *roles: str) -> dict[str, str]:
        """The headers of somebody's request; an employee unless said otherwise."""
        return {"Authorization": f"Bearer {self._issuer.token(subject, roles or ('employee',))}"}

    async def call(
        self, method: str, service: str, path: str, who: dict[str, str], expect: int = 200, **request: Any
    ) -> httpx.Response:
        """One request; AssertionError with the answer if it has another status."""
        url = f"{self.platform.service_url(service)}{path}"
        headers = {**who, **request.pop("headers", {})}
        answer = await self.http.request(method, url, headers=headers, **request)
        assert answer.status_code == expect, f"{method} {url}: {answer.status_code} {answer.text}"
        return answer

    async def publish(self, event: Event) -> None:
        """Publish an HR event, as its own publisher does."""
        envelope = CloudEvent(
            id=str(uuid7()),
            source="/hr",
            type=event.subject,
            subject=event.thing_id,
            time=datetime.now(UTC),
            version=getattr(event, "version", 1),
            data=event.model_dump_json().encode(),
        )
        await self.publisher.jetstream().publish(event.subject, envelope.data, headers=headers_of(envelope), timeout=5)

    async def hired(self, count: int, **given: Any) -> list[str]:
        """New employees; HR's stream has them when this returns."""
        people = [f"E-{uuid4().hex[:10]}" for _ in range(count)]
        for person in people:
            await self.publish(builders.hired(person, **given))
        return people

    async def programme(self, **given: Any) -> str:
        """An open programme of this story's manager; gives its id."""
        who = self.bearer(self.manager, "programme-manager")
        body = {"name": "Growing together", "format": "one_on_one", "reminder_minutes": [], **given}
        made = (await self.call("POST", "matching", "/v1/programmes", who, 201, json=body)).json()
        await self.call("POST", "matching", f"/v1/programmes/{made['programme_id']}/open", who)
        return str(made["programme_id"])

    async def enrol(self, programme: str, mentees: Sequence[str], mentors: Sequence[str], capacity: int = 1) -> None:
        """People take part; retried until their record has reached the directory."""
        for person in [*mentees, *mentors]:
            roles = ["mentee"] if person in mentees else ["mentor"]
            body = {"roles": roles, "capacity": capacity if person in mentors else 1}
            await self.until(partial(self._enrolled, programme, person, body), True)

    async def _enrolled(self, programme: str, person: str, body: dict[str, Any]) -> bool:
        url = f"{self.platform.service_url('matching')}/v1/programmes/{programme}/participants/{person}"
        answer = await self.http.put(url, json=body, headers=self.bearer(person))
        assert answer.status_code in {200, 201, 404, 409}, answer.text
        return answer.status_code in {200, 201}

    async def matched(self, programme: str) -> list[Pair]:
        """Run, wait for the worker, publish; gives the offers."""
        who = self.bearer(self.manager, "programme-manager")
        run = (await self.call("POST", "matching", f"/v1/programmes/{programme}/runs", who, 202)).json()["run_id"]

        async def status() -> str:
            return str((await self.call("GET", "matching", f"/v1/runs/{run}", who)).json()["status"])

        await self.until(status, "completed")
        pairs = (await self.call("GET", "matching", f"/v1/runs/{run}?limit=200", who)).json()["pairs"]
        await self.call("POST", "matching", f"/v1/runs/{run}/publish", who)
        return [await self._offer(pair["mentee_id"], pair["mentor_id"], programme) for pair in pairs]

    async def _offer(self, mentee: str, mentor: str, programme: str) -> Pair:
        found = (await self.call("GET", "matching", "/v1/me/matches", self.bearer(mentee))).json()["items"]
        (match,) = [
            one
            for one in found
            if one["programme_id"] == programme and mentor in {member["employee_id"] for member in one["members"]}
        ]
        return Pair(match["match_id"], mentee, mentor)

    async def accepted(self, pair: Pair) -> None:
        """Both say yes, and sessions has opened their relationship."""
        for person in pair.people:
            await self.call("POST", "matching", f"/v1/matches/{pair.match_id}/accept", self.bearer(person))
        await self.until(lambda: self._has_relationship(pair), True)

    async def _has_relationship(self, pair: Pair) -> bool:
        answer = await self.call("GET", "sessions", "/v1/me/relationships", self.bearer(pair.mentee))
        return pair.match_id in {one["relationship_id"] for one in answer.json()["items"]}

    async def scheduled(self, pair: Pair, *, ahead: timedelta = timedelta(days=7)) -> dict[str, Any]:
        """The mentee sets a date."""
        start = (datetime.now(UTC) + ahead).replace(tzinfo=None)
        body = {"local_start": start.isoformat(), "timezone": "UTC", "duration_minutes": 30}
        path = f"/v1/relationships/{pair.match_id}/sessions"
        session: dict[str, Any] = (
            await self.call("POST", "sessions", path, self.bearer(pair.mentee), 201, json=body)
        ).json()
        return session

    async def held(self, pair: Pair) -> str:
        """They meet now; gives the session's id."""
        session = await self.scheduled(pair, ahead=timedelta(seconds=1))
        path = f"/v1/sessions/{session['session_id']}/hold"

        async def status() -> int:
            url = f"{self.platform.service_url('sessions')}{path}"
            return (await self.http.post(url, headers=self.bearer(pair.mentee), json={})).status_code

        await self.until(status, 200)
        return str(session["session_id"])

    async def mails_to(self, person: str) -> list[dict[str, Any]]:
        """What the sink received for somebody, newest first."""
        address = f"{person.lower()}@example.com"
        answer = await self.http.get(f"{self.platform.supervisor_url}/mail", params={"to": address, "limit": 500})
        mails: list[dict[str, Any]] = answer.json()
        return mails

    async def health(self, programme: str) -> dict[str, Any]:
        """The figures that the manager sees."""
        who = self.bearer(self.manager, "programme-manager")
        answer: dict[str, Any] = (await self.call("GET", "analytics", f"/v1/programmes/{programme}/health", who)).json()
        return answer

    async def trace(self, trace_id: str) -> list[dict[str, Any]]:
        """The spans of a trace that the local receiver has so far."""
        answer = await self.http.get(f"{self.platform.supervisor_url}/traces/{trace_id}")
        spans: list[dict[str, Any]] = answer.json()
        return spans

    async def until(self, read: Callable[[], Awaitable[T]], expected: T) -> None:
        """Return when `read` gives what is expected; fail with what it gave last."""
        deadline = monotonic() + PATIENCE
        while (found := await read()) != expected:
            assert monotonic() < deadline, f"{found!r} after {PATIENCE:.0f} s, not {expected!r}"
            await asyncio.sleep(0.1)
