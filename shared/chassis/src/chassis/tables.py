"""The tables that every service has beside its own: outbox, inbox, failures, replays, timers, idempotency keys.

What is changed here needs a new module in `chassis.revisions`, and a migration in each service that calls it.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

_now = func.now()


def _time(name: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **options)


def metadata_with_chassis(metadata: MetaData) -> MetaData:
    """Add the chassis tables to a service's metadata and give it back."""
    Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("source", Text, nullable=False),
        Column("event_id", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("thing", Text, nullable=False, comment="kind and id of what the event is about; orders the relay"),
        Column("version", BigInteger, nullable=False),
        _time("occurred_at", nullable=False),
        Column("traceparent", Text),
        Column("cause", Text, comment="source/id of the event that this one came of"),
        Column("payload", LargeBinary, nullable=False),
        _time("created_at", nullable=False, server_default=_now),
        _time("published_at"),
        UniqueConstraint("source", "event_id", name="uq_outbox_identity"),
        Index("ix_outbox_unpublished", "id", postgresql_where=text("published_at IS NULL")),
        Index("ix_outbox_published", "published_at", postgresql_where=text("published_at IS NOT NULL")),
        Index(
            "ux_outbox_version", "thing", "version", unique=True, postgresql_where=text("subject LIKE 'mentorship.%'")
        ),
    )
    Table(
        "inbox",
        metadata,
        Column("consumer", Text, nullable=False),
        Column("event_id", UUID(as_uuid=True), nullable=False),
        Column("digest", LargeBinary, nullable=False),
        _time("handled_at", nullable=False, server_default=_now),
        PrimaryKeyConstraint("consumer", "event_id", name="pk_inbox"),
        # Rows come in the order of this time: a BRIN index costs next to nothing and pruning needs one.
        Index("ix_inbox_handled", "handled_at", postgresql_using="brin"),
    )
    Table(
        "inbox_failure",
        metadata,
        Column("consumer", Text, nullable=False),
        Column("event_id", UUID(as_uuid=True), nullable=False),
        Column("failures", SmallInteger, nullable=False, server_default=text("0")),
        Column(
            "alone", SmallInteger, nullable=False, server_default=text("0"), comment="attempts that left no outcome"
        ),
        Column("reason", Text, nullable=False, server_default=text("''")),
        _time("failed_at", nullable=False, server_default=_now),
        PrimaryKeyConstraint("consumer", "event_id", name="pk_inbox_failure"),
    )
    Table(
        "dead_letter_replay",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("consumer", Text, nullable=False),
        Column("event_id", UUID(as_uuid=True), nullable=False),
        Column("requested_by", Text, nullable=False),
        Column("outcome", Text, nullable=False),
        _time("replayed_at", nullable=False, server_default=_now),
    )
    Table(
        "due",
        metadata,
        Column("kind", Text, nullable=False),
        Column("key", Text, nullable=False),
        _time("due_at", nullable=False),
        Column("payload", JSONB, nullable=False, server_default=text("'{}'")),
        Column("traceparent", Text, comment="where the timer was set; its later work links to it"),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        PrimaryKeyConstraint("kind", "key", name="pk_due"),
        Index("ix_due_at", "due_at"),
    )
    Table(
        "idempotency_key",
        metadata,
        Column("key", UUID(as_uuid=True), primary_key=True, comment="UUIDv5 of caller, method, path and the key given"),
        Column("caller", Text, nullable=False),
        Column("fingerprint", LargeBinary, nullable=False, comment="digest of the request's body"),
        Column("status", SmallInteger),
        Column("headers", JSONB, nullable=False, server_default=text("'[]'")),
        Column("body", LargeBinary),
        _time("created_at", nullable=False, server_default=_now),
        Index("ix_idempotency_key_caller", "caller"),
        Index("ix_idempotency_key_created", "created_at"),
    )
    return metadata
