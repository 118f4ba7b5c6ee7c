"""Programmes over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.http import Body, Caller, Cursor, IfMatch, Invalid, Page, Router, Transaction, allow, etag
from chassis.ids import uuid7
from contracts.matching import Format
from contracts.words import EmployeeId, Reminders, UtcDatetime
from matching.adapters.db.programmes import programmes_seen_by
from matching.domain.programmes import Programme, ProgrammeStatus
from matching.domain.refusal import BadValue
from matching.domain.rules import Rules
from matching.handlers import programmes as handlers

router = Router(prefix="/programmes", tags=["programmes"])

Manager = Annotated[Caller, allow("programme-manager", "platform-admin")]
Anybody = Annotated[Caller, allow("employee", "programme-manager", "platform-admin")]
Duration = Annotated[float, Field(ge=0, le=366 * 86_400)]


class ProgrammeBody(Body):
    """A new programme. Who makes it owns it; a platform administrator may name another owner."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    format: Format = "one_on_one"
    owner_id: EmployeeId | None = None
    rules: Rules = Rules()
    respond_within_seconds: Annotated[Duration, Field(gt=0)] = 7 * 86_400
    remind_before_seconds: Duration = 86_400
    reminder_minutes: Reminders = (1440, 60)
    starts_on: UtcDatetime | None = None
    ends_on: UtcDatetime | None = None


class ProgrammeView(BaseModel):
    """A programme as its people see it."""

    model_config = ConfigDict(frozen=True)

    programme_id: UUID
    version: int
    name: str
    format: Format
    status: ProgrammeStatus
    owner_id: str
    rules: Rules
    rules_digest: str
    respond_within_seconds: float
    remind_before_seconds: float
    reminder_minutes: tuple[float, ...]
    starts_on: datetime | None
    ends_on: datetime | None


def view_of(programme: Programme) -> ProgrammeView:
    """What is shown of a programme."""
    return ProgrammeView(
        programme_id=programme.id,
        version=programme.version,
        name=programme.name,
        format=programme.format,
        status=programme.status,
        owner_id=programme.owner_id,
        rules=programme.rules,
        rules_digest=programme.rules.digest,
        respond_within_seconds=programme.respond_within_seconds,
        remind_before_seconds=programme.remind_before_seconds,
        reminder_minutes=programme.reminder_minutes,
        starts_on=programme.starts_on,
        ends_on=programme.ends_on,
    )


@router.post("", status_code=201)
async def make_programme(tx: Transaction, caller: Manager, body: ProgrammeBody, response: Response) -> ProgrammeView:
    """Make a programme, as a draft."""
    programme = await handlers.make_programme(tx, _drafted(caller, body))
    response.headers["Location"] = f"/v1/programmes/{programme.id}"
    return _shown(programme, response)


@router.get("")
async def list_programmes(tx: Transaction, caller: Anybody, cursor: Cursor) -> Page[ProgrammeView]:
    """Programmes, newest first: everybody's that are or were open, and one's own drafts."""
    everything = caller.has("platform-admin")
    owner = caller.subject if caller.has("programme-manager") else ""
    after = cursor.after(UtcDatetime, UUID)
    found = await programmes_seen_by(
        tx, everything=everything, owner_id=owner, after=(after[0], after[1]) if after else None, limit=cursor.fetch
    )
    return cursor.page(found, key=lambda row: (row[1], row[0].id), item=lambda row: view_of(row[0]))


@router.get("/{programme_id}")
async def get_programme(tx: Transaction, caller: Anybody, programme_id: UUID, response: Response) -> ProgrammeView:
    """One programme."""
    return _shown(await handlers.visible_programme(tx, caller, programme_id), response)


@router.post("/{programme_id}/open")
async def open_programme(
    tx: Transaction, caller: Manager, programme_id: UUID, if_match: IfMatch, response: Response
) -> ProgrammeView:
    """Open it: people can enrol, runs can be made."""
    return _shown(await handlers.open_enrolment(tx, caller, programme_id, if_match), response)


@router.post("/{programme_id}/close")
async def close_programme(
    tx: Transaction, caller: Manager, programme_id: UUID, if_match: IfMatch, response: Response
) -> ProgrammeView:
    """Close it: open offers end, active matches go on."""
    return _shown(await handlers.end_programme(tx, caller, programme_id, if_match), response)


def _shown(programme: Programme, response: Response) -> ProgrammeView:
    response.headers["ETag"] = etag(programme.version)
    return view_of(programme)


def _drafted(caller: Caller, body: ProgrammeBody) -> Programme:
    if body.owner_id not in {None, caller.subject} and not caller.has("platform-admin"):
        raise Invalid("owner_id", "Only a platform administrator makes programmes for others.")
    if body.starts_on and body.ends_on and body.ends_on <= body.starts_on:
        raise Invalid("ends_on", "Must be after starts_on.")
    if not body.name.isprintable() or not body.name.strip():
        raise Invalid("name", "Must be one line of printable text.")
    try:
        body.rules.must_suit(body.format)
    except BadValue as error:
        raise Invalid(error.field, error.detail) from error
    return Programme(
        id=uuid7(),
        name=body.name,
        format=body.format,
        owner_id=body.owner_id or caller.subject,
        rules=body.rules,
        respond_within_seconds=body.respond_within_seconds,
        remind_before_seconds=body.remind_before_seconds,
        reminder_minutes=tuple(body.reminder_minutes),
        starts_on=body.starts_on,
        ends_on=body.ends_on,
    )
