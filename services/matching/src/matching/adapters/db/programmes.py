"""Programmes and participants."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, Row, Select, and_, insert, literal, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import direct
from chassis.transaction import Tx
from contracts.matching import Role
from matching.adapters.db.tables import participant, programme
from matching.domain.enrolment import EnrolmentPolicy
from matching.domain.participants import Participant, Wants
from matching.domain.programmes import Programme
from matching.domain.rules import Rules

_WANTS = [field.name for field in fields(Wants)]
_PLACE = [field.name for field in fields(Participant) if field.name != "wants"]
_OF_ROW, _OF_RECORD = attrgetter(*_PLACE, *_WANTS), itemgetter(*_PLACE, *_WANTS)
_PAGE = 5000
"""People who are held as rows at once."""


async def add_programme(tx: Tx, new: Programme) -> None:
    """Store a new programme."""
    await tx.connection.execute(insert(programme).values(**_programme_values(new), created_at=tx.now))


async def save_programme(tx: Tx, changed: Programme) -> None:
    """Store what has changed."""
    statement = update(programme).where(programme.c.id == changed.id).values(**_programme_values(changed))
    await tx.connection.execute(statement)


async def find_programme(tx: Tx, programme_id: UUID, *, lock: bool = False, keep: bool = False) -> Programme | None:
    """The programme; locked against changes of others (`lock`), or so that it stays as it is (`keep`)."""
    statement = select(programme).where(programme.c.id == programme_id)
    if lock or keep:
        statement = statement.with_for_update(read=keep)
    row = (await tx.connection.execute(statement)).first()
    return None if row is None else programme_of(row)


async def programmes_seen_by(
    tx: Tx, *, everything: bool, owner_id: str, after: tuple[datetime, UUID] | None, limit: int
) -> list[tuple[Programme, datetime]]:
    """Programmes, newest first, with when they were made: all, or those that are open to everybody and one's own."""
    statement = select(programme)
    if not everything:
        statement = statement.where(or_(programme.c.owner_id == owner_id, programme.c.status != "draft"))
    if after is not None:
        statement = statement.where(
            tuple_(programme.c.created_at, programme.c.id) < tuple_(literal(after[0]), literal(after[1]))
        )
    statement = statement.order_by(programme.c.created_at.desc(), programme.c.id.desc()).limit(limit)
    return [(programme_of(row), row.created_at) for row in await tx.connection.execute(statement)]


async def save_participant(tx: Tx, changed: Participant) -> None:
    """Store a participant, new or changed."""
    await save_participants(tx, [changed])


async def save_participants(tx: Tx, changed: Sequence[Participant]) -> None:
    """Store participants, new or changed."""
    if changed:
        await tx.connection.execute(_SAVE_PLACE, [_place_values(one) for one in changed])


async def find_participant(tx: Tx, programme_id: UUID, employee_id: str, *, lock: bool = False) -> Participant | None:
    """One person's place in one programme."""
    statement = select(participant).where(
        and_(participant.c.programme_id == programme_id, participant.c.employee_id == employee_id)
    )
    if lock:
        statement = statement.with_for_update()
    row = (await tx.connection.execute(statement)).first()
    return None if row is None else participant_of(row)


async def participants_page(
    tx: Tx, programme_id: UUID, after: str | None, limit: int, status: str | None = None
) -> list[Participant]:
    """Those who take part or wait to, by employee id."""
    statement = _present(participant.c.programme_id == programme_id).order_by(participant.c.employee_id).limit(limit)
    if status is not None:
        statement = statement.where(participant.c.status == status)
    if after is not None:
        statement = statement.where(participant.c.employee_id > after)
    return [participant_of(row) for row in await tx.connection.execute(statement)]


async def lock_participants(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Participant]:
    """These participants, locked in the order of their ids."""
    records = await direct.fetch(tx.connection, _LOCK, list(ids))
    return {record["id"]: participant_of_record(record) for record in records}


async def lock_places_of(tx: Tx, employee_ids: Collection[str]) -> list[Participant]:
    """Everything that these people take part in or wait for, locked in the order of ids."""
    statement = (
        _present(participant.c.employee_id.in_(sorted(employee_ids))).order_by(participant.c.id).with_for_update()
    )
    return [participant_of(row) for row in await tx.connection.execute(statement)]


async def participants_with_records(tx: Tx, programme_id: UUID) -> AsyncIterator[tuple[Participant, dict[str, Any]]]:
    """All who take part and are employed now, by employee id, with their records and whether they are `trained`."""
    async for page in direct.pages(tx.connection, _WITH_RECORDS, programme_id, tx.now.date(), size=_PAGE):
        for record in page:
            yield participant_of_record(record), record["document"]


async def bump_participants(tx: Tx, changed: Sequence[Participant]) -> None:
    """Store new versions of many participants."""
    await tx.connection.execute(
        text(
            "UPDATE participant SET version = row.version"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS bigint[])) AS row (id, version)"
            " WHERE participant.id = row.id"
        ),
        {"ids": [one.id for one in changed], "versions": [one.version for one in changed]},
    )


async def places_in_use(tx: Tx, participant_ids: Collection[UUID]) -> dict[tuple[UUID, Role], int]:
    """Places taken by (participant, role): active matches, and offers that they have accepted."""
    rows = await tx.connection.execute(_IN_USE, {"ids": list(participant_ids)})
    return {(row.participant_id, row.role): row.places for row in rows}


async def places_promised(tx: Tx, programme_id: UUID) -> dict[tuple[UUID, Role], int]:
    """Places taken or on offer in a programme, by (participant, role)."""
    rows = await tx.connection.execute(_PROMISED, {"programme_id": programme_id})
    return {(row.participant_id, row.role): row.places for row in rows}


def _enrolled(where: ColumnElement[bool]) -> Select[Any]:
    return select(participant).where(and_(where, participant.c.status == "enrolled"))


def _present(where: ColumnElement[bool]) -> Select[Any]:
    return select(participant).where(and_(where, participant.c.status != "withdrawn"))


def _programme_values(given: Programme) -> dict[str, Any]:
    values: dict[str, Any] = {field.name: getattr(given, field.name) for field in fields(Programme)}
    return values | {
        "rules": given.rules.model_dump(mode="json"),
        "enrolment": given.enrolment.model_dump(mode="json"),
        "reminder_minutes": list(given.reminder_minutes),
    }


def programme_of(row: Row[Any]) -> Programme:
    """The programme of a row of that table."""
    values: dict[str, Any] = {field.name: getattr(row, field.name) for field in fields(Programme)}
    rules, enrolment = Rules.model_validate(row.rules), EnrolmentPolicy.model_validate(row.enrolment)
    return Programme(
        **values | {"rules": rules, "enrolment": enrolment, "reminder_minutes": tuple(row.reminder_minutes)}
    )


def participant_of(row: Row[Any]) -> Participant:
    """The participant of a row of that table."""
    return _participant(_OF_ROW(row))


def participant_of_record(record: asyncpg.Record) -> Participant:
    """The same of a row that comes straight from asyncpg."""
    return _participant(_OF_RECORD(record))


def _participant(values: tuple[Any, ...]) -> Participant:
    found: list[Any] = [tuple(value) if isinstance(value, list) else value for value in values]
    wants = Wants(**dict(zip(_WANTS, found[len(_PLACE) :], strict=True)))
    return Participant(wants=wants, **dict(zip(_PLACE, found, strict=False)))


def _place_values(place: Participant) -> dict[str, Any]:
    wants = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(place.wants).items()}
    return wants | {name: getattr(place, name) for name in _PLACE}


_NEW_PLACE = upsert(participant)
_SAVE_PLACE = _NEW_PLACE.on_conflict_do_update(
    index_elements=["id"], set_={name: _NEW_PLACE.excluded[name] for name in (*_PLACE, *_WANTS)}
)
_LOCK = "SELECT * FROM participant WHERE id = ANY($1) ORDER BY id FOR UPDATE"
_WITH_RECORDS = (
    "SELECT participant.*, employee.document || jsonb_build_object('trained', COALESCE(done_on <= $2, false))"
    " AS document FROM participant JOIN employee USING (employee_id) LEFT JOIN training USING (employee_id)"
    " WHERE programme_id = $1 AND participant.status = 'enrolled' AND employee.status = 'active'"
    " ORDER BY employee_id"
)
_IN_USE = text(
    "SELECT participant_id, role, count(*) AS places FROM match_member JOIN match ON match.id = match_id"
    " WHERE participant_id = ANY(:ids) AND (status = 'active' OR (status = 'proposed' AND answer = 'accepted'))"
    " GROUP BY participant_id, role"
)
_PROMISED = text(
    "SELECT participant_id, role, count(*) AS places FROM match_member JOIN match ON match.id = match_id"
    " WHERE programme_id = :programme_id AND status IN ('proposed', 'active') GROUP BY participant_id, role"
)
