"""Goals and feedback over HTTP. Words go in and, to members alone, out; no change ever answers with them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from chassis.http import Cursor, IfMatch, Missing, Page, Router, Transaction, etag
from sessions import handlers
from sessions.adapters import db
from sessions.adapters.notes import Notes
from sessions.api.shapes import (
    Employee,
    FeedbackBody,
    FeedbackView,
    FeedbackWithWords,
    GoalBody,
    GoalView,
    GoalWithWords,
    ProgressBody,
)
from sessions.domain.feedback import Feedback
from sessions.domain.goal import Goal

router = Router()


async def _notes(request: Request) -> Notes:
    notes: Notes = request.app.state.notes
    return notes


Sealed = Annotated[Notes, Depends(_notes)]


@router.post("/relationships/{relationship_id}/goals", status_code=201, tags=["goals"])
async def set_goal(
    relationship_id: UUID, wanted: GoalBody, tx: Transaction, caller: Employee, notes: Sealed, response: Response
) -> GoalView:
    """Set a goal for oneself."""
    made = await handlers.set_goal(tx, notes, relationship_id, caller.subject, code=wanted.code, words=wanted.words)
    response.headers["Location"] = f"/v1/goals/{made.goal_id}"
    return _changed(response, made)


@router.get("/relationships/{relationship_id}/goals", tags=["goals"])
async def list_goals(
    relationship_id: UUID, tx: Transaction, caller: Employee, notes: Sealed, cursor: Cursor
) -> Page[GoalWithWords]:
    """The goals of one of the caller's relationships, oldest first."""
    if await db.relationship_of(tx, relationship_id, member=caller.subject) is None:
        raise Missing
    after = cursor.after(UUID)
    rows = await db.goals_of(tx, relationship_id, after=after, limit=cursor.fetch)
    readable = [await _readable_goal(tx, notes, goal, sealed) for goal, sealed in rows]
    return cursor.page(readable, key=lambda goal: (goal.goal_id,), item=lambda goal: goal)


@router.get("/goals/{goal_id}", tags=["goals"])
async def get_goal(
    goal_id: UUID, tx: Transaction, caller: Employee, notes: Sealed, response: Response
) -> GoalWithWords:
    """One goal of one of the caller's relationships."""
    found = await db.goal_of(tx, goal_id, member=caller.subject)
    if found is None:
        raise Missing
    response.headers["ETag"] = etag(found[0].version)
    return await _readable_goal(tx, notes, *found)


@router.post("/goals/{goal_id}/progress", tags=["goals"])
async def advance_goal(
    goal_id: UUID, along: ProgressBody, tx: Transaction, caller: Employee, if_match: IfMatch, response: Response
) -> GoalView:
    """Note how far a goal has come, also when that is less than before."""
    return _changed(
        response, await handlers.advance_goal(tx, goal_id, caller.subject, along.progress, expected=if_match)
    )


@router.post("/goals/{goal_id}/achieve", tags=["goals"])
async def achieve_goal(
    goal_id: UUID, tx: Transaction, caller: Employee, if_match: IfMatch, response: Response
) -> GoalView:
    """Note that a goal is reached."""
    return _changed(response, await handlers.achieve_goal(tx, goal_id, caller.subject, expected=if_match))


@router.post("/sessions/{session_id}/feedback", status_code=201, tags=["feedback"])
async def give_feedback(
    session_id: UUID, given: FeedbackBody, tx: Transaction, caller: Employee, notes: Sealed
) -> FeedbackView:
    """Rate a held session that one attended, once."""
    scores = handlers.Scores(given.usefulness, given.fit)
    made = await handlers.give_feedback(tx, notes, session_id, caller.subject, scores=scores, words=given.words)
    return FeedbackView.model_validate(made)


@router.get("/sessions/{session_id}/feedback", tags=["feedback"])
async def list_feedback(
    session_id: UUID, tx: Transaction, caller: Employee, notes: Sealed, cursor: Cursor
) -> Page[FeedbackWithWords]:
    """What the members thought of one of the caller's sessions."""
    if await db.session_of(tx, session_id, member=caller.subject) is None:
        raise Missing
    after = cursor.after(datetime, UUID)
    rows = await db.feedback_on(tx, session_id, after=after, limit=cursor.fetch)
    readable = [await _readable_feedback(tx, notes, given, sealed) for given, sealed in rows]
    return cursor.page(readable, key=lambda given: (given.given_at, given.feedback_id), item=lambda given: given)


def _changed(response: Response, goal: Goal) -> GoalView:
    response.headers["ETag"] = etag(goal.version)
    return GoalView.model_validate(goal)


async def _readable_goal(tx: Transaction, notes: Notes, goal: Goal, sealed: bytes | None) -> GoalWithWords:
    words = await notes.open(tx, handlers.place_of_goal(goal), sealed)
    return GoalWithWords(**GoalView.model_validate(goal).model_dump(), words=words)


async def _readable_feedback(tx: Transaction, notes: Notes, given: Feedback, sealed: bytes | None) -> FeedbackWithWords:
    words = await notes.open(tx, handlers.place_of_feedback(given), sealed)
    return FeedbackWithWords(**FeedbackView.model_validate(given).model_dump(), words=words)
