"""A relationship: the people of one active match, open as long as the match lives and nobody has left."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.matching import EndReason, Format, MatchActivated, Member
from contracts.sessions import RelationshipClosed, RelationshipOpened
from sessions.domain.refusal import Refused

Status = Literal["open", "closed"]


@dataclass(frozen=True, kw_only=True)
class Relationship:
    """The state of one relationship; its id is the id of the match it grew from."""

    relationship_id: UUID
    programme_id: UUID
    format: Format
    members: tuple[Member, ...]
    status: Status
    opened_at: datetime
    closed_at: datetime | None = None
    reason: EndReason | None = None
    version: int = 1

    @property
    def member_ids(self) -> tuple[str, ...]:
        """Who is in it."""
        return tuple(member.employee_id for member in self.members)

    def close(self, reason: EndReason, now: datetime) -> tuple["Relationship", RelationshipClosed]:
        """The same relationship, over."""
        closed = replace(self, status="closed", closed_at=now, reason=reason, version=self.version + 1)
        return closed, RelationshipClosed(reason=reason, **closed.public())

    def reopen(self) -> tuple["Relationship", RelationshipOpened]:
        """The same relationship, going on: its match lives and its members are all here."""
        opened = replace(self, status="open", closed_at=None, reason=None, version=self.version + 1)
        return opened, RelationshipOpened(**opened.public())

    def must_be_open(self) -> None:
        """Refuses what only an open relationship allows."""
        if self.status != "open":
            raise Refused("relationship_closed", "the relationship is over")

    def public(self) -> dict[str, object]:
        """What every event about it says."""
        return {
            "relationship_id": self.relationship_id,
            "programme_id": self.programme_id,
            "format": self.format,
            "members": self.members,
            "status": self.status,
        }


def open_relationship(match: MatchActivated, now: datetime) -> tuple[Relationship, RelationshipOpened]:
    """The people of an activated match can set goals and meet."""
    opened = Relationship(
        relationship_id=match.match_id,
        programme_id=match.programme_id,
        format=match.format,
        members=match.members,
        status="open",
        opened_at=now,
    )
    return opened, RelationshipOpened(**opened.public())


def reason_to_close(members: Iterable[str], gone: frozenset[str], match_ended: EndReason | None) -> EndReason | None:
    """Why a relationship cannot be open now, or None: a function of the present alone, whatever came first."""
    if match_ended is not None:
        return match_ended
    return "member_departed" if any(member in gone for member in members) else None
