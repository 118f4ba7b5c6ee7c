"""Participants over HTTP: people themselves, or who runs the programme for them."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.http import Body, Cursor, IfMatch, Page, Router, Transaction, etag
from chassis.ids import uuid7
from contracts.matching import Arm, Role
from contracts.words import EmployeeId, UtcDatetime
from matching.adapters.db.programmes import participants_page
from matching.api.fields import Anybody, EmployeeInPath, Manager, Word, Words, naming_the_field
from matching.domain.participants import Meeting, Participant, Wants
from matching.domain.people import MOST_BLOCKS, MOST_WISHES
from matching.handlers import participants as handlers
from matching.handlers.programmes import managed_programme

router = Router(prefix="/programmes/{programme_id}/participants", tags=["participants"])

BODY_BYTES = 1 << 20
"""Ten thousand people on a block list fit in."""

Ranked = Annotated[tuple[EmployeeId, ...], Field(max_length=MOST_WISHES)]
Presence = Literal["enrolled", "waitlisted"]


class ParticipantBody(Body):
    """How somebody takes part."""

    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=3)]
    capacity: Annotated[int, Field(ge=1, le=50, description="Mentees at once, as a mentor.")] = 1
    skills_wanted: Words = ()
    skills_offered: Annotated[Words, Field(description="Empty: the skills that HR knows of.")] = ()
    goals: Words = ()
    interests: Annotated[Words, Field(description="Empty: the interests that HR knows of.")] = ()
    style: Annotated[Word | None, Field(description="Of mentoring, in a word of the organisation's own.")] = None
    meeting: Meeting | None = None
    wishes: Annotated[Ranked, Field(description="Whom one would like, dearest first.")] = ()
    mentee_wishes: Annotated[Ranked, Field(description="As a mentor; empty: `wishes` counts there too.")] = ()
    blocks: Annotated[tuple[EmployeeId, ...], Field(max_length=MOST_BLOCKS)] = ()


class PauseBody(Body):
    """Until when somebody takes nobody new; null: until they resume."""

    until: UtcDatetime | None = None


class ParticipantView(BaseModel):
    """Somebody's place in a programme, or on its waiting list."""

    model_config = ConfigDict(frozen=True)

    participant_id: UUID
    programme_id: UUID
    employee_id: str
    version: int
    status: Presence
    waiting_since: datetime | None
    paused: bool
    paused_until: datetime | None
    arm: Arm | None
    by_rule: bool
    roles: tuple[Role, ...]
    capacity: int
    skills_wanted: tuple[str, ...]
    skills_offered: tuple[str, ...]
    unrecognised: tuple[str, ...]
    goals: tuple[str, ...]
    interests: tuple[str, ...]
    style: str | None
    meeting: Meeting | None
    wishes: tuple[str, ...]
    mentee_wishes: tuple[str, ...]
    blocks: tuple[str, ...]


def view_of(tx: Transaction, place: Participant) -> ParticipantView:
    """What its own person, and who runs the programme, see of a place; `unrecognised` are words, not known skills."""
    return ParticipantView(
        participant_id=place.id,
        unrecognised=handlers.unrecognised_skills(tx, place.wants),
        **{name: getattr(place, name) for name in _OF_PLACE},
        **asdict(place.wants),
    )


_OF_PLACE = (
    "programme_id",
    "employee_id",
    "version",
    "status",
    "waiting_since",
    "paused",
    "paused_until",
    "arm",
    "by_rule",
)


@router.put(
    "/{employee_id}",
    max_body_size=BODY_BYTES,
    responses={201: {"model": ParticipantView, "description": "Newly enrolled, or newly on the waiting list."}},
)
async def put_participant(
    tx: Transaction,
    caller: Anybody,
    programme_id: UUID,
    employee_id: EmployeeInPath,
    body: ParticipantBody,
    if_match: IfMatch,
    response: Response,
) -> ParticipantView:
    """Enrol, or change how somebody takes part. Where no place is free they wait for one: see `status`."""
    wants = Wants(**{**body.model_dump(), "roles": _ordered(body.roles)})
    new_id = uuid7()
    with naming_the_field():
        place = await handlers.enrol_participant(tx, caller, programme_id, employee_id, wants, if_match, new_id)
    if place.id == new_id:
        response.status_code = 201
    return _shown(tx, place, response)


@router.get("/{employee_id}")
async def get_participant(
    tx: Transaction, caller: Anybody, programme_id: UUID, employee_id: EmployeeInPath, response: Response
) -> ParticipantView:
    """One place."""
    return _shown(tx, await handlers.visible_participant(tx, caller, programme_id, employee_id), response)


@router.delete("/{employee_id}", status_code=204)
async def delete_participant(
    tx: Transaction, caller: Anybody, programme_id: UUID, employee_id: EmployeeInPath, if_match: IfMatch
) -> None:
    """Withdraw: open offers and active matches in this programme end, and no rule enrols this person again."""
    await handlers.leave_programme(tx, caller, programme_id, employee_id, if_match)


@router.put("/{employee_id}/pause")
async def put_pause(
    tx: Transaction,
    caller: Anybody,
    programme_id: UUID,
    employee_id: EmployeeInPath,
    body: PauseBody,
    if_match: IfMatch,
    response: Response,
) -> ParticipantView:
    """Take nobody new for a while; offers that are open and matches that are active go on."""
    with naming_the_field():
        place = await handlers.pause_participant(tx, caller, programme_id, employee_id, body.until, if_match)
    return _shown(tx, place, response)


@router.delete("/{employee_id}/pause")
async def delete_pause(
    tx: Transaction,
    caller: Anybody,
    programme_id: UUID,
    employee_id: EmployeeInPath,
    if_match: IfMatch,
    response: Response,
) -> ParticipantView:
    """Resume."""
    return _shown(tx, await handlers.resume_participant(tx, caller, programme_id, employee_id, if_match), response)


@router.get("")
async def list_participants(
    tx: Transaction,
    caller: Manager,
    programme_id: UUID,
    cursor: Cursor,
    status: Annotated[Presence | None, Query(description="Only those who take part, or only those who wait.")] = None,
) -> Page[ParticipantView]:
    """Everybody who takes part or waits to, by employee id."""
    await managed_programme(tx, caller, programme_id)
    after = cursor.after(str)
    found = await participants_page(tx, programme_id, after[0] if after else None, cursor.fetch, status)
    return cursor.page(found, key=lambda place: (place.employee_id,), item=lambda place: view_of(tx, place))


def _shown(tx: Transaction, place: Participant, response: Response) -> ParticipantView:
    response.headers["ETag"] = etag(place.version)
    return view_of(tx, place)


def _ordered(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    return tuple(sorted(set(roles)))
