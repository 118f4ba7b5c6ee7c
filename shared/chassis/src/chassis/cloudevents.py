"""CloudEvents 1.0 over NATS: binary mode out (`ce-*` headers), binary and structured mode in.

Header values are percent-encoded as the HTTP protocol binding of CloudEvents 1.0.2 (section 3.1.3.2) has it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from pydantic import ValidationError

from chassis.errors import sentence
from chassis.ids import identity_of

MAX_EVENT_BYTES = 256 * 1024
"""Headers and body of one event together; publishers are refused above it, so that no relay ever loops on one."""

SCHEMA_BASE = "https://schemas.mentorship.example/"

_SAFE = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in '"%')


class Undecodable(Exception):
    """This message is no event that we can read: `reason` is a class, never the content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class CloudEvent:
    """An event with its envelope, its data still as bytes.

    Not to be changed once made; it is not frozen, because that triples the cost of making one.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    version: int
    data: bytes
    traceparent: str | None = None
    cause: str | None = None

    @property
    def identity(self) -> Any:
        """The inbox key: UUIDv5 of source and id."""
        return identity_of(self.source, self.id)


def _is_plain(text: str) -> bool:
    """Whether no character has to be encoded: ASCII from `!` to `~` without `"` and `%`."""
    return text.isascii() and text.isprintable() and " " not in text and '"' not in text and "%" not in text


def _encoded(value: str) -> str:
    return value if _is_plain(value) else quote(value, safe=_SAFE)


def _decoded(value: str) -> str:
    return unquote(value, errors="strict") if "%" in value else value


def headers_of(event: CloudEvent) -> dict[str, str]:
    """The NATS headers of an event in binary mode."""
    lines = header_lines_of(event).split("\r\n")
    return {name: value for name, _, value in (line.partition(": ") for line in lines[:-1])}


def header_lines_of(event: CloudEvent) -> str:
    """The same as they go over the wire: a line each."""
    id_, source, subject, trace = event.id, event.source, event.subject, event.traceparent
    if not _is_plain(id_ + source + subject):
        id_, source, subject = _encoded(id_), _encoded(source), _encoded(subject)
    causation = f"ce-causationid: {_encoded(event.cause)}\r\n" if event.cause else ""
    tracing = f"traceparent: {trace}\r\n" if trace and trace.isprintable() else ""
    return (
        f"ce-specversion: 1.0\r\nce-id: {id_}\r\nce-source: {source}\r\nce-type: {event.type}\r\n"
        f"ce-subject: {subject}\r\nce-time: {event.time.isoformat()}\r\nce-entityversion: {event.version}\r\n"
        f"ce-dataschema: {SCHEMA_BASE}{event.type}.json\r\ncontent-type: application/json\r\n"
        f"Nats-Msg-Id: {source}/{id_}\r\n{causation}{tracing}"
    )


def size_of(head: str, data: bytes) -> int:
    """Bytes of an event on the wire, its header lines included."""
    return len(data) + len(head.encode()) + 14


_as_written = re.compile(
    r"NATS/1\.0\r\n"
    r"ce-specversion: 1\.0\r\n"
    r"ce-id: ([!#$&-~]{1,512}+)\r\n"
    r"ce-source: ([!#$&-~]{1,512}+)\r\n"
    r"ce-type: ([!#$&-~]{1,512}+)\r\n"
    r"ce-subject: ([!#$&-~]{0,512}+)\r\n"
    r"ce-time: ([!#$&-~]{1,64}+)\r\n"
    r"ce-entityversion: ([0-9]{1,18}+)\r\n"
    r"ce-dataschema: [^\r]*+\r\n"
    r"content-type: [^\r]*+\r\n"
    r"Nats-Msg-Id: [^\r]*+\r\n"
    r"(?:ce-causationid: ([!#$&-~]{1,1025}+)\r\n)?+"
    r"(?:traceparent: ([!#$&-~]{1,512}+)\r\n)?+"
    r"(?:Nats-[^\r]*+\r\n)*+\r\n"
).fullmatch
"""The lines of `header_lines_of` with no character that is encoded, and with what the relay adds."""


def decode_as_written(subject: str, block: bytes, body: bytes) -> CloudEvent | None:
    """Read an event whose headers stand as we write them, at a third of the price; None if they do not."""
    try:
        found = _as_written(block.decode("ascii"))
        if found is None:
            return None
        id_, source, type_, about, time, version, cause, traceparent = found.groups()
        at = datetime.fromisoformat(time)
    except ValueError:
        return None
    if type_ != subject or at.tzinfo is None:
        return None
    return CloudEvent(id_, source, type_, about, at, int(version), body, traceparent, cause)


def decode(subject: str, headers: Mapping[str, str] | None, body: bytes) -> CloudEvent:
    """Read a NATS message in binary or structured mode; raises `Undecodable`."""
    if headers:
        if "ce-id" in headers and "ce-specversion" in headers and "ce-source" in headers and "ce-type" in headers:
            return _binary(subject, headers, body)
        lowered = {name.lower(): value for name, value in headers.items()}
        if "ce-specversion" in lowered or "ce-id" in lowered:
            return _binary(subject, lowered, body)
        return _structured(subject, body, lowered.get("traceparent"))
    return _structured(subject, body, None)


def _binary(subject: str, headers: Mapping[str, str], body: bytes) -> CloudEvent:
    if headers.get("ce-specversion") != "1.0":
        raise Undecodable("unsupported_specversion")
    try:
        return _checked(
            subject,
            body,
            headers.get("traceparent"),
            id=_decoded(headers["ce-id"]),
            source=_decoded(headers["ce-source"]),
            type=headers["ce-type"],
            subject=_decoded(headers.get("ce-subject", "")),
            time=headers.get("ce-time"),
            entityversion=headers.get("ce-entityversion", 0),
            causationid=headers.get("ce-causationid"),
        )
    except KeyError as missing:
        raise Undecodable("incomplete_envelope") from missing
    except UnicodeDecodeError as error:
        raise Undecodable("malformed_header") from error


def _structured(subject: str, body: bytes, traceparent: str | None) -> CloudEvent:
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Undecodable("no_cloudevent") from error
    if not isinstance(whole, dict) or "specversion" not in whole:
        raise Undecodable("no_cloudevent")
    return from_structured(whole, subject, traceparent)


def from_structured(whole: Mapping[str, Any], subject: str | None = None, traceparent: str | None = None) -> CloudEvent:
    """Read a CloudEvent that is one JSON object, from under a NATS subject if there is one; raises `Undecodable`."""
    if whole.get("specversion") != "1.0":
        raise Undecodable("unsupported_specversion")
    if "data" not in whole:
        raise Undecodable("no_data")
    try:
        data = json.dumps(whole["data"], separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
        type_ = whole["type"]
        return _checked(
            type_ if subject is None else subject,
            data,
            whole.get("traceparent") or traceparent,
            id=whole["id"],
            source=whole["source"],
            type=type_,
            subject=whole.get("subject") or "",
            time=whole.get("time"),
            entityversion=whole.get("entityversion", 0),
            causationid=whole.get("causationid"),
        )
    except KeyError as missing:
        raise Undecodable("incomplete_envelope") from missing
    except (UnicodeEncodeError, RecursionError) as error:
        raise Undecodable("malformed_data") from error


def _checked(  # noqa: PLR0913  the attributes of an envelope
    nats_subject: str,
    data: bytes,
    traceparent: Any,
    *,
    id: Any,  # noqa: A002  CloudEvents' own names
    source: Any,
    type: Any,  # noqa: A002
    subject: Any,
    time: Any,
    entityversion: Any,
    causationid: Any,
) -> CloudEvent:
    for value in (id, source, type, subject):
        if not isinstance(value, str) or len(value) > 512 or not value.isprintable():
            raise Undecodable("malformed_envelope")
    if not id or not source:
        raise Undecodable("incomplete_envelope")
    if type != nats_subject:
        raise Undecodable("type_is_not_subject")
    try:
        version = int(entityversion)
        at = datetime.fromisoformat(time) if time else datetime.now(UTC)
    except (ValueError, TypeError, OverflowError) as error:
        raise Undecodable("malformed_envelope") from error
    if at.tzinfo is None or not 0 <= version < 2**63:
        raise Undecodable("malformed_envelope")
    cause = _header(unquote(causationid), 1025) if isinstance(causationid, str) else None
    return CloudEvent(id, source, type, subject, at, version, data, _header(traceparent, 512), cause)


def _header(value: Any, length: int) -> str | None:
    """A value that goes on in a header of ours, or nothing: without it the event is as good."""
    return value if isinstance(value, str) and len(value) <= length and value.isprintable() else None


def describe_invalid(error: ValidationError) -> list[dict[str, str]]:
    """Which fields of an event's data are wrong and why, without their values."""
    return [
        {"pointer": "/" + "/".join(str(part) for part in item["loc"]), "detail": sentence(item)}
        for item in error.errors(include_input=False, include_url=False, include_context=False)
    ]
