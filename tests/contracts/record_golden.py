"""`python -m tests.contracts.record_golden`: record one full and one minimal sample of each event that has none yet.

A recorded sample is never changed: it is what was once on the wire, and every later model has to read it.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chassis.cloudevents import CloudEvent, headers_of
from contracts.event import EVENTS, EventClass
from contracts.generate import OWNERS
from contracts.schema import schema_of

GOLDEN = Path(__file__).parent / "golden"
_TIME = datetime(2026, 3, 2, 9, 30, 0, 250000, tzinfo=UTC)
_REQUIRED_HEADERS = {"ce-specversion", "ce-id", "ce-source", "ce-type", "Nats-Msg-Id"}
_MEMBERS = [{"employee_id": "E1001", "role": "mentor"}, {"employee_id": "E1002", "role": "mentee"}]

_STATUS = {
    "activated": "active",
    "reminded": "proposed",
    "accepted": "proposed",
    "started": "running",
    "progressed": "running",
    "opened": "open",
    "rescheduled": "scheduled",
}

_FIELDS: dict[str, Any] = {
    "accepted_by": "E1001",
    "arm": "treatment",
    "attended": ["E1001", "E1002"],
    "author_id": "E1002",
    "calendar_sequence": 2,
    "capacity": 2,
    "channel": "email",
    "code": "public-speaking",
    "declined_by": "E1002",
    "department": "Research & Development / Zürich",
    "display_name": "Åsa Lindström-山田",
    "duration_minutes": 45,
    "effective_on": "2026-04-01",
    "email": "asa.lindstrom@example.com",
    "employee_id": "E1001",
    "ends_on": "2026-12-31T23:00:00Z",
    "feedback_id": "01955e3a-0000-7000-8000-000000000007",
    "fit": 4,
    "format": "one_on_one",
    "gap": 12,
    "goal_id": "01955e3a-0000-7000-8000-000000000008",
    "hired_on": "2019-09-02",
    "inputs_digest": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "interests": ["chess", "open source"],
    "job_title": "Staff Engineer",
    "kind": "session-reminder",
    "languages": ["sv", "de", "en"],
    "late_seconds": 1.25,
    "left_on": "2026-06-30",
    "level": 6,
    "location": "Zürich",
    "manager_id": "E0007",
    "match_id": "01955e3a-0000-7000-8000-000000000003",
    "message_id": "01955e3a-0000-7000-8000-000000000009",
    "organizer_id": "E1001",
    "outstanding": ["E1002"],
    "owner_id": "E0042",
    "pairs": 48,
    "participant_id": "01955e3a-0000-7000-8000-000000000002",
    "people": 100,
    "percent": 40,
    "programme_id": "01955e3a-0000-7000-8000-000000000001",
    "progress": 60,
    "proposed_at": "2026-03-02T09:00:00Z",
    "relationship_id": "01955e3a-0000-7000-8000-000000000003",
    "reminder_minutes": [1440.0, 60.0, 0.5],
    "respond_by": "2026-03-09T09:00:00Z",
    "roles": ["mentor", "peer"],
    "rules_digest": "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "run_id": "01955e3a-0000-7000-8000-000000000004",
    "score": 8120,
    "seconds": 3.75,
    "session_id": "01955e3a-0000-7000-8000-000000000006",
    "skills": ["python", "böard governance", "c++"],
    "starts_at": "2026-03-10T14:00:00Z",
    "starts_on": "2026-03-01T00:00:00Z",
    "timezone": "Europe/Zurich",
    "total_score": 391204,
    "upper_bound": 391216,
    "usefulness": 5,
    "version": 1772443800000,
    "worst_score": 4100,
}


def sample_of(event: EventClass, *, full: bool) -> dict[str, Any]:
    """A body of `event` with all of its fields or with the required ones alone."""
    schema = schema_of(event)
    names = schema["properties"] if full else schema["required"]
    return {name: _value(event, name, schema["properties"][name]) for name in names}


def _value(event: EventClass, name: str, schema: dict[str, Any]) -> Any:
    if name == "members":
        return ["E1001", "E1002"] if event.subject.startswith("mentorship.sessions.session") else _MEMBERS
    if name == "status":
        verb = event.subject.split(".")[3]
        return _STATUS.get(verb, verb)
    if "enum" in schema and name not in _FIELDS:
        return schema["enum"][0]
    return schema.get("default") if name not in _FIELDS else _FIELDS[name]


def envelope_of(event: EventClass, data: dict[str, Any]) -> dict[str, str]:
    """The headers that came with it."""
    source = "/hr/workday" if event.subject.startswith("hr.") else f"/mentorship/{event.subject.split('.')[1]}"
    return headers_of(
        CloudEvent(
            id="01955e3a-1111-7000-8000-0000000000ff",
            source=source,
            type=event.subject,
            subject=str(data[event.about]),
            time=_TIME,
            version=3,
            data=b"",
            traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        )
    )


def main() -> int:
    """Record what is missing; leave what is there."""
    assert OWNERS
    for subject, event in sorted(EVENTS.items()):
        for name, full in (("full", True), ("minimal", False)):
            file = GOLDEN / subject / f"{name}.json"
            if file.exists():
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            data = sample_of(event, full=full)
            headers = envelope_of(event, data)
            if not full:
                headers = {header: value for header, value in headers.items() if header in _REQUIRED_HEADERS}
            text = json.dumps({"headers": headers, "data": data}, indent=2, ensure_ascii=False)
            file.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
