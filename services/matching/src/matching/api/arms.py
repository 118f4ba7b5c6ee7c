"""Hold-out arms of a programme over HTTP."""

import secrets
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from chassis.http import Body, Missing, Router, Transaction
from contracts.matching import Role
from contracts.words import no_bool
from matching.adapters.db.arms import arms_of, people_by_arm
from matching.api.fields import Manager, naming_the_field
from matching.domain.arms import Arms, Drawing, Stratum
from matching.handlers import arms as handlers
from matching.handlers.programmes import managed_programme

router = Router(prefix="/programmes/{programme_id}/arms", tags=["arms"])

PLACES = 4
"""Decimal places of a share."""

Share = Annotated[float, BeforeValidator(no_bool), Field(ge=0.0001, le=0.9999, allow_inf_nan=False)]
Seed = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]


class ArmsBody(Body):
    """How to draw who is held out."""

    share: Annotated[Share, Field(description="Of each stratum, to four decimal places.")]
    seed: Annotated[Seed | None, Field(description="Left out: one is made. The same seed draws the same people.")] = (
        None
    )
    strata: Annotated[tuple[Stratum, ...], Field(max_length=3)] = ()
    roles: Annotated[tuple[Role, ...], Field(max_length=3, description="Only people of these; empty: all.")] = ()


class ArmsView(BaseModel):
    """The draw of a programme, with all that it takes to draw the same again."""

    model_config = ConfigDict(frozen=True)

    method: str
    seed: str
    share: float
    strata: tuple[str, ...]
    roles: tuple[Role, ...]
    population: int
    held_out: int
    drawn_by: str | None
    drawn_at: datetime
    treatment_now: int
    control_now: int


@router.post("", status_code=201)
async def draw_arms(tx: Transaction, caller: Manager, programme_id: UUID, body: ArmsBody) -> ArmsView:
    """Hold a share of the people out of runs and offers, drawn at random; once, and before the first run.

    Everybody has a ticket: SHA-256 of the seed, a line feed and their employee id. In each stratum those with the
    lowest tickets are held out: the share of it, with the largest remainders rounded up. Who comes later is held out
    if their ticket is below that share of all tickets.
    """
    programme = await managed_programme(tx, caller, programme_id, lock=True)
    drawing = Drawing(
        seed=body.seed or secrets.token_hex(16),
        share=_exactly(body.share),
        strata=tuple(dict.fromkeys(body.strata)),
        roles=tuple(dict.fromkeys(body.roles)),
    )
    with naming_the_field():
        drawn = await handlers.draw_arms(tx, programme, drawing, caller.subject)
    return await _view(tx, programme_id, drawn)


@router.get("")
async def get_arms(tx: Transaction, caller: Manager, programme_id: UUID) -> ArmsView:
    """The draw, and how many are in which arm by now."""
    await managed_programme(tx, caller, programme_id)
    drawn = await arms_of(tx, programme_id)
    if drawn is None:
        raise Missing
    return await _view(tx, programme_id, drawn)


def _exactly(share: float) -> Fraction:
    """The share as it was written, and as it is stored."""
    return Fraction(round(Decimal(str(share)), PLACES))


async def _view(tx: Transaction, programme_id: UUID, drawn: Arms) -> ArmsView:
    now = await people_by_arm(tx, programme_id)
    drawing = drawn.drawing
    return ArmsView(
        method=drawing.method,
        seed=drawing.seed,
        share=float(drawing.share),
        strata=drawing.strata,
        roles=drawing.roles,
        population=drawn.population,
        held_out=drawn.held_out,
        drawn_by=drawn.drawn_by,
        drawn_at=drawn.drawn_at,
        treatment_now=now.get("treatment", 0),
        control_now=now.get("control", 0),
    )
