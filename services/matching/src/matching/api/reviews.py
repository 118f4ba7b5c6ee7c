"""Looking a run through over HTTP: edits before publishing, and what another run would give."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.errors import Missing
from chassis.http import Body, Cursor, IfMatch, Invalid, Page, Router, Transaction, etag
from contracts.words import EmployeeId
from matching.adapters.db.outcomes import Difference, Edit, comparison, differences, edits_of
from matching.api.fields import Manager, naming_the_field
from matching.api.runs import RunView, shown_run
from matching.domain.differences import difference
from matching.domain.review import Kind
from matching.handlers.review import Change, edit_run
from matching.handlers.runs import visible_run

router = Router(prefix="/runs", tags=["runs"])


class EditBody(Body):
    """pin: these two belong together; swap: two mentees exchange their mentors; remove: these two are not offered."""

    kind: Kind
    mentee_id: EmployeeId
    mentor_id: EmployeeId | None = Field(default=None, description="Of pin and remove.")
    other_mentee_id: EmployeeId | None = Field(default=None, description="Of swap.")


class EditView(BaseModel):
    """One edit, with who made it unless they are erased."""

    model_config = ConfigDict(frozen=True)

    edition: int
    kind: Kind
    mentee_id: str
    mentor_id: str
    other_mentee_id: str | None
    edited_by: str | None
    edited_at: datetime


class MoveView(BaseModel):
    """A mentee who is with somebody else, or nobody, in one of the runs."""

    model_config = ConfigDict(frozen=True)

    mentee_id: str
    first_mentor_id: str | None
    first_score: int | None
    second_mentor_id: str | None
    second_score: int | None


class RunComparisonView(BaseModel):
    """What changes from the first run to the second: pairs, unmatched people, and the figures of fairness."""

    model_config = ConfigDict(frozen=True)

    first: UUID
    second: UUID
    same_pairs: int
    pairs_lost: int
    pairs_gained: int
    still_unmatched: int
    no_longer_unmatched: int
    newly_unmatched: int
    total_score_change: int
    worst_score_change: int
    fairness: dict[str, dict[str, float]]
    moved: list[MoveView]
    next: str | None


@router.post("/{run_id}/edits", status_code=201)
async def make_edit(
    tx: Transaction, caller: Manager, run_id: UUID, body: EditBody, if_match: IfMatch, response: Response
) -> RunView:
    """Change the pairs of a run before it is published; what a rule or a capacity forbids is refused by its name."""
    with naming_the_field():
        run = await edit_run(tx, caller, run_id, _change(body), if_match)
    response.headers["ETag"] = etag(run.state)
    return RunView(**shown_run(run))


@router.get("/{run_id}/edits")
async def list_edits(tx: Transaction, caller: Manager, run_id: UUID, cursor: Cursor) -> Page[EditView]:
    """Who changed what, in order."""
    await visible_run(tx, caller, run_id)
    after = cursor.after(int)
    found = await edits_of(tx, run_id, after[0] if after else -1, cursor.fetch)
    return cursor.page(found, key=lambda edit: (edit.edition,), item=_edit)


@router.get("/{first}/compare/{second}")
async def compare_runs(
    tx: Transaction, caller: Manager, first: UUID, second: UUID, cursor: Cursor
) -> RunComparisonView:
    """What a second run of the same programme would change, such as one with a draft of other rules."""
    one, other = await visible_run(tx, caller, first), await visible_run(tx, caller, second)
    if one.programme_id != other.programme_id:
        raise Missing
    for name, run in (("first", one), ("second", other)):
        if run.status not in {"completed", "publishing", "published"}:
            raise Invalid(name, f"This run is {run.status}: there is nothing to compare.")
    after = cursor.after(str)
    moved = await differences(tx, first, second, after[0] if after else "", cursor.fetch)
    page = cursor.page(moved, key=lambda row: (row.mentee_id,), item=_move)
    return RunComparisonView(
        first=first,
        second=second,
        **await comparison(tx, first, second),
        total_score_change=other.total_score - one.total_score,
        worst_score_change=other.worst_score - one.worst_score,
        fairness=difference(_fairness(one.report), _fairness(other.report)),
        moved=page.items,
        next=page.next,
    )


def _change(body: EditBody) -> Change:
    needed = "other_mentee_id" if body.kind == "swap" else "mentor_id"
    other = "mentor_id" if body.kind == "swap" else "other_mentee_id"
    if getattr(body, needed) is None:
        whom = "the other mentee" if body.kind == "swap" else "the mentor"
        raise Invalid(needed, f"A {body.kind} has to name {whom}.")
    if getattr(body, other) is not None:
        raise Invalid(other, f"A {body.kind} names {needed} beside mentee_id, and nobody else.")
    if getattr(body, needed) == body.mentee_id:
        raise Invalid(needed, "Has to be somebody else.")
    return Change(body.kind, body.mentee_id, body.mentor_id or "", body.other_mentee_id or "")


def _edit(edit: Edit) -> EditView:
    return EditView.model_validate(edit._asdict())


def _move(row: Difference) -> MoveView:
    return MoveView(
        mentee_id=row.mentee_id,
        first_mentor_id=row.first_mentor,
        first_score=row.first_score,
        second_mentor_id=row.second_mentor,
        second_score=row.second_score,
    )


def _fairness(report: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = report.get("fairness", {})
    return found
