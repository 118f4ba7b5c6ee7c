"""The newest state of every match, session and relationship that has come."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from chassis.transaction import Tx
from contracts.event import EVENTS
from contracts.matching import MatchState
from contracts.sessions import RelationshipState, SessionState
from notifications.domain.kinds import Subject
from notifications.domain.messages import Facts, Known, thing_id

_READ = text("SELECT version, subject, state FROM knowledge WHERE about = :about AND thing_id = :id")
_READ_LOCKED = text("SELECT version, subject, state FROM knowledge WHERE about = :about AND thing_id = :id FOR UPDATE")
_WRITE = text(
    "INSERT INTO knowledge (about, thing_id, version, subject, state)"
    " VALUES (:about, :id, :version, :subject, CAST(:state AS jsonb))"
    " ON CONFLICT (about, thing_id) DO UPDATE SET version = excluded.version, subject = excluded.subject,"
    " state = excluded.state WHERE knowledge.version < excluded.version RETURNING version"
)
_ABOUT: Mapping[type, Subject] = {MatchState: "match", SessionState: "session", RelationshipState: "relationship"}


async def learn(tx: Tx, event: Facts, version: int) -> Known:
    """Keep the state in `event` if it is newer than what is known, and tell what is true now."""
    key = {"about": _about(event), "id": thing_id(event)}
    before = (await tx.connection.execute(_READ_LOCKED, key)).one_or_none()
    previous = _state(before) if before else None
    if before is not None and before.version >= version:
        return Known(_state(before), None, is_news=False)
    written = await tx.connection.execute(
        _WRITE, {**key, "version": version, "subject": event.subject, "state": event.model_dump_json()}
    )
    if written.one_or_none() is None:  # another transaction brought its first state just now, and a newer one
        return Known(_state((await tx.connection.execute(_READ, key)).one()), None, is_news=False)
    return Known(event, previous)


async def known(tx: Tx, about: Subject, thing: UUID) -> Facts | None:
    """The newest state of a thing."""
    row = (await tx.connection.execute(_READ, {"about": about, "id": thing})).one_or_none()
    return _state(row) if row else None


def _about(facts: Facts) -> Subject:
    return next(about for kind, about in _ABOUT.items() if isinstance(facts, kind))


def _state(row: Row[Any]) -> Facts:
    state = EVENTS[row.subject].model_validate(row.state)
    assert isinstance(state, MatchState | SessionState | RelationshipState)  # noqa: S101  # nothing else is written
    return state
