"""Reads matching's directory and puts it into matching's outbox as HR events.

The one place of the command that knows tables of a service: they are the last copy of HR's facts when the
stream HR is lost, and no other service or event holds them whole.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg

from chassis.cloudevents import CloudEvent, headers_of
from chassis.outbox import CHANNEL
from contracts.event import EventClass
from contracts.hr import EmployeeChanged, EmployeeErased, EmployeeLeft

_ROWS = 500

# What is in force, what lies ahead, and who must stay forgotten.
_FACTS = """
SELECT 'changed' AS kind, employee_id, version, source, document FROM employee WHERE status = 'active'
UNION ALL SELECT 'left', employee_id, version, source, document FROM employee WHERE status = 'departed'
UNION ALL SELECT CASE WHEN leaves THEN 'left' ELSE 'changed' END, employee_id, version, source, document
    FROM employee_pending
UNION ALL SELECT 'erased', employee_id, version, '/mentorship/matching', NULL FROM erased_employee
"""
# An earlier republish left rows of the same identity: the relay sends those again.
_INSERT = """
INSERT INTO outbox (source, event_id, subject, thing, version, headers, payload)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::jsonb[], $7::bytea[])
ON CONFLICT (source, event_id) DO UPDATE SET published_at = NULL
"""
_CLASSES: dict[str, EventClass] = {"changed": EmployeeChanged, "left": EmployeeLeft, "erased": EmployeeErased}


async def republish(connection: asyncpg.Connection) -> dict[str, int]:
    """Queue every known fact for the relay in one transaction; gives how many of each event."""
    counts: Counter[str] = Counter()
    async with connection.transaction(isolation="repeatable_read"):
        async for facts in _facts(connection):
            events = [_event(fact) for fact in facts]
            await connection.execute(_INSERT, *zip(*(_outbox_row(event) for event in events), strict=True))
            counts.update(event.type for event in events)
        await connection.execute(f"NOTIFY {CHANNEL}")
    return dict(sorted(counts.items()))


async def _facts(connection: asyncpg.Connection) -> AsyncIterator[list[Any]]:
    cursor = await connection.cursor(_FACTS)
    while facts := await cursor.fetch(_ROWS):
        yield facts


def _event(fact: Any) -> CloudEvent:
    event_class = _CLASSES[fact["kind"]]
    known = {"employee_id": fact["employee_id"], "version": fact["version"]}
    event = event_class.model_validate(json.loads(fact["document"] or "{}") | known)
    return CloudEvent(
        id=f"republish-{fact['employee_id']}-{fact['kind']}-{fact['version']}",
        source=fact["source"],
        type=event.subject,
        subject=event.thing_id,
        time=datetime.now(UTC),
        version=fact["version"],
        data=event.model_dump_json().encode(),
    )


def _outbox_row(event: CloudEvent) -> tuple[str, str, str, str, int, str, bytes]:
    thing = f"hr.employee/{event.subject}"  # one employee's events leave in order
    headers = json.dumps(headers_of(event))
    return event.source, event.id, event.type, thing, event.version, headers, event.data
