"""The versions of a programme's rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from chassis.transaction import Tx
from matching.adapters.db.tables import rules_version as table
from matching.domain.programmes import Programme
from matching.domain.rules import Rules


@dataclass(frozen=True, slots=True)
class RulesVersion:
    """The rules of a programme as somebody set them."""

    number: int
    rules: Rules
    digest: str
    author_id: str | None
    made_at: datetime


async def add_rules_version(tx: Tx, programme: Programme, author_id: str) -> None:
    """Keep the rules that a programme has now, under their number."""
    values = {
        "programme_id": programme.id,
        "number": programme.rules_version,
        "digest": programme.rules.digest,
        "author_id": author_id,
        "made_at": tx.now,
        "rules": programme.rules.model_dump(mode="json"),
    }
    await tx.connection.execute(insert(table).values(values))


async def rules_version(tx: Tx, programme_id: UUID, number: int) -> RulesVersion | None:
    """The rules under one number."""
    statement = select(table).where(table.c.programme_id == programme_id, table.c.number == number)
    row = (await tx.connection.execute(statement)).first()
    return None if row is None else _version(row)


async def rules_versions(tx: Tx, programme_id: UUID, before: int | None, limit: int) -> Sequence[RulesVersion]:
    """All of them, newest first."""
    statement = select(table).where(table.c.programme_id == programme_id).order_by(table.c.number.desc()).limit(limit)
    if before is not None:
        statement = statement.where(table.c.number < before)
    return [_version(row) for row in await tx.connection.execute(statement)]


def _version(row: Row[Any]) -> RulesVersion:
    rules = Rules.model_validate(row.rules)
    # Those from before there were versions were stored without one.
    return RulesVersion(row.number, rules, row.digest or rules.digest, row.author_id, row.made_at)
