"""Publish hr.employee.hired.v1 with nats-py: CloudEvents in binary mode, and an acknowledged publish.

    python docs/examples/publish.py nats://127.0.0.1:4222 .mentorship/nats/creds/hr.creds hr E2001

The credentials come from `mentorship publisher add NAME`, which prints their file; at home there is `hr` already.
The third word is that name: a publisher speaks as the source /NAME. Needs nats-py, and nkeys to sign in.
"""

import asyncio
import json
import sys
import time
import uuid
from datetime import UTC, datetime

import nats

SUBJECT = "hr.employee.hired.v1"


async def publish(url: str, credentials: str, publisher: str, employee_id: str) -> int:
    """Publish one event and give the sequence that the stream stored it under."""
    event_id, source = str(uuid.uuid4()), f"/{publisher}"
    headers = {
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-source": source,
        "ce-type": SUBJECT,
        "ce-subject": employee_id,
        "ce-time": datetime.now(UTC).isoformat(),
        "content-type": "application/json",
        "Nats-Msg-Id": f"{source}/{event_id}",
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
    if len(sys.argv) != 5:
        sys.exit("usage: publish.py NATS_URL CREDENTIALS PUBLISHER EMPLOYEE")
    sequence = asyncio.run(publish(*sys.argv[1:]))
    sys.stdout.write(f"stored in the stream as number {sequence}\n")
