"""What HR and other internal services tell about employees, over HTTP instead of NATS."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict

from chassis.cloudevents import CloudEvent, Undecodable, decode, from_structured
from chassis.errors import Malformed, TooLarge, UnsupportedMedia
from chassis.http import Caller, Router, Transaction, allow
from chassis.limits import check_json
from matching.adapters.db.erasure import outstanding
from matching.adapters.db.intake import refusals
from matching.handlers.intake import Read, Taken, take_events

router = Router(prefix="/employees", tags=["employees"])

BATCH = 1000
"""Events in one request at most."""
BATCH_BYTES = 8 << 20

_SINGLE, _BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
_DATA = {
    "title": "EventData",
    "description": "Binary mode: the data alone; its attributes are the `ce-*` headers.",
    "type": "object",
}
_EVENT = {
    "title": "CloudEvent",
    "description": "Structured mode. `data` is as the JSON Schema of its type says.",
    "type": "object",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "description": "The same id again is the same event."},
        "source": {"type": "string", "description": "`/NAME` of the publisher."},
        "type": {"type": "string", "examples": ["hr.employee.hired.v1"]},
        "subject": {"type": "string", "description": "The employee_id."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": {
            "type": "object",
            "examples": [{"employee_id": "E2000", "version": 1790000000000, "display_name": "Ada Lovelace"}],
        },
    },
}
_BATCHED = {"title": "BatchedCloudEvent", "description": "As in structured mode.", "type": "object"}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "CloudEvents 1.0: binary mode (`ce-*` headers and the data), structured, or a batch.",
        "content": {
            "application/json": {"schema": _DATA},
            _SINGLE: {"schema": _EVENT},
            _BATCH: {"schema": {"title": "CloudEvents", "type": "array", "maxItems": BATCH, "items": _BATCHED}},
        },
    }
}


_STATUS = {
    "too_large": (413, "Content Too Large"),
    "identity_reused": (409, "Conflict"),
    "undeclared_publisher": (403, "Forbidden"),
    "foreign_source": (403, "Forbidden"),
    "foreign_type": (403, "Forbidden"),
}


class ProblemView(BaseModel):
    """Why one event was not taken: an RFC 9457 problem, in which `index` is its place in the request."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str
    code: str
    index: int
    errors: list[dict[str, str]]


class ResultView(BaseModel):
    """What became of one event."""

    model_config = ConfigDict(frozen=True)

    index: int
    id: str | None
    status: str
    problem: ProblemView | None = None


class ResultsView(BaseModel):
    """What became of each event, in the order of the request."""

    model_config = ConfigDict(frozen=True)

    accepted: int
    refused: int
    results: list[ResultView]


class RefusalView(BaseModel):
    """Events of a source that came in and were not taken into the directory."""

    model_config = ConfigDict(frozen=True)

    source: str
    reason: str
    refused: int
    last_at: datetime


class RefusalsView(BaseModel):
    """All of them."""

    model_config = ConfigDict(frozen=True)

    items: list[RefusalView]


class ErasuresView(BaseModel):
    """Erasures whose last part, deleting messages from the stream, is outstanding."""

    model_config = ConfigDict(frozen=True)

    people: int
    messages: int
    oldest_seconds: float


@router.post("/events", status_code=202, max_body_size=BATCH_BYTES, openapi_extra=_BODY)
async def take_employee_events(
    tx: Transaction, caller: Annotated[Caller, allow("publisher")], request: Request
) -> ResultsView:
    """Hand in events about employees; the directory changes when they come back by the stream.

    202 whenever the request could be read: each event has its own result, the good ones go on, and a refused one
    has a problem with its index. A publisher speaks as the source, and of the types, that are declared for it.
    """
    taken = await take_events(tx, await _reads(request), request.app.state.publishers, caller.subject)
    accepted = sum(1 for one in taken if one.refused is None)
    return ResultsView(accepted=accepted, refused=len(taken) - accepted, results=[_result(one) for one in taken])


@router.get("/refusals")
async def list_refusals(tx: Transaction, _: Annotated[Caller, allow("operator", "platform-admin")]) -> RefusalsView:
    """Events that came in for nothing: `stale` (another source was newer), `erased`, and those of a foreign source."""
    return RefusalsView(items=[RefusalView.model_validate(row) for row in await refusals(tx)])


@router.get("/erasures")
async def get_erasures(tx: Transaction, _: Annotated[Caller, allow("operator", "platform-admin")]) -> ErasuresView:
    """For how many erased people the stream of HR's events still has messages, and for how long already."""
    return ErasuresView.model_validate((await outstanding(tx))._asdict())


async def _reads(request: Request) -> Sequence[Read]:
    body = await request.body()
    check_json(body)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _BATCH:
        return _batch(body)
    if kind == _SINGLE:
        return [partial(_structured, _parsed(body))]
    if "ce-specversion" in request.headers or "ce-id" in request.headers:
        if kind != "application/json":
            raise UnsupportedMedia
        return [partial(_binary, request, body)]
    raise UnsupportedMedia


def _batch(body: bytes) -> Sequence[Read]:
    events = _parsed(body)
    if not isinstance(events, list):
        raise Malformed("A batch is a JSON array of CloudEvents.", code="no_array")
    if len(events) > BATCH:
        raise TooLarge(BATCH_BYTES)
    return [partial(_structured, event) for event in events]


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON.", code="malformed_json") from None


def _structured(event: Any) -> CloudEvent:
    if not isinstance(event, dict) or "specversion" not in event:
        raise Undecodable("no_cloudevent")
    return from_structured(event)


def _binary(request: Request, body: bytes) -> CloudEvent:
    return decode(request.headers.get("ce-type", ""), request.headers, body)


def _result(taken: Taken) -> ResultView:
    if taken.refused is None:
        return ResultView(index=taken.index, id=taken.id, status="accepted")
    status, title = _STATUS.get(taken.refused, (422, "Unprocessable Content"))
    problem = ProblemView(
        type=f"urn:mentorship:problem:{taken.refused}",
        title=title,
        status=status,
        detail=taken.detail,
        code=taken.refused,
        index=taken.index,
        errors=[{"field": error["pointer"], "detail": error["detail"]} for error in taken.errors],
    )
    return ResultView(index=taken.index, id=taken.id, status="refused", problem=problem)
