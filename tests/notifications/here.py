"""A notifications service in a test's hands, and the events that it hears."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from chassis.ids import uuid7
from chassis.service import Service
from contracts.sessions import RelationshipOpened, SessionScheduled, SessionState
from mentorship.local.issuer import Issuer
from notifications.adapters.letters import Letters
from notifications.adapters.smtp import Server, Transport
from notifications.adapters.words import Writer
from notifications.domain.decisions import RetryPolicy
from notifications.domain.unsubscribing import Signer
from notifications.handlers import Sender, send_next
from tests.builders import hired, pair
from tests.fixtures.hearing import Hearing

BERLIN, TOKYO = "Europe/Berlin", "Asia/Tokyo"
FROM = "Mentorship <mentorship@company.example>"


def session_scheduled(**given: Any) -> SessionScheduled:
    """A session of the mentor and the mentee in three days."""
    starts_at = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
    usual: dict[str, Any] = {
        "session_id": uuid7(),
        "relationship_id": uuid7(),
        "programme_id": uuid7(),
        "members": ("E-mentor", "E-mentee"),
        "organizer_id": "E-mentor",
        "starts_at": starts_at,
        "timezone": BERLIN,
        "duration_minutes": 60,
        "status": "scheduled",
        "calendar_sequence": 0,
    }
    return SessionScheduled.model_validate(usual | given)


def become(kind: type[SessionState], session: SessionState, **given: Any) -> SessionState:
    """The same session after something else happened to it."""
    return kind.model_validate(session.model_dump() | given)


def relationship_opened(**given: Any) -> RelationshipOpened:
    """A relationship that has just begun."""
    usual: dict[str, Any] = {
        "relationship_id": uuid7(),
        "programme_id": uuid7(),
        "format": "one_on_one",
        "members": pair(),
        "status": "open",
    }
    return RelationshipOpened.model_validate(usual | given)


class Here(Hearing):
    """The service, and the mail that it sends."""

    def __init__(self, service: Service, issuer: Issuer, smtp_url: str) -> None:
        super().__init__(service, issuer)
        self.policy = RetryPolicy(attempts=3, base=60)
        self.letters = Letters(Writer(), FROM, "https://mentorship.example", Signer(b"k" * 32))
        self.transport = Transport(Server.of(smtp_url), seconds=5)

    @property
    def sender(self) -> Sender:
        return Sender(self.letters, self.transport, self.policy)

    async def close(self) -> None:
        await self.transport.rest()
        await super().close()

    async def know(self, *employee_ids: str, **given: Any) -> None:
        """Learn the addresses of these people."""
        for employee_id in employee_ids:
            await self.hear(hired(employee_id, **given))

    async def know_the_pair(self) -> None:
        """Learn of Mona in Berlin, who mentors, and Ken in Tokyo."""
        await self.know("E-mentor", display_name="Mona Mentor", email="mona@example.com", timezone=BERLIN)
        await self.know("E-mentee", display_name="Ken Mentee", email="ken@example.com", timezone=TOKYO)

    async def send_all(self) -> int:
        """Send what is due now; how often something was claimed."""
        claimed = 0
        while await send_next(self.database, self.sender):
            claimed += 1
        return claimed

    async def due_now(self) -> None:
        """Let every waiting mail and every timer be due."""
        await self.sql("UPDATE message SET next_attempt_at = now() - interval '1 second' WHERE status = 'pending'")
        await self.sql("UPDATE due SET due_at = now() - interval '1 second'")

    async def ring(self) -> int:
        """Work off the timers that are due; how many there were."""
        rang = 0
        while await self.service.loop.work_once():
            rang += 1
        return rang

    async def timers(self) -> list[datetime]:
        """When timers are set for, in order."""
        return [row.due_at for row in await self.sql("SELECT due_at FROM due ORDER BY due_at")]

    async def call(self, method: str, path: str, who: str | None = None, **given: Any) -> httpx.Response:
        """Call the HTTP side as an employee, or as nobody."""
        headers = {"Authorization": f"Bearer {self._issuer.token(who, ('employee',))}"} if who else {}
        return await self._client.request(method, f"/v1{path}", headers=headers | given.pop("headers", {}), **given)

    async def inbox(self, who: str) -> list[dict[str, Any]]:
        """Somebody's messages, newest first."""
        answer = await self.call("GET", "/me/messages", who)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def messages(self, channel: str = "email") -> list[tuple[str, str, str, str | None]]:
        """Person, kind, status and reason of every message, in order of person and kind."""
        rows = await self.sql(
            "SELECT employee_id, kind, status, reason FROM message WHERE channel = :channel ORDER BY 1, created_at, 2",
            channel=channel,
        )
        return [tuple(row) for row in rows]

    async def said(self) -> list[dict[str, Any]]:
        """What the service said became of messages, in order, each with `event` (`sent`)."""
        rows = await self.sql("SELECT subject, payload FROM outbox ORDER BY id")
        return [{"event": row.subject.split(".")[3]} | json.loads(row.payload) for row in rows]

    async def message_ids(self) -> list[UUID]:
        return [row.message_id for row in await self.sql("SELECT message_id FROM message ORDER BY message_id")]
