"""Runs over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict

from chassis.http import Body, Cursor, IfMatch, Router, Transaction, etag
from chassis.ids import uuid7
from matching.adapters.db.outcomes import pairs_of
from matching.adapters.db.runs import Run, RunStatus
from matching.api.fields import Manager, naming_the_field
from matching.domain.options import RunOptions
from matching.domain.rules import Rules
from matching.domain.solutions import Pair
from matching.handlers import runs as handlers

router = Router(tags=["runs"])


class RunBody(Body, RunOptions):
    """How a run is to be done; with rules of its own it is only to look at, and never published."""

    rules: Rules | None = None

    @property
    def options(self) -> RunOptions:
        """The same without the rules."""
        return RunOptions.model_validate(self.model_dump(exclude={"rules"}))


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
    options: RunOptions
    rules_version: int | None
    stage: str | None
    edition: int
    respond_by: datetime | None
    offered: int
    left_out: int
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
async def request_run(
    tx: Transaction, caller: Manager, programme_id: UUID, response: Response, body: RunBody | None = None
) -> RunView:
    """Ask for a run; a worker takes it. A programme has one at a time."""
    body = body or RunBody()
    with naming_the_field():
        run = await handlers.request_run(tx, caller, programme_id, uuid7(), body.options, body.rules)
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return RunView(**shown_run(run))


@router.get("/runs/{run_id}")
async def get_run(tx: Transaction, caller: Manager, run_id: UUID, cursor: Cursor, response: Response) -> RunWithPairs:
    """Status, progress, report and pairs."""
    run = await handlers.visible_run(tx, caller, run_id)
    after = cursor.after(int)
    found = await pairs_of(tx, run_id, after[0] if after else -1, cursor.fetch)
    page = cursor.page(found, key=lambda row: (row[0],), item=lambda row: _pair(row[1]))
    response.headers["ETag"] = etag(run.state)
    return RunWithPairs(**shown_run(run), pairs=page.items, next=page.next)


@router.post("/runs/{run_id}/publish", responses={202: {"model": PublishedView, "description": "Being published."}})
async def publish_run(
    tx: Transaction, caller: Manager, run_id: UUID, if_match: IfMatch, response: Response
) -> PublishedView:
    """Offer the pairs to their people, who then have until the programme's deadline to answer.

    202 for a large run: a worker offers them step by step, and the run's status says when that is done.
    """
    published = await handlers.publish_run(tx, caller, run_id, if_match)
    if published.run.status == "publishing":
        response.status_code = 202
    response.headers["ETag"] = etag(published.run.state)
    return PublishedView(
        run=RunView(**shown_run(published.run)), offered=published.offered, left_out=published.left_out
    )


def _pair(pair: Pair) -> PairView:
    return PairView(mentee_id=pair.mentee, mentor_id=pair.mentor, score=pair.score, contributions=pair.contributions)


def shown_run(run: Run) -> dict[str, Any]:
    """What is shown of a run."""
    names = set(RunView.model_fields) - {"run_id", "pair_count", "gap"}
    return {name: getattr(run, name) for name in names} | {
        "run_id": run.id,
        "pair_count": run.pairs,
        "gap": max(0, run.upper_bound - run.total_score),
    }
