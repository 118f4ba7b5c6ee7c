"""Explanations of a run over HTTP: of a pair, of somebody who has nobody, of what a programme lacks."""

from dataclasses import asdict
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from chassis.http import Router, Transaction
from matching.api.fields import EmployeeInPath, Manager, naming_the_field
from matching.handlers import explaining as handlers

router = Router(prefix="/runs/{run_id}", tags=["runs"])


class ExplanationView(BaseModel):
    """Two people: `contributions` add up to `score`; people as they are now, rules as they were in the run.

    `loss` is proven by the run's prices: the points that its whole outcome loses at least with these two together.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    mentee_id: str
    mentor_id: str
    together: bool
    score: int
    contributions: dict[str, int]
    broken_rules: tuple[str, ...]
    loss: int | None


class RelaxationView(BaseModel):
    """One change that would give somebody candidates: of a rule, or one more place of a mentor (`capacity`)."""

    model_config = ConfigDict(frozen=True)

    rule: str
    value: int | str | None
    candidates: int
    best_score: int


class UnmatchedView(BaseModel):
    """Why somebody has nobody; `broken` counts whom each rule keeps away. People as they are now."""

    model_config = ConfigDict(frozen=True)

    employee_id: str
    reason: str
    broken: dict[str, int]
    relaxations: list[RelaxationView]


class ExtraView(BaseModel):
    """A kind of mentor whom the programme lacks, and how many it would match after those before it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    skill: str
    offset_minutes: int
    level: int
    language: str
    mentors: int
    would_match: int
    mean_score: int


class ShortageView(BaseModel):
    """Further mentors who would help most; `asked_for` people without anybody were looked at."""

    model_config = ConfigDict(frozen=True)

    asked_for: int
    mentors: list[ExtraView]


@router.get("/pairs/{mentee_id}/{mentor_id}/explanation")
async def explain_pair(
    tx: Transaction, caller: Manager, run_id: UUID, mentee_id: EmployeeInPath, mentor_id: EmployeeInPath
) -> ExplanationView:
    """Why these two are together, or why not: what speaks for them, which rule forbids it, what it would cost."""
    with naming_the_field():
        found = await handlers.explain_pair(tx, caller, run_id, mentee_id, mentor_id)
    return ExplanationView.model_validate(found)


@router.get("/unmatched/{employee_id}")
async def explain_unmatched(
    tx: Transaction, caller: Manager, run_id: UUID, employee_id: EmployeeInPath
) -> UnmatchedView:
    """Why somebody has nobody in the run, and what would change it."""
    with naming_the_field():
        found = await handlers.explain_unmatched(tx, caller, run_id, employee_id)
    return UnmatchedView.model_validate({"employee_id": employee_id} | asdict(found))


@router.get("/shortage")
async def explain_shortage(tx: Transaction, caller: Manager, run_id: UUID) -> ShortageView:
    """Which further mentors, by skill, region, level and language, would match most of those without anybody."""
    asked_for, mentors = await handlers.explain_shortage(tx, caller, run_id)
    return ShortageView(asked_for=asked_for, mentors=[ExtraView.model_validate(one) for one in mentors])
