"""Relationships over HTTP: read by their members alone."""

from datetime import datetime
from uuid import UUID

from fastapi import Response

from chassis.http import Cursor, Missing, Page, Router, Transaction, etag
from sessions.adapters import db
from sessions.api.shapes import Employee, RelationshipView

router = Router(tags=["relationships"])


@router.get("/me/relationships")
async def my_relationships(tx: Transaction, caller: Employee, cursor: Cursor) -> Page[RelationshipView]:
    """Relationships that the caller is or was in, newest first."""
    after = cursor.after(datetime, UUID)
    rows = await db.relationships_with(tx, caller.subject, after=after, limit=cursor.fetch)
    return cursor.page(rows, key=lambda one: (one.opened_at, one.relationship_id), item=RelationshipView.model_validate)


@router.get("/relationships/{relationship_id}")
async def get_relationship(
    relationship_id: UUID, tx: Transaction, caller: Employee, response: Response
) -> RelationshipView:
    """One of the caller's relationships."""
    found = await db.relationship_of(tx, relationship_id, member=caller.subject)
    if found is None:
        raise Missing
    response.headers["ETag"] = etag(found.version)
    return RelationshipView.model_validate(found)
