"""Figures over HTTP: programme managers see their own programmes, platform administrators all."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query

from analytics.adapters import db
from analytics.domain.cells import NOTHING, Cell, shown
from analytics.domain.health import Health, Programme, health_of
from chassis.http import Caller, Cursor, Missing, Page, Router, Transaction, allow

router = Router(tags=["analytics"])

_Reader = Annotated[Caller, allow("programme-manager", "platform-admin")]


@dataclass(frozen=True, slots=True)
class ProgrammeSummary:
    """A programme in the list."""

    programme_id: UUID
    format: str
    open: bool
    participants: Cell


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the messages of one kind."""

    kind: str
    sent: Cell
    failed: Cell
    suppressed: Cell


@router.get("/programmes")
async def list_programmes(tx: Transaction, caller: _Reader, cursor: Cursor) -> Page[ProgrammeSummary]:
    """Programmes that the caller may look into, newest first."""
    after = cursor.after(UUID)
    owner = None if caller.has("platform-admin") else caller.subject
    rows = await db.programmes_after(tx, owner, after[0] if after else None, cursor.fetch)
    return cursor.page(
        rows,
        key=lambda row: (row[0].programme_id,),
        item=lambda row: ProgrammeSummary(row[0].programme_id, row[0].format, row[0].open, shown(row[1])),
    )


@router.get("/programmes/{programme_id}/health")
async def get_programme_health(programme_id: UUID, tx: Transaction, caller: _Reader) -> Health:
    """How a programme is doing: nothing about fewer than five people, nothing that gives such a figure away."""
    programme = await db.programme_of(tx, programme_id)
    if programme is None or not _may_see(caller, programme):
        raise Missing
    return health_of(programme, await db.programme_counts(tx, programme_id))


@router.get("/messages/delivery", dependencies=[allow("platform-admin")])
async def get_message_delivery(
    tx: Transaction, channel: Annotated[Literal["email", "in_app"], Query(description="On which way out.")] = "email"
) -> list[Delivery]:
    """What became of messages, by kind."""
    return [
        Delivery(kind, *(shown(outcomes.get(outcome, NOTHING)) for outcome in ("sent", "failed", "suppressed")))
        for kind, outcomes in (await db.delivery_counts(tx, channel)).items()
    ]


def _may_see(caller: Caller, programme: Programme) -> bool:
    return caller.has("platform-admin") or programme.owner_id == caller.subject
