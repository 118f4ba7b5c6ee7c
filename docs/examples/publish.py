"""Publish hr.employee.hired.v1 with nats-py: CloudEvents in binary mode, and an acknowledged publish.

    python docs/examples/publish.py nats://127.0.0.1:4222 hr.creds E2001

The credentials come from `mentorship publisher add NAME`; at home there is `hr` already, and its file is told by
`mentorship status --json` as `nats.users.hr.credentials`. Needs nats-py, and nkeys to sign in.
"""

import asyncio
import json
import sys
import time
import uuid
from datetime import UTC, datetime

import nats

SUBJECT = "hr.employee.hired.v1"
SOURCE = "/hr"


async def publish(url: str, credentials: str, employee_id: str, publisher: str = "hr") -> int:
    """Publish one event and give the sequence that the stream stored it under."""
    event_id = str(uuid.uuid4())
    headers = {
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-source": SOURCE,
        "ce-type": SUBJECT,
        "ce-subject": employee_id,
        "ce-time": datetime.now(UTC).isoformat(),
        "content-type": "application/json",
        "Nats-Msg-Id": f"{SOURCE}/{event_id}",
    }
    employee = {
        "employee_id": employee_id,
        "version": time.time_ns() // 1_000_000,
        "display_name": "Ada Lovelace",
        "email": "ada.lovelace@example.com",
        "department": "Engineering",
        "level": 5,
        "timezone": "Europe/London",
        "languages": ["en"],
        "skills": ["mathematics"],
    }
    # each NATS user hears answers under an inbox of its own
    connection = await nats.connect(url, user_credentials=credentials, inbox_prefix=f"_INBOX_{publisher}")
    try:
        # js.publish waits for the stream's answer and raises if it refuses; a bare publish would vanish in silence
        answer = await connection.jetstream().publish(SUBJECT, json.dumps(employee).encode(), headers=headers)
    finally:
        await connection.drain()
    return answer.seq


if __name__ == "__main__":
    sequence = asyncio.run(publish(*sys.argv[1:]))
    sys.stdout.write(f"stored in the stream as number {sequence}\n")
