"""A notifications service in a test's hands, and the events that it hears."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from chassis.ids import identity_of, uuid7
from chassis.service import Service
from chassis.subscription import Received
from contracts.event import Event
from contracts.hr import EmployeeErased
from contracts.matching import EmployeeActivated, EmployeeDeparted
from contracts.sessions import RelationshipOpened, SessionScheduled, SessionState
from mentorship.local.issuer import Issuer
from notifications.adapters.letters import Letters
from notifications.adapters.smtp import Server, Transport
from notifications.adapters.words import Writer
from notifications.domain.decisions import RetryPolicy
from notifications.domain.unsubscribing import Signer
from notifications.handlers import Sender, send_next
from tests.builders import hired, pair

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


class Here:
    """Delivers events to the service, sends its mail, calls its HTTP side, looks into its database."""

    def __init__(self, service: Service, issuer: Issuer, smtp_url: str) -> None:
        self.service = service
        self.database = service.database
        self.policy = RetryPolicy(attempts=3, base=60)
        self.letters = Letters(Writer(), FROM, "https://mentorship.example", Signer(b"k" * 32))
        self.transport = Transport(Server.of(smtp_url), seconds=5)
        self._issuer = issuer
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=service.app, raise_app_exceptions=False), base_url="http://notifications"
        )

    @property
    def sender(self) -> Sender:
        return Sender(self.letters, self.transport, self.policy)

    async def close(self) -> None:
        await self.transport.rest()
        await self._client.aclose()
        await self.database.close()

    async def hear(
        self, event: Event, version: int = 1, *, event_id: str | None = None, time: datetime | None = None
    ) -> None:
        """Hand an event to the handler that the subscriber table names, in a transaction of its own."""
        row = next(row for row in self.service.subscriptions if type(event) in row.events)
        name = event_id or str(uuid7())
        received = Received(
            event=event,
            id=name,
            source="/test",
            identity=identity_of("/test", name),
            time=time or datetime.now(UTC),
            version=version,
            subject=event.subject,
        )
        async with self.database.transaction() as tx:
            tx.cause = received
            await row.handler(tx, received if row.kind == "each" else [received])

    async def know(self, *employee_ids: str, **given: Any) -> None:
        """Learn the addresses of these people."""
        for employee_id in employee_ids:
            await self.hear(hired(employee_id, **given))

    async def know_the_pair(self) -> None:
        """Learn of Mona in Berlin, who mentors, and Ken in Tokyo."""
        await self.know("E-mentor", display_name="Mona Mentor", email="mona@example.com", timezone=BERLIN)
        await self.know("E-mentee", display_name="Ken Mentee", email="ken@example.com", timezone=TOKYO)

    async def depart(self, employee_id: str, version: int = 2) -> None:
        await self.hear(EmployeeDeparted(employee_id=employee_id), version)

    async def arrive(self, employee_id: str, version: int = 1) -> None:
        await self.hear(EmployeeActivated(employee_id=employee_id), version)

    async def erase(self, employee_id: str) -> None:
        await self.hear(EmployeeErased(employee_id=employee_id, version=9))

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

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

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
