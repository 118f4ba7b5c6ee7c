"""The load of the fault runs: everything is tried until it is accepted, with the same identity or idempotency key."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from nats.errors import Error as NatsError

from chassis.cloudevents import CloudEvent, headers_of
from contracts.hr import EmployeeChanged
from tests import builders
from tests.chaos.ledger import Ledger, Meeting
from tests.journeys.story import Pair, Story

_PLACES = ("Engineering", "Sales", "Finance", "People", "Research")


class Load:
    """Writes to the platform as HR and as people do, and keeps the ledger."""

    def __init__(self, story: Story, seed: int) -> None:
        self.story = story
        self.ledger = Ledger()
        self._random = random.Random(seed)

    async def publish(self, record: EmployeeChanged) -> None:
        """Publish until the stream says that it has it; one in ten twice, past the stream's own detection."""
        envelope = CloudEvent(
            str(uuid4()),
            "/hr",
            record.subject,
            record.employee_id,
            datetime.now(UTC),
            record.version,
            record.model_dump_json().encode(),
        )
        headers = headers_of(envelope)
        await self._until_stored(record.subject, envelope.data, headers)
        if self._random.random() < 0.1:
            await self._until_stored(record.subject, envelope.data, {**headers, "Nats-Msg-Id": str(uuid4())})
        self.ledger.published(record)

    async def _until_stored(self, subject: str, data: bytes, headers: dict[str, str]) -> None:
        while True:
            try:
                await self.story.publisher.jetstream().publish(subject, data, headers=headers, timeout=2)
            except (NatsError, TimeoutError, OSError):
                await asyncio.sleep(0.1)
            else:
                return

    async def change_employees(self, people: list[str], events: int, workers: int = 8) -> None:
        """Publish new records in shuffled order of their versions."""
        records = [
            builders.changed(
                self._random.choice(people),
                department=self._random.choice(_PLACES),
                level=self._random.randrange(10),
                display_name=f"Name {number}",
            )
            for number in range(events)
        ]
        for start in range(0, events, 200):
            part = records[start : start + 200]
            self._random.shuffle(part)
            records[start : start + 200] = part
        waiting = iter(records)

        async def worker() -> None:
            for record in waiting:
                await self.publish(record)

        await asyncio.gather(*(worker() for _ in range(workers)))

    async def call(self, method: str, service: str, path: str, person: str, **body: Any) -> dict[str, Any]:
        """One write, again and again with one idempotency key, until it is accepted."""
        key = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        url = f"{self.story.platform.service_url(service)}{path}"
        while True:
            try:
                headers = {**self.story.bearer(person), **key}
                answer = await self.story.http.request(method, url, headers=headers, json=body or None)
            except httpx.TransportError:
                await asyncio.sleep(0.2)
                continue
            if answer.status_code < 300:
                self.ledger.counts["requests"] += 1
                content: dict[str, Any] = answer.json()
                return content
            # What it needs may not have arrived yet (404), or the service is on its way back (5xx, 409 Retry-After).
            assert answer.status_code in {404, 409, 429, 502, 503, 507}, f"{method} {path}: {answer.text}"
            self.ledger.counts[f"answers {answer.status_code}"] += 1
            await asyncio.sleep(0.2)

    async def live(self, pair: Pair, meetings: int) -> None:
        """Both accept; then they set, move and cancel dates."""
        for person in pair.people:
            await self.call("POST", "matching", f"/v1/matches/{pair.match_id}/accept", person)
        self.ledger.relationships[pair.match_id] = pair.people
        for number in range(meetings):
            start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2 + number)
            session = await self.call(
                "POST",
                "sessions",
                f"/v1/relationships/{pair.match_id}/sessions",
                pair.mentee,
                local_start=start.replace(tzinfo=None).isoformat(),
                timezone="UTC",
                duration_minutes=30,
            )
            meeting = self.ledger.meetings[session["session_id"]] = Meeting(pair.people, start)
            if number % 3 == 1:
                meeting.starts_at = start + timedelta(hours=2)
                meeting.moves += 1
                await self.call(
                    "POST",
                    "sessions",
                    f"/v1/sessions/{session['session_id']}/reschedule",
                    pair.mentor,
                    local_start=meeting.starts_at.replace(tzinfo=None).isoformat(),
                    timezone="UTC",
                    duration_minutes=30,
                )
            elif number % 3 == 2:
                await self.call("POST", "sessions", f"/v1/sessions/{session['session_id']}/cancel", pair.mentor)
                meeting.status = "cancelled"
            await asyncio.sleep(self._random.uniform(0.2, 1.0))
