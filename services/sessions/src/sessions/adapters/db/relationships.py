"""Relationships and their members."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Text, any_, bindparam, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY

from chassis.transaction import Tx
from contracts.matching import Member
from sessions.adapters.db.tables import match, relationship, relationship_member
from sessions.domain.relationship import Relationship


def in_order(column: ColumnElement[str]) -> ColumnElement[list[str]]:
    """That column of all members of the relationship at hand, as an array in the order of its match."""
    rows = (
        select(column)
        .where(relationship_member.c.relationship_id == relationship.c.relationship_id)
        .order_by(relationship_member.c.position)
        .correlate(relationship)
        .scalar_subquery()
    )
    return func.array(rows, type_=ARRAY(Text))


def has_member(employee_id: str) -> ColumnElement[bool]:
    """Whether that person is in the relationship at hand."""
    mine = select(relationship_member.c.relationship_id).where(relationship_member.c.employee_id == employee_id)
    return relationship.c.relationship_id.in_(mine)


async def add_relationship(tx: Tx, opened: Relationship) -> None:
    """Write a new relationship and its members."""
    values = {
        "relationship_id": opened.relationship_id,
        "programme_id": opened.programme_id,
        "format": opened.format,
        "status": opened.status,
        "opened_at": opened.opened_at,
        "version": opened.version,
    }
    await tx.connection.execute(insert(relationship).values(values))
    rows = [
        {"relationship_id": opened.relationship_id, "employee_id": m.employee_id, "role": m.role, "position": position}
        for position, m in enumerate(opened.members)
    ]
    await tx.connection.execute(insert(relationship_member), rows)


async def save_relationship(tx: Tx, changed: Relationship) -> None:
    """Write what can change of a relationship."""
    await tx.connection.execute(
        update(relationship)
        .where(relationship.c.relationship_id == changed.relationship_id)
        .values(status=changed.status, reason=changed.reason, closed_at=changed.closed_at, version=changed.version)
    )


async def relationship_of(tx: Tx, relationship_id: UUID, *, member: str | None = None) -> Relationship | None:
    """One relationship as it is; with `member`, only if that person is in it."""
    query = _relationships().where(relationship.c.relationship_id == relationship_id)
    if member is not None:
        query = query.where(has_member(member))
    found = (await tx.connection.execute(query)).first()
    return None if found is None else _relationship(found)


async def lock_relationship(tx: Tx, relationship_id: UUID) -> Relationship | None:
    """One relationship, which nobody else changes, books in or adds to until this transaction ends."""
    wanted = select(relationship.c.relationship_id).where(relationship.c.relationship_id == relationship_id)
    await tx.connection.execute(wanted.with_for_update())
    # A second statement: one that had to wait sees the locked row as it is now, but its members as they were.
    return await relationship_of(tx, relationship_id)


async def lock_relationships_with(tx: Tx, employee_id: str) -> list[Relationship]:
    """All relationships of one person, locked in the order of their ids."""
    wanted = select(relationship.c.relationship_id).where(has_member(employee_id))
    await tx.connection.execute(wanted.order_by(relationship.c.relationship_id).with_for_update())
    rows = await tx.connection.execute(
        _relationships().where(has_member(employee_id)).order_by(relationship.c.relationship_id)
    )
    return [_relationship(row) for row in rows]


async def closed_while_match_lives(tx: Tx, ids: Sequence[str]) -> Sequence[UUID]:
    """The relationships of any of these people that are over although their match is not and nobody was erased."""
    query = (
        select(relationship.c.relationship_id)
        .join(match, match.c.match_id == relationship.c.relationship_id)
        .where(
            relationship.c.relationship_id.in_(
                select(relationship_member.c.relationship_id).where(
                    relationship_member.c.employee_id == any_(bindparam("ids", ids, type_=ARRAY(Text)))
                )
            )
        )
        .where(relationship.c.status == "closed", match.c.ended.is_(None), relationship.c.incomplete.is_(False))
        .order_by(relationship.c.relationship_id)
    )
    return (await tx.connection.execute(query)).scalars().all()


async def relationships_with(
    tx: Tx, employee_id: str, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Relationship]:
    """A person's relationships, newest first, from after that (opened_at, id) on."""
    sort_key = tuple_(relationship.c.opened_at, relationship.c.relationship_id)
    query = _relationships().where(has_member(employee_id))
    if after is not None:
        query = query.where(sort_key < after)
    newest_first = query.order_by(relationship.c.opened_at.desc(), relationship.c.relationship_id.desc()).limit(limit)
    return [_relationship(row) for row in await tx.connection.execute(newest_first)]


async def forget_member(tx: Tx, employee_id: str) -> None:
    """Take a person out of every relationship, which then can never open again."""
    mine = select(relationship_member.c.relationship_id).where(relationship_member.c.employee_id == employee_id)
    await tx.connection.execute(
        update(relationship).where(relationship.c.relationship_id.in_(mine)).values(incomplete=True)
    )
    await tx.connection.execute(delete(relationship_member).where(relationship_member.c.employee_id == employee_id))


def _relationships() -> Select[Any]:
    return select(
        relationship,
        in_order(relationship_member.c.employee_id).label("member_ids"),
        in_order(relationship_member.c.role).label("roles"),
    )


def _relationship(row: Row[Any]) -> Relationship:
    return Relationship(
        relationship_id=row.relationship_id,
        programme_id=row.programme_id,
        format=row.format,
        members=tuple(
            Member(employee_id=employee_id, role=role)
            for employee_id, role in zip(row.member_ids, row.roles, strict=True)
        ),
        status=row.status,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        reason=row.reason,
        version=row.version,
    )
