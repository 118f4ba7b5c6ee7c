"""The tables of this service."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from chassis.tables import metadata_with_chassis

metadata = metadata_with_chassis(MetaData())


def _time(name: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **options)


address = Table(
    "address",
    metadata,
    Column("employee_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False, comment="HR's version of the record"),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("language", Text, nullable=False),
    comment="a projection of HR's events; can be emptied and rebuilt",
)
presence = Table(
    "presence",
    metadata,
    Column("employee_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("departed", Boolean, nullable=False),
    comment="a projection of matching's events; somebody it does not know is taken to be present",
)
erased = Table(
    "erased",
    metadata,
    Column("employee_id", Text, primary_key=True),
    _time("erased_at", nullable=False, server_default=func.now()),
    comment="ids that nothing may be kept about any more; outlives the projections",
)
knowledge = Table(
    "knowledge",
    metadata,
    Column("about", Text, nullable=False),
    Column("thing_id", UUID(as_uuid=True), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("state", JSONB, nullable=False),
    PrimaryKeyConstraint("about", "thing_id", name="pk_knowledge"),
    CheckConstraint("about IN ('match', 'session', 'relationship')", name="ck_knowledge_about"),
    comment="newest state of each match, session and relationship, from which messages are decided",
)
message = Table(
    "message",
    metadata,
    Column("message_id", UUID(as_uuid=True), primary_key=True),
    Column("effect", UUID(as_uuid=True), nullable=False, comment="what it is for: an event's identity, a reminder"),
    Column("employee_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("facts", JSONB, nullable=False, comment="ids and times; words are made when it is read or sent"),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    _time("created_at", nullable=False),
    _time("due_at"),
    _time("settled_at"),
    _time("read_at"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column(
        "unconfirmed",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="attempts to hand it over whose outcome nobody knows: it may have arrived so many times",
    ),
    _time("next_attempt_at", nullable=False),
    Column("lease", UUID(as_uuid=True), comment="who is sending it"),
    Column("traceparent", Text),
    UniqueConstraint("effect", "employee_id", "kind", "channel", name="uq_message_effect"),
    CheckConstraint("status IN ('pending', 'sent', 'failed', 'suppressed')", name="ck_message_status"),
    Index("ix_message_pending", "next_attempt_at", postgresql_where=text("status = 'pending'")),
    Index("ix_message_employee", "employee_id", "message_id"),
)
preference = Table(
    "preference",
    metadata,
    Column("employee_id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("choices", JSONB, nullable=False),
)
