"""Reads matching's directory and puts it into matching's outbox as HR events.

The one place of the command that knows tables of a service: they are the last copy of HR's facts when the
stream HR is lost, and no other service or event holds them whole.
"""

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import text

from chassis.cloudevents import CloudEvent
from chassis.transaction import Database
from contracts.event import EventClass
from contracts.hr import EmployeeChanged, EmployeeErased, EmployeeLeft

_ROWS = 500

# What is in force, what lies ahead, and who must stay forgotten.
_FACTS = text("""
SELECT 'changed' AS kind, employee_id, version, source, document FROM employee WHERE status = 'active'
UNION ALL SELECT 'left', employee_id, version, source, document FROM employee WHERE status = 'departed'
UNION ALL SELECT CASE WHEN leaves THEN 'left' ELSE 'changed' END, employee_id, version, source, document
    FROM employee_pending
UNION ALL SELECT 'erased', employee_id, version, '/mentorship/matching', NULL FROM erased_employee
""")
# An earlier republish left rows of the same identity, which the relay is to send again.
_AGAIN = text(
    "UPDATE outbox SET published_at = NULL WHERE event_id = ANY(CAST(:ids AS text[])) AND published_at IS NOT NULL"
)
_CLASSES: dict[str, EventClass] = {"changed": EmployeeChanged, "left": EmployeeLeft, "erased": EmployeeErased}


async def republish(url: str) -> dict[str, int]:
    """Queue every known fact for matching's relay in one transaction; gives how many of each event."""
    counts: Counter[str] = Counter()
    database = Database(url, "/mentorship/matching", pool=1)
    try:
        async with database.transaction() as tx:
            facts = await tx.connection.stream(_FACTS)
            async for some in facts.mappings().partitions(_ROWS):
                events = [_event(fact, tx.now) for fact in some]
                for event in events:
                    tx.forward(event)
                await tx.flush()
                await tx.connection.execute(_AGAIN, {"ids": [event.id for event in events]})
                counts.update(event.type for event in events)
    finally:
        await database.close()
    return dict(sorted(counts.items()))


def _event(fact: Any, now: datetime) -> CloudEvent:
    event_class = _CLASSES[fact["kind"]]
    known = {"employee_id": fact["employee_id"], "version": fact["version"]}
    event = event_class.model_validate((fact["document"] or {}) | known)
    return CloudEvent(
        id=f"republish-{fact['employee_id']}-{fact['kind']}-{fact['version']}",
        source=fact["source"],
        type=event.subject,
        subject=event.thing_id,
        time=now,
        version=fact["version"],
        data=event.model_dump_json().encode(),
    )
