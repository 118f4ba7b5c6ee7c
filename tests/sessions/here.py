"""A sessions service in a test's hands."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx

from chassis.service import Service
from mentorship.local.issuer import Issuer
from tests.builders import match_activated, match_ended, pair
from tests.eventually import eventually
from tests.fixtures.hearing import Hearing

Answer = httpx.Response

HERS = "I am afraid of the board meeting"
HIS = "She prepares too little"
"""What the mentee and the mentor write, and nobody else reads."""


class Here(Hearing):
    """The service, and what its people do with it."""

    def __init__(self, service: Service, issuer: Issuer) -> None:
        super().__init__(service, issuer)
        self._hours = count(24)

    async def warm(self, connections: int = 8) -> None:
        """Open connections now: to connect takes so long that what starts at once would come one by one."""
        opened = [await self.database.engine.connect() for _ in range(connections)]
        for connection in opened:
            await connection.close()

    async def answers(self) -> None:
        """Return when requests are answered: on a busy machine the issuer's keys may not come at the first try."""

        async def status() -> int:
            return (await self.get("nobody", "/me/relationships")).status_code

        await eventually(status, 200, seconds=60)

    async def done(self, who: str, path: str, body: Any = None) -> Any:
        """What a POST that has to succeed answers."""
        answer = await self.post(who, path, body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def activate(self, mentor: str = "mentor", mentee: str = "mentee", **given: Any) -> UUID:
        """A match becomes active; the id of its relationship."""
        event = match_activated(pair(mentor, mentee), **given)
        await self.hear(event, version=3)
        return event.match_id

    async def end(self, match_id: UUID, **given: Any) -> None:
        await self.hear(match_ended(match_id=match_id, **given), version=4)

    async def get(self, who: str, path: str, **given: Any) -> Answer:
        return await self._client.get(f"/v1{path}", headers=self.headers(who), **given)

    async def post(self, who: str, path: str, body: Any = None, **headers: str) -> Answer:
        """POST as an employee; header names with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._client.post(f"/v1{path}", json=body, headers=self.headers(who) | named)

    async def call(self, method: str, path: str, **given: Any) -> Answer:
        """Any request, with no token but what is given."""
        return await self._client.request(method, path, **given)

    def headers(self, who: str, *roles: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._issuer.token(who, roles or ('employee',))}"}

    async def schedule(self, relationship_id: UUID, who: str = "mentor", **given: Any) -> dict[str, Any]:
        """A session ahead, at an hour that no other has."""
        answer = await self.post(who, f"/relationships/{relationship_id}/sessions", self.date(**given))
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def date(self, **given: Any) -> dict[str, Any]:
        """The body of a request for a session ahead, at an hour that no other has."""
        starts = datetime.now(UTC).replace(tzinfo=None, microsecond=0) + timedelta(hours=next(self._hours))
        usual = {"local_start": starts.isoformat(), "timezone": "UTC", "duration_minutes": 60}
        return usual | given

    async def held(self, relationship_id: UUID, who: str = "mentor") -> str:
        """The id of a session that took place."""
        session_id: str = (await self.schedule(relationship_id, who))["session_id"]
        await self.begin(session_id)
        answer = await self.post(who, f"/sessions/{session_id}/hold")
        assert answer.status_code == 200, answer.text
        return session_id

    async def goal(self, relationship_id: UUID, who: str = "mentee", words: str | None = HERS) -> str:
        """The id of a new goal."""
        answer = await self.post(who, f"/relationships/{relationship_id}/goals", {"code": "speaking", "words": words})
        assert answer.status_code == 201, answer.text
        assert "words" not in answer.json()
        goal_id: str = answer.json()["goal_id"]
        return goal_id

    async def feedback(self, session_id: str, who: str, words: str | None, **scores: int) -> None:
        body = {"usefulness": 4, "words": words} | scores
        answer = await self.post(who, f"/sessions/{session_id}/feedback", body)
        assert answer.status_code == 201, answer.text
        assert "words" not in answer.json()

    async def words_of(self, who: str, path: str) -> list[str | None]:
        """The words of a list of goals or feedback, as somebody reads them."""
        answer = await self.get(who, path)
        assert answer.status_code == 200, answer.text
        return [one["words"] for one in answer.json()["items"]]

    async def begin(self, session_id: str, ago: timedelta = timedelta(minutes=30)) -> None:
        """Let a session have begun so long ago."""
        await self.sql(
            "UPDATE session SET starts_at = :at WHERE session_id = :id", at=datetime.now(UTC) - ago, id=session_id
        )

    async def said(self, noun: str = "") -> list[dict[str, Any]]:
        """What the service said of that kind of thing, in order, each with `event` (`session.held`) and `version`."""
        rows = await self.sql(
            "SELECT subject, version, payload FROM outbox WHERE subject LIKE :like ORDER BY id",
            like=f"mentorship.sessions.{noun}%",
        )
        return [
            {"event": ".".join(row.subject.split(".")[2:4]), "version": row.version} | json.loads(row.payload)
            for row in rows
        ]

    async def events(self, noun: str = "") -> list[str]:
        """The names of what the service said, in order."""
        return [one["event"] for one in await self.said(noun)]
