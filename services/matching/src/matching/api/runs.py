"""Runs over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict

from chassis.http import Caller, Cursor, IfMatch, Router, Transaction, allow, etag
from chassis.ids import uuid7
from matching.adapters.db.runs import Run, RunStatus, pairs_of
from matching.domain.runs import Pair
from matching.handlers import runs as handlers

router = Router(tags=["runs"])

Manager = Annotated[Caller, allow("programme-manager", "platform-admin")]


class PairView(BaseModel):
    """Two people whom a run puts together; `contributions` add up to `score` exactly."""

    model_config = ConfigDict(frozen=True)

    mentee_id: str
    mentor_id: str
    score: int
    contributions: dict[str, int]


class RunView(BaseModel):
    """A run and how far it is. `gap` 0: the total is proven to be the best one for as many pairs."""

    model_config = ConfigDict(frozen=True)

    run_id: UUID
    programme_id: UUID
    version: int
    status: RunStatus
    percent: int
    reason: str | None
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    people: int
    pair_count: int
    total_score: int
    worst_score: int
    upper_bound: int
    gap: int
    seconds: float
    inputs_digest: str
    report: dict[str, Any]


class RunWithPairs(RunView):
    """A run with a page of its pairs."""

    pairs: list[PairView]
    next: str | None


class PublishedView(BaseModel):
    """What became of the pairs: offered, or left out because somebody is gone or full by now."""

    model_config = ConfigDict(frozen=True)

    run: RunView
    offered: int
    left_out: int


@router.post("/programmes/{programme_id}/runs", status_code=202)
async def request_run(tx: Transaction, caller: Manager, programme_id: UUID, response: Response) -> RunView:
    """Ask for a run; a worker takes it. A programme has one at a time."""
    run = await handlers.request_run(tx, caller, programme_id, uuid7())
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return RunView(**_shown(run))


@router.get("/runs/{run_id}")
async def get_run(tx: Transaction, caller: Manager, run_id: UUID, cursor: Cursor, response: Response) -> RunWithPairs:
    """Status, progress, report and pairs."""
    run = await handlers.visible_run(tx, caller, run_id)
    after = cursor.after(int)
    found = await pairs_of(tx, run_id, after[0] if after else -1, cursor.fetch)
    page = cursor.page(found, key=lambda row: (row[0],), item=lambda row: _pair(row[1]))
    response.headers["ETag"] = etag(run.state)
    return RunWithPairs(**_shown(run), pairs=page.items, next=page.next)


@router.post("/runs/{run_id}/publish")
async def publish_run(
    tx: Transaction, caller: Manager, run_id: UUID, if_match: IfMatch, response: Response
) -> PublishedView:
    """Offer the pairs to their people, who then have until the programme's deadline to answer."""
    published = await handlers.publish_run(tx, caller, run_id, if_match)
    response.headers["ETag"] = etag(published.run.state)
    return PublishedView(run=RunView(**_shown(published.run)), offered=published.offered, left_out=published.left_out)


def _pair(pair: Pair) -> PairView:
    return PairView(mentee_id=pair.mentee, mentor_id=pair.mentor, score=pair.score, contributions=pair.contributions)


def _shown(run: Run) -> dict[str, Any]:
    names = set(RunView.model_fields) - {"run_id", "pair_count", "gap"}
    return {name: getattr(run, name) for name in names} | {
        "run_id": run.id,
        "pair_count": run.pairs,
        "gap": max(0, run.upper_bound - run.total_score),
    }
