"""Bad messages of every kind, each with the reason that its dead letter is to name."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from chassis.cloudevents import CloudEvent, headers_of
from contracts.sessions import GoalSet
from tests.chassis import probe
from tests.fixtures.bus import Bus

SUBJECT = GoalSet.subject
DEEP = 30_000


@dataclass(frozen=True)
class Poison:
    """One kind: how it is published, and what becomes of it."""

    reason: str
    publish: Callable[[Bus], Awaitable[object]]


def _headers(**changes: str | None) -> dict[str, str]:
    event = CloudEvent(str(uuid4()), "/mentorship/sessions", SUBJECT, str(uuid4()), datetime.now(UTC), 1, b"")
    changed = headers_of(event) | {
        name.replace("_", "-"): value for name, value in changes.items() if value is not None
    }
    return {name: value for name, value in changed.items() if changes.get(name.replace("-", "_"), "") is not None}


def _binary(reason: str, body: bytes | None = None, subject: str = SUBJECT, **changes: str | None) -> Poison:
    async def publish(bus: Bus) -> object:
        data = probe.goal().model_dump_json().encode() if body is None else body
        return await bus.js.publish(subject, data, headers=_headers(**changes), stream="SESSIONS")

    return Poison(reason, publish)


def _plain(reason: str, body: bytes) -> Poison:
    async def publish(bus: Bus) -> object:
        return await bus.js.publish(SUBJECT, body, stream="SESSIONS")

    return Poison(reason, publish)


def _goal(reason: str, code: str) -> Poison:
    return Poison(reason, lambda bus: bus.publish(probe.goal(code)))


def _raw_headers(reason: str, block: bytes) -> Poison:
    """Headers that no client library would write; the server stores them all the same."""

    async def publish(bus: Bus) -> None:
        body = b"{}"
        size = f"{len(block)} {len(block) + len(body)}".encode()
        await bus.nc._send_command(b"HPUB " + SUBJECT.encode() + b" " + size + b"\r\n" + block + body + b"\r\n")
        await bus.nc.flush()

    return Poison(reason, publish)


def _structured(data: Any) -> bytes:
    whole = {"specversion": "1.0", "id": str(uuid4()), "source": "/x", "type": SUBJECT, "subject": "g", "data": data}
    return json.dumps(whole).encode()


def kinds() -> list[Poison]:
    """One of each."""
    good = json.loads(probe.goal().model_dump_json())
    return [
        _plain("no_cloudevent", b"{not json"),
        _plain("no_cloudevent", b""),
        _plain("no_cloudevent", b"[" * DEEP),
        _plain("no_cloudevent", _structured("-").replace(b'"-"', b"[" * DEEP + b"]" * DEEP)),
        _plain("malformed_data", _structured(good | {"code": "\ud800"})),
        _plain("malformed_envelope", _structured(good).replace(b'"g"', b'"\\ud800"')),
        _binary("invalid_data", b"{not json"),
        _binary("invalid_data", b"\xff\xfe"),
        _binary("invalid_data", b'{"x":' * DEEP + b"1" + b"}" * DEEP),
        _binary("invalid_data", json.dumps(good | {"code": "\ud800"}).encode()),
        _binary("unknown_type", subject="mentorship.sessions.goal.set.v2", ce_type="mentorship.sessions.goal.set.v2"),
        _binary("type_is_not_subject", ce_type="hr.employee.hired.v1"),
        _binary("unsupported_specversion", ce_specversion="0.3"),
        _binary("incomplete_envelope", ce_source=None),
        _binary("malformed_envelope", ce_time="yesterday"),
        _binary("malformed_envelope", ce_entityversion="-1"),
        _binary("malformed_header", ce_id="%ff"),
        _raw_headers("no_cloudevent", b"NATS/1.0"),
        _raw_headers("no_cloudevent", b"NATS/1.0 \xff\xff\xff\r\nx: y\r\n\r\n"),
        _raw_headers("no_cloudevent", b"NATS/1.0\r\n: \xff\r\n\r\n"),
        _goal("RuntimeError", "raise"),
        _goal("not_wanted", "refuse"),
        _goal("time_limit", "hang"),
    ]
