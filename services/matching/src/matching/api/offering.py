"""Offers beside runs, over HTTP: recommendations, asking a mentor, how a programme does it, taking over partners."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from chassis.http import Body, IfMatch, Router, Transaction, etag
from contracts.words import EmployeeId, no_bool
from matching.adapters.db.policies import policy_of
from matching.api.fields import Anybody, Manager, Member, naming_the_field
from matching.api.matches import MatchView, shown
from matching.domain.cascade import OfferPolicy
from matching.handlers import offering, pairings, recommending
from matching.handlers.programmes import visible_programme

router = Router(prefix="/programmes/{programme_id}", tags=["offers"])


class PolicyBody(Body):
    """How a programme makes offers beside its runs."""

    cascade_limit: Annotated[int, Field(ge=0, le=20), BeforeValidator(no_bool)] = 3
    self_match: bool = False


class PolicyView(BaseModel):
    """The same as it is in force."""

    model_config = ConfigDict(frozen=True)

    programme_id: UUID
    version: int
    cascade_limit: int
    self_match: bool


class SuggestionView(BaseModel):
    """A mentor with a free place; `contributions` add up to `score` exactly."""

    model_config = ConfigDict(frozen=True)

    mentor_id: str
    score: int
    contributions: dict[str, int]


class SuggestionsView(BaseModel):
    """The best of them, the best first."""

    model_config = ConfigDict(frozen=True)

    items: list[SuggestionView]


class RequestBody(Body):
    """Whom the caller wants to learn from."""

    mentor_id: EmployeeId


class PairingBody(Body):
    """Two who are partners already; among peers in either order."""

    mentee_id: EmployeeId
    mentor_id: EmployeeId


class PairingsBody(Body):
    """Partners to be taken over."""

    pairs: Annotated[tuple[PairingBody, ...], Field(min_length=1, max_length=pairings.AT_ONCE)]


class PairingView(BaseModel):
    """What became of one pair: a match, or why not."""

    model_config = ConfigDict(frozen=True)

    index: int
    status: str
    match_id: UUID | None
    field: str | None
    detail: str | None


class PairingsView(BaseModel):
    """What became of each pair, in the order of the request."""

    model_config = ConfigDict(frozen=True)

    created: int
    refused: int
    results: list[PairingView]


@router.get("/offer-policy")
async def get_offer_policy(tx: Transaction, caller: Anybody, programme_id: UUID, response: Response) -> PolicyView:
    """How a programme makes offers beside its runs."""
    await visible_programme(tx, caller, programme_id)
    return _policy(programme_id, await policy_of(tx, programme_id), response)


@router.put("/offer-policy")
async def put_offer_policy(
    tx: Transaction, caller: Manager, programme_id: UUID, body: PolicyBody, if_match: IfMatch, response: Response
) -> PolicyView:
    """Say how many further offers a mentee gets, and whether mentees may ask mentors themselves."""
    wanted = OfferPolicy(body.cascade_limit, body.self_match)
    return _policy(programme_id, await offering.set_policy(tx, caller, programme_id, wanted, if_match), response)


@router.get("/recommendations", responses={503: {"description": "Being prepared: ask again after Retry-After."}})
async def get_recommendations(
    tx: Transaction,
    caller: Anybody,
    programme_id: UUID,
    request: Request,
    employee_id: Annotated[EmployeeId | None, Query(description="Whose; the caller's own without it.")] = None,
    limit: Annotated[int, Query(ge=1, le=20, description="How many at most.")] = 5,
) -> SuggestionsView:
    """The best mentors who have a place; spread, so that no mentor is shown to everybody."""
    boards = request.app.state.boards
    found = await recommending.recommend(tx, caller, boards, programme_id, employee_id, limit)
    return SuggestionsView(items=[SuggestionView(**one._asdict()) for one in found])


@router.post("/requests", status_code=201)
async def request_mentor(
    tx: Transaction, caller: Member, programme_id: UUID, body: RequestBody, response: Response
) -> MatchView:
    """Ask a mentor: an offer that the caller has accepted already."""
    with naming_the_field():
        match = await offering.request_offer(tx, caller, programme_id, body.mentor_id)
    response.headers["Location"] = f"/v1/matches/{match.id}"
    return shown(match, response)


@router.post("/pairings", max_body_size=1 << 20)
async def import_pairings(tx: Transaction, caller: Manager, programme_id: UUID, body: PairingsBody) -> PairingsView:
    """Take over who is partners already, as active matches; each pair has its own result, the good ones go in."""
    taken = await pairings.import_pairings(
        tx, caller, programme_id, [(pair.mentee_id, pair.mentor_id) for pair in body.pairs]
    )
    created = sum(1 for one in taken if one.match_id is not None)
    return PairingsView(created=created, refused=len(taken) - created, results=[_pairing(one) for one in taken])


def _policy(programme_id: UUID, policy: OfferPolicy, response: Response) -> PolicyView:
    response.headers["ETag"] = etag(policy.version)
    return PolicyView(
        programme_id=programme_id,
        version=policy.version,
        cascade_limit=policy.cascade_limit,
        self_match=policy.self_match,
    )


def _pairing(taken: pairings.Taken) -> PairingView:
    status = "created" if taken.match_id is not None else "refused"
    field = f"pairs.{taken.index}.{taken.field}" if taken.field else None
    return PairingView(
        index=taken.index, status=status, match_id=taken.match_id, field=field, detail=taken.detail or None
    )
