"""Programmes over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.http import Body, Caller, Cursor, IfMatch, Invalid, Page, Router, Transaction, etag
from chassis.ids import uuid7
from contracts.matching import Format
from contracts.words import EmployeeId, Reminders, UtcDatetime
from matching.adapters.db.programmes import programmes_seen_by
from matching.api.fields import Anybody, Manager, naming_the_field
from matching.domain.enrolment import EnrolmentPolicy
from matching.domain.programmes import Programme, ProgrammeStatus
from matching.domain.rules import Rules
from matching.domain.templates import TemplateKey, from_template
from matching.handlers import programmes as handlers

router = Router(prefix="/programmes", tags=["programmes"])

Duration = Annotated[float, Field(ge=0, le=366 * 86_400)]


class ProgrammeBody(Body):
    """A new programme. Who makes it owns it; a platform administrator may name another owner.

    With a template, what is not named here is the template's; of the rules each field, the weights being one.
    """

    template: TemplateKey | None = None
    name: Annotated[str | None, Field(min_length=1, max_length=200, description="Needed without a template.")] = None
    format: Format = "one_on_one"
    owner_id: EmployeeId | None = None
    rules: Rules = Rules()
    enrolment: EnrolmentPolicy = EnrolmentPolicy()
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
    template: str | None
    rules: Rules
    rules_version: int
    rules_digest: str
    enrolment: EnrolmentPolicy
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
        template=programme.template,
        rules=programme.rules,
        rules_version=programme.rules_version,
        rules_digest=programme.rules.digest,
        enrolment=programme.enrolment,
        respond_within_seconds=programme.respond_within_seconds,
        remind_before_seconds=programme.remind_before_seconds,
        reminder_minutes=programme.reminder_minutes,
        starts_on=programme.starts_on,
        ends_on=programme.ends_on,
    )


@router.post("", status_code=201)
async def make_programme(tx: Transaction, caller: Manager, body: ProgrammeBody, response: Response) -> ProgrammeView:
    """Make a programme, as a draft."""
    with naming_the_field():
        programme = await handlers.make_programme(tx, caller, _drafted(caller, body))
    response.headers["Location"] = f"/v1/programmes/{programme.id}"
    return shown(programme, response)


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
    return shown(await handlers.visible_programme(tx, caller, programme_id), response)


@router.post("/{programme_id}/open")
async def open_programme(
    tx: Transaction, caller: Manager, programme_id: UUID, if_match: IfMatch, response: Response
) -> ProgrammeView:
    """Open it: people can enrol, runs can be made."""
    return shown(await handlers.open_enrolment(tx, caller, programme_id, if_match), response)


@router.post("/{programme_id}/close")
async def close_programme(
    tx: Transaction, caller: Manager, programme_id: UUID, if_match: IfMatch, response: Response
) -> ProgrammeView:
    """Close it: open offers end, active matches go on."""
    return shown(await handlers.end_programme(tx, caller, programme_id, if_match), response)


@router.put("/{programme_id}/enrolment")
async def put_enrolment(
    tx: Transaction, caller: Manager, programme_id: UUID, body: EnrolmentPolicy, if_match: IfMatch, response: Response
) -> ProgrammeView:
    """Change how people come in: places, known skills, enrolment by rule. Nobody who takes part loses their place."""
    with naming_the_field():
        return shown(await handlers.set_enrolment(tx, caller, programme_id, body, if_match), response)


@router.put("/{programme_id}/rules")
async def put_rules(
    tx: Transaction, caller: Manager, programme_id: UUID, body: Rules, if_match: IfMatch, response: Response
) -> ProgrammeView:
    """Other rules from now on, as the next version; runs that were asked for keep the version of that time."""
    with naming_the_field():
        return shown(await handlers.set_rules(tx, caller, programme_id, body, if_match), response)


def shown(programme: Programme, response: Response) -> ProgrammeView:
    """A programme with its entity tag."""
    response.headers["ETag"] = etag(programme.version)
    return view_of(programme)


def _drafted(caller: Caller, body: ProgrammeBody) -> Programme:
    if body.owner_id not in {None, caller.subject} and not caller.has("platform-admin"):
        raise Invalid("owner_id", "Only a platform administrator makes programmes for others.")
    if body.starts_on and body.ends_on and body.ends_on <= body.starts_on:
        raise Invalid("ends_on", "Must be after starts_on.")
    name = body.name
    if name is None and body.template is None:
        raise Invalid("name", "A programme without a template needs a name.")
    if name is not None and (not name.isprintable() or not name.strip()):
        raise Invalid("name", "Must be one line of printable text.")
    programme = Programme(
        id=uuid7(),
        name=name or "",
        format=body.format,
        owner_id=body.owner_id or caller.subject,
        rules=body.rules,
        enrolment=body.enrolment,
        respond_within_seconds=body.respond_within_seconds,
        remind_before_seconds=body.remind_before_seconds,
        reminder_minutes=tuple(body.reminder_minutes),
        starts_on=body.starts_on,
        ends_on=body.ends_on,
    )
    if body.template is None:
        return programme
    return from_template(body.template, programme, frozenset(body.model_fields_set) - ({"name"} if not name else set()))
