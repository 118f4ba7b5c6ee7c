"""Matches over HTTP: for their members, and for who runs their programme."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict

from chassis.http import Body, Cursor, IfMatch, Page, Router, Transaction, etag
from contracts.matching import Format, MatchStatus, Role
from contracts.words import UtcDatetime
from matching.adapters.db.matches import contributions_of, matches_of
from matching.api.fields import Anybody, Member
from matching.domain.offers import Answer, DeclineReason, Match, Origin
from matching.handlers import offering
from matching.handlers import offers as handlers

router = Router(tags=["matches"])


class DeclineBody(Body):
    """Why not, as a class of reason; nobody has to say."""

    reason: DeclineReason = "unsaid"


class EndBody(Body):
    """Why it is over, as a class of reason; nobody has to say."""

    reason: Literal["completed", "not_a_fit", "unsaid"] = "unsaid"


class SideView(BaseModel):
    """One member and their answer."""

    model_config = ConfigDict(frozen=True)

    employee_id: str
    role: Role
    answer: Answer


class MatchView(BaseModel):
    """A match as it stands."""

    model_config = ConfigDict(frozen=True)

    match_id: UUID
    programme_id: UUID
    run_id: UUID | None
    version: int
    format: Format
    status: MatchStatus
    members: list[SideView]
    outstanding: tuple[str, ...]
    score: int
    proposed_at: datetime
    respond_by: datetime
    origin: Origin


class ExplainedMatch(MatchView):
    """A match with what each criterion contributes; the contributions add up to the score exactly."""

    contributions: dict[str, int]


@router.get("/me/matches")
async def my_matches(tx: Transaction, caller: Member, cursor: Cursor) -> Page[MatchView]:
    """The caller's own matches, newest first."""
    after = cursor.after(UtcDatetime, UUID)
    found = await matches_of(tx, caller.subject, (after[0], after[1]) if after else None, cursor.fetch)
    return cursor.page(found, key=lambda match: (match.proposed_at, match.id), item=view_of)


@router.get("/matches/{match_id}")
async def get_match(tx: Transaction, caller: Anybody, match_id: UUID, response: Response) -> ExplainedMatch:
    """A match and why it was proposed."""
    match = await handlers.visible_match(tx, caller, match_id)
    response.headers["ETag"] = etag(match.version)
    return ExplainedMatch(**view_of(match).model_dump(), contributions=await contributions_of(tx, match_id))


@router.post("/matches/{match_id}/accept")
async def accept_match(
    tx: Transaction, caller: Member, match_id: UUID, if_match: IfMatch, response: Response
) -> MatchView:
    """Say yes; when everybody has, the match is active."""
    return shown(await handlers.accept_offer(tx, caller, match_id, if_match), response)


@router.post("/matches/{match_id}/decline")
async def decline_match(
    tx: Transaction,
    caller: Member,
    match_id: UUID,
    if_match: IfMatch,
    response: Response,
    body: DeclineBody | None = None,
) -> MatchView:
    """Say no."""
    reason = (body or DeclineBody()).reason
    return shown(await handlers.decline_offer(tx, caller, match_id, reason, if_match), response)


@router.post("/matches/{match_id}/end")
async def end_match(
    tx: Transaction,
    caller: Anybody,
    match_id: UUID,
    if_match: IfMatch,
    response: Response,
    body: EndBody | None = None,
) -> MatchView:
    """End an offer or an active match, as a member or as who runs the programme."""
    reason = (body or EndBody()).reason
    return shown(await handlers.end_match(tx, caller, match_id, reason, if_match), response)


@router.post("/matches/{match_id}/rematch")
async def rematch_mentee(
    tx: Transaction, caller: Anybody, match_id: UUID, if_match: IfMatch, response: Response
) -> MatchView:
    """End a match that does not fit; its mentee is offered the next best mentor, never the same again."""
    seen = await handlers.visible_match(tx, caller, match_id)
    return shown(await offering.rematch(tx, seen, if_match), response)


def view_of(match: Match) -> MatchView:
    """What is shown of a match."""
    return MatchView(
        match_id=match.id,
        programme_id=match.programme_id,
        run_id=match.run_id,
        version=match.version,
        format=match.format,
        status=match.status,
        members=[SideView(employee_id=s.employee_id, role=s.role, answer=s.answer) for s in match.sides],
        outstanding=match.outstanding,
        score=match.score,
        proposed_at=match.proposed_at,
        respond_by=match.respond_by,
        origin=match.origin,
    )


def shown(match: Match, response: Response) -> MatchView:
    """A match as an answer, with its version as the ETag."""
    response.headers["ETag"] = etag(match.version)
    return view_of(match)
