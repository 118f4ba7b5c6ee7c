"""Sessions over HTTP: members schedule, move, call off and report on them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from chassis.http import Caller, Cursor, IfMatch, Invalid, Missing, Page, Router, Transaction, etag
from sessions import handlers
from sessions.adapters import db
from sessions.api.shapes import Employee, HoldBody, SessionView, WhenBody, session_view
from sessions.domain.refusal import Refused
from sessions.domain.session import Session, Slot, Status
from sessions.domain.times import instant_of

router = Router(tags=["sessions"])
Wanted = Annotated[Status | None, Query(description="Only those in this state.")]


@router.post("/relationships/{relationship_id}/sessions", status_code=201)
async def schedule_session(
    relationship_id: UUID, when: WhenBody, tx: Transaction, caller: Employee, request: Request, response: Response
) -> SessionView:
    """Set a date for everybody in the relationship; refused when it is past or overlaps another one of a member."""
    grace = request.app.state.missed_grace
    made = await handlers.schedule_session(tx, relationship_id, caller.subject, _slot(when), grace)
    response.headers["Location"] = f"/v1/sessions/{made.session_id}"
    return _answer(response, made)


@router.get("/relationships/{relationship_id}/sessions")
async def list_sessions(
    relationship_id: UUID, tx: Transaction, caller: Employee, cursor: Cursor, status: Wanted = None
) -> Page[SessionView]:
    """The sessions of one of the caller's relationships, by start."""
    if await db.relationship_of(tx, relationship_id, member=caller.subject) is None:
        raise Missing
    return await _listed(tx, caller, cursor, db.Filter(relationship_id, status))


@router.get("/me/sessions")
async def my_sessions(
    tx: Transaction,
    caller: Employee,
    cursor: Cursor,
    status: Wanted = None,
) -> Page[SessionView]:
    """All sessions of the caller, by start."""
    return await _listed(tx, caller, cursor, db.Filter(None, status))


@router.get("/sessions/{session_id}")
async def get_session(session_id: UUID, tx: Transaction, caller: Employee, response: Response) -> SessionView:
    """One of the caller's sessions."""
    found = await db.session_of(tx, session_id, member=caller.subject)
    if found is None:
        raise Missing
    return _answer(response, found)


@router.post("/sessions/{session_id}/reschedule")
async def reschedule_session(
    session_id: UUID,
    when: WhenBody,
    tx: Transaction,
    caller: Employee,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> SessionView:
    """Move a session that has not begun to another date."""
    grace = request.app.state.missed_grace
    slot = _slot(when)
    moved = await handlers.reschedule_session(tx, session_id, caller.subject, slot, grace=grace, expected=if_match)
    return _answer(response, moved)


@router.post("/sessions/{session_id}/cancel")
async def cancel_session(
    session_id: UUID, tx: Transaction, caller: Employee, if_match: IfMatch, response: Response
) -> SessionView:
    """Call off a session that has not begun."""
    return _answer(response, await handlers.cancel_session(tx, session_id, caller.subject, expected=if_match))


@router.post("/sessions/{session_id}/hold")
async def hold_session(
    session_id: UUID,
    tx: Transaction,
    caller: Employee,
    if_match: IfMatch,
    response: Response,
    report: HoldBody | None = None,
) -> SessionView:
    """Say that a session took place, from its start on until it counts as missed."""
    attended = report.attended if report else None
    held = await handlers.hold_session(tx, session_id, caller.subject, attended, expected=if_match)
    return _answer(response, held)


async def _listed(tx: Transaction, caller: Caller, cursor: Cursor, wanted: db.Filter) -> Page[SessionView]:
    rows = await db.sessions_with(tx, caller.subject, wanted, after=cursor.after(datetime, UUID), limit=cursor.fetch)
    return cursor.page(rows, key=lambda row: (row.slot.starts_at, row.session_id), item=session_view)


def _answer(response: Response, session: Session) -> SessionView:
    response.headers["ETag"] = etag(session.version)
    return session_view(session)


def _slot(when: WhenBody) -> Slot:
    try:
        starts_at = instant_of(when.local_start, when.timezone, when.occurrence)
    except Refused as refused:
        raise Invalid("local_start", refused.detail) from None
    return Slot(starts_at=starts_at, timezone=when.timezone, duration_minutes=when.duration_minutes)
