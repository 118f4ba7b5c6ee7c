"""Taking CloudEvents about employees from publishers over HTTP: each is checked, the good ones go to the outbox."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from chassis.cloudevents import CloudEvent, Undecodable, describe_invalid
from chassis.digests import canonical
from chassis.outbox import EventTooLarge
from chassis.transaction import Tx
from contracts.event import events_of
from matching.adapters.db import intake as db
from matching.adapters.publishers import Publishers

Read = Callable[[], CloudEvent]
"""Reads one event of a request, or raises `Undecodable`."""

_CLASSES = {event.subject: event for event in events_of("hr")}
_WHY = {
    "unknown_type": "The type is none of those that are published about employees.",
    "type_is_not_subject": "The type is none of those that are published about employees.",
    "no_cloudevent": "This is not a CloudEvent: it has no specversion.",
    "unsupported_specversion": "Only specversion 1.0 is taken.",
    "no_data": "It has no data.",
    "incomplete_envelope": "id, source and type are needed.",
    "malformed_envelope": "An attribute has a value that it cannot have.",
    "malformed_header": "A header is not percent-encoded UTF-8.",
    "malformed_data": "The data cannot be read.",
    "invalid_data": "The data does not fit the type.",
    "another_subject": "The subject attribute names somebody else than the data.",
    "version_differs": "The entityversion attribute is not the version in the data.",
    "undeclared_publisher": "This caller is no declared publisher.",
    "foreign_source": "This source is not the caller's.",
    "foreign_type": "This type is none of those that the caller may publish.",
    "identity_reused": "An event of this source and id was taken before, with other data.",
    "too_large": "It is over the limit of one event.",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one event: accepted, or why not."""

    index: int
    id: str | None
    refused: str | None = None
    detail: str = ""
    errors: tuple[dict[str, str], ...] = ()


async def take_events(tx: Tx, reads: Sequence[Read], publishers: Publishers, caller: str) -> list[Taken]:
    """Check each event, its source too; the good ones go on to the stream under their own identity."""
    results: list[Taken] = []
    good: list[tuple[int, CloudEvent]] = []
    for index, read in enumerate(reads):
        event, taken = _checked(index, read)
        if event is not None:
            if foreign := publishers.why_not(caller, event.source, event.type):
                taken = _refused(index, event.id, foreign.reason, (foreign.error,))
            else:
                good.append((index, event))
        results.append(taken)
    known = await db.payloads_of(tx, [(event.source, event.id) for _, event in good])
    for index, event in good:
        results[index] = _forward(tx, index, event, known)
    return results


def _checked(index: int, read: Read) -> tuple[CloudEvent | None, Taken]:
    identity: str | None = None
    try:
        event = read()
        identity = event.id
        event_class = _CLASSES.get(event.type)
        if event_class is None:
            raise Undecodable("unknown_type")
        data = event_class.model_validate_json(event.data)
        if event.subject and event.subject != data.thing_id:
            raise Undecodable("another_subject")
        version: int = getattr(data, "version", 0)
        if event.version not in {0, version}:
            raise Undecodable("version_differs")
    except Undecodable as error:
        return None, _refused(index, identity, error.reason)
    except ValidationError as error:
        return None, _refused(index, identity, "invalid_data", tuple(describe_invalid(error)))
    except (ValueError, RecursionError):
        return None, _refused(index, identity, "malformed_data")
    return replace(event, subject=data.thing_id, version=version), Taken(index, identity)


def _forward(tx: Tx, index: int, event: CloudEvent, known: dict[tuple[str, str], bytes]) -> Taken:
    before = known.setdefault((event.source, event.id), event.data)
    if before != event.data and canonical(before) != canonical(event.data):
        return _refused(index, event.id, "identity_reused")
    try:
        tx.forward(event)
    except EventTooLarge:
        return _refused(index, event.id, "too_large")
    return Taken(index, event.id)


def _refused(index: int, identity: str | None, reason: str, errors: tuple[dict[str, str], ...] = ()) -> Taken:
    return Taken(index, identity, reason, _WHY.get(reason, "This event cannot be taken."), errors)
