"""Participants over HTTP: people themselves, or who runs the programme for them."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import Path, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from chassis.http import Body, Caller, Cursor, IfMatch, Invalid, Page, Router, Transaction, allow, etag
from chassis.ids import uuid7
from contracts.matching import Role
from contracts.words import EmployeeId
from matching.adapters.db.programmes import participants_page
from matching.domain.programmes import Participant, Wants
from matching.domain.refusal import BadValue
from matching.handlers import participants as handlers
from matching.handlers.programmes import managed_programme

router = Router(prefix="/programmes/{programme_id}/participants", tags=["participants"])

Somebody = Annotated[Caller, allow("employee", "programme-manager", "platform-admin")]
Manager = Annotated[Caller, allow("programme-manager", "platform-admin")]
EmployeeInPath = Annotated[EmployeeId, Path(description="The company's own id of the employee.")]


def _printable(word: str) -> str:
    if not word.isprintable() or not word.strip():
        raise ValueError("is not one line of printable text")
    return word


Word = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
Words = Annotated[tuple[Word, ...], Field(max_length=100)]


class ParticipantBody(Body):
    """How somebody takes part."""

    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=3)]
    capacity: Annotated[int, Field(ge=1, le=50, description="Mentees at once, as a mentor.")] = 1
    skills_wanted: Words = ()
    skills_offered: Annotated[Words, Field(description="Empty: the skills that HR knows of.")] = ()
    goals: Words = ()
    wishes: Annotated[tuple[EmployeeId, ...], Field(max_length=10, description="Dearest first.")] = ()
    blocks: Annotated[tuple[EmployeeId, ...], Field(max_length=1000)] = ()


class ParticipantView(BaseModel):
    """Somebody's place in a programme."""

    model_config = ConfigDict(frozen=True)

    participant_id: UUID
    programme_id: UUID
    employee_id: str
    version: int
    roles: tuple[Role, ...]
    capacity: int
    skills_wanted: tuple[str, ...]
    skills_offered: tuple[str, ...]
    goals: tuple[str, ...]
    wishes: tuple[str, ...]
    blocks: tuple[str, ...]


def view_of(participant: Participant) -> ParticipantView:
    """What its own person, and who runs the programme, see of a place."""
    return ParticipantView(
        participant_id=participant.id,
        programme_id=participant.programme_id,
        employee_id=participant.employee_id,
        version=participant.version,
        **asdict(participant.wants),
    )


@router.put("/{employee_id}", responses={201: {"model": ParticipantView, "description": "Newly enrolled."}})
async def put_participant(
    tx: Transaction,
    caller: Somebody,
    programme_id: UUID,
    employee_id: EmployeeInPath,
    body: ParticipantBody,
    if_match: IfMatch,
    response: Response,
) -> ParticipantView:
    """Enrol, or change how somebody takes part."""
    wants = Wants(**{**body.model_dump(), "roles": _ordered(body.roles)})
    new_id = uuid7()
    try:
        place = await handlers.enrol_participant(tx, caller, programme_id, employee_id, wants, if_match, new_id)
    except BadValue as error:
        raise Invalid(error.field, error.detail) from error
    if place.id == new_id:
        response.status_code = 201
    return _shown(place, response)


@router.get("/{employee_id}")
async def get_participant(
    tx: Transaction, caller: Somebody, programme_id: UUID, employee_id: EmployeeInPath, response: Response
) -> ParticipantView:
    """One place."""
    return _shown(await handlers.visible_participant(tx, caller, programme_id, employee_id), response)


@router.delete("/{employee_id}", status_code=204)
async def delete_participant(
    tx: Transaction, caller: Somebody, programme_id: UUID, employee_id: EmployeeInPath, if_match: IfMatch
) -> None:
    """Withdraw: open offers and active matches in this programme end."""
    await handlers.leave_programme(tx, caller, programme_id, employee_id, if_match)


@router.get("")
async def list_participants(
    tx: Transaction, caller: Manager, programme_id: UUID, cursor: Cursor
) -> Page[ParticipantView]:
    """Everybody who takes part, by employee id."""
    await managed_programme(tx, caller, programme_id)
    after = cursor.after(str)
    found = await participants_page(tx, programme_id, after[0] if after else None, cursor.fetch)
    return cursor.page(found, key=lambda place: (place.employee_id,), item=view_of)


def _shown(place: Participant, response: Response) -> ParticipantView:
    response.headers["ETag"] = etag(place.version)
    return view_of(place)


def _ordered(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    return tuple(sorted(set(roles)))
