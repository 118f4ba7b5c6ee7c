"""Templates of programmes, the schema of rules, and the versions of a programme's rules, over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict

from chassis.http import Cursor, Missing, Page, Router, Transaction, public
from contracts.event import SCHEMA_BASE
from contracts.matching import Format
from matching.adapters.db.rules import RulesVersion, rules_version, rules_versions
from matching.api.fields import Anybody, Manager
from matching.domain.enrolment import EnrolmentPolicy
from matching.domain.programmes import rules_changes
from matching.domain.rules import Rules
from matching.domain.templates import TEMPLATES
from matching.handlers.programmes import managed_programme

router = Router(tags=["rules"])

Number = Annotated[int, Path(ge=1, lt=2**31, description="The first rules of a programme are number 1.")]


class TemplateView(BaseModel):
    """What a programme of one kind starts from."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    key: str
    name: str
    description: str
    format: Format
    rules: Rules
    enrolment: EnrolmentPolicy
    respond_within_seconds: float
    remind_before_seconds: float


class TemplatesView(BaseModel):
    """All of them."""

    model_config = ConfigDict(frozen=True)

    items: list[TemplateView]


class RulesVersionView(BaseModel):
    """The rules of a programme as somebody set them."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    number: int
    digest: str
    author_id: str | None
    made_at: datetime
    rules: Rules


class ChangeView(BaseModel):
    """One field in which two versions differ."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    field: str
    before: Any
    after: Any


class RulesComparisonView(BaseModel):
    """Every field in which two versions differ."""

    model_config = ConfigDict(frozen=True)

    before: int
    after: int
    changes: list[ChangeView]


@router.get("/programme-templates")
async def list_templates(_: Anybody) -> TemplatesView:
    """What programmes can be made from: name one as `template` when making a programme."""
    return TemplatesView(items=[TemplateView.model_validate(one) for one in TEMPLATES.values()])


@router.get("/rules/schema", dependencies=[public])
async def get_rules_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the rules of a programme."""
    schema = Rules.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{SCHEMA_BASE}rules.json"} | schema


@router.get("/programmes/{programme_id}/rules")
async def list_rules(tx: Transaction, caller: Manager, programme_id: UUID, cursor: Cursor) -> Page[RulesVersionView]:
    """All versions of the rules, newest first."""
    await managed_programme(tx, caller, programme_id)
    after = cursor.after(int)
    before = min(after[0], 2**31 - 1) if after else None
    found = await rules_versions(tx, programme_id, before, cursor.fetch)
    return cursor.page(found, key=lambda one: (one.number,), item=RulesVersionView.model_validate)


@router.get("/programmes/{programme_id}/rules/{number}")
async def get_rules(tx: Transaction, caller: Manager, programme_id: UUID, number: Number) -> RulesVersionView:
    """One version of the rules."""
    await managed_programme(tx, caller, programme_id)
    return RulesVersionView.model_validate(await _found(tx, programme_id, number))


@router.get("/programmes/{programme_id}/rules/{number}/compare/{other}")
async def compare_rules(
    tx: Transaction, caller: Manager, programme_id: UUID, number: Number, other: Number
) -> RulesComparisonView:
    """The fields in which one version differs from another."""
    await managed_programme(tx, caller, programme_id)
    before, after = await _found(tx, programme_id, number), await _found(tx, programme_id, other)
    changes = [ChangeView.model_validate(one) for one in rules_changes(before.rules, after.rules)]
    return RulesComparisonView(before=number, after=other, changes=changes)


async def _found(tx: Transaction, programme_id: UUID, number: int) -> RulesVersion:
    version = await rules_version(tx, programme_id, number)
    if version is None:
        raise Missing
    return version
