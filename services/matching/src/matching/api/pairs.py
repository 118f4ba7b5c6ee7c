"""Pairs that who runs a programme decides on by hand, over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from chassis.http import Body, Cursor, Page, Router, Transaction
from contracts.words import EmployeeId
from matching.adapters.db.pairs import PairKind, ProgrammePair, pairs_page
from matching.api.fields import EmployeeInPath, Manager, naming_the_field
from matching.handlers import pairs as handlers
from matching.handlers.programmes import managed_programme

router = Router(prefix="/programmes/{programme_id}/pairs", tags=["pairs"])


class PairBody(Body):
    """What is decided about two people."""

    kind: PairKind


class DecidedPairView(BaseModel):
    """Two people and what was decided about them; among peers the smaller id stands first."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    mentee_id: str
    mentor_id: str
    kind: PairKind
    set_by: str | None
    set_at: datetime
    broken_rule: str | None = None
    """Of a must-match pair: the hard rule that forbids it now, so that runs go without it."""


@router.put("/{mentee_id}/{mentor_id}")
async def put_pair(
    tx: Transaction,
    caller: Manager,
    programme_id: UUID,
    mentee_id: EmployeeInPath,
    mentor_id: EmployeeInPath,
    body: PairBody,
) -> DecidedPairView:
    """Have two people matched, or kept apart, by every run from now on.

    Who must be matched has to take part, have a free place for it, and break no hard rule: 422 names it. What comes
    afterwards (a block, another manager or level, an offer that one declined) is never refused for the pair's sake:
    runs then go without it and count it in `pins_left_out` of their report, and the list of pairs names the rule.
    Where circles have a minimum the pair opens its mentor's circle, which is filled up; one that cannot be is left out
    of the run with its pairs and counted there as `circle_min`.
    """
    programme = await managed_programme(tx, caller, programme_id, lock=True)
    with naming_the_field():
        pair = await handlers.decide_pair(tx, programme, mentee_id, mentor_id, body.kind, caller.subject)
    return _view(pair)


@router.delete("/{mentee_id}/{mentor_id}", status_code=204)
async def delete_pair(
    tx: Transaction, caller: Manager, programme_id: UUID, mentee_id: EmployeeInPath, mentor_id: EmployeeInPath
) -> None:
    """Leave two people to the engine again."""
    programme = await managed_programme(tx, caller, programme_id, lock=True)
    await handlers.take_back_pair(tx, programme, mentee_id, mentor_id)


@router.get("")
async def list_pairs(tx: Transaction, caller: Manager, programme_id: UUID, cursor: Cursor) -> Page[DecidedPairView]:
    """All pairs that were decided on by hand, by ids; `broken_rule` says which cannot be matched now, and why."""
    programme = await managed_programme(tx, caller, programme_id)
    after = cursor.after(EmployeeId, EmployeeId)
    found = await pairs_page(tx, programme_id, (after[0], after[1]) if after else None, cursor.fetch)
    rules = dict(zip(found, await handlers.broken_rules_of(tx, programme, found), strict=True))
    return cursor.page(
        found, key=lambda pair: (pair.mentee_id, pair.mentor_id), item=lambda pair: _view(pair, rules[pair])
    )


def _view(pair: ProgrammePair, broken_rule: str | None = None) -> DecidedPairView:
    return DecidedPairView.model_validate(pair).model_copy(update={"broken_rule": broken_rule})
