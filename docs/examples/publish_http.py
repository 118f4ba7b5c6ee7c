"""Hand in hr.employee.hired.v1 over HTTP: one CloudEvent in structured mode, with an idempotency key.

    TOKEN=$(mentorship token --employee hr --role publisher)
    python docs/examples/publish_http.py http://127.0.0.1:8081 "$TOKEN" hr E2002

The third word is the publisher whose token it is: a publisher speaks as the source /NAME.
202 says that the event is stored and will reach the stream; the answer has a result per event. Needs httpx.
"""

import sys
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx


def request(token: str, publisher: str, employee_id: str) -> dict[str, Any]:
    """What to POST to /v1/employees/events, as keyword arguments of `httpx.post`."""
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": f"/{publisher}",
        "type": "hr.employee.hired.v1",
        "subject": employee_id,
        "time": datetime.now(UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "employee_id": employee_id,
            "version": time.time_ns() // 1_000_000,
            "display_name": "Grace Hopper",
            "email": "grace.hopper@example.com",
            "department": "Engineering",
            "level": 6,
            "timezone": "America/New_York",
        },
    }
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/cloudevents+json",
        # sent again with the same key, this request is answered and not carried out twice
        "Idempotency-Key": event["id"],
    }
    return {"json": event, "headers": headers}


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: publish_http.py URL TOKEN PUBLISHER EMPLOYEE")
    url, *rest = sys.argv[1:]
    answer = httpx.post(f"{url}/v1/employees/events", **request(*rest))
    answer.raise_for_status()
    sys.stdout.write(f"{answer.text}\n")
