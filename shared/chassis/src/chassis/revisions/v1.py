"""The chassis tables as the first migration of every service makes them."""

from typing import Any

CREATE = """
CREATE TABLE dead_letter_replay (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    consumer TEXT NOT NULL,
    event_id UUID NOT NULL,
    requested_by TEXT NOT NULL,
    outcome TEXT NOT NULL,
    replayed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE due (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    payload JSONB DEFAULT '{}' NOT NULL,
    traceparent TEXT,
    attempts INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_due PRIMARY KEY (kind, key)
);
CREATE INDEX ix_due_at ON due (due_at);
COMMENT ON COLUMN due.traceparent IS 'where the timer was set; its later work links to it';
CREATE TABLE idempotency_key (
    key UUID NOT NULL,
    caller TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    status SMALLINT,
    headers JSONB DEFAULT '[]' NOT NULL,
    body BYTEA,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (key)
);
CREATE INDEX ix_idempotency_key_caller ON idempotency_key (caller);
CREATE INDEX ix_idempotency_key_created ON idempotency_key (created_at);
COMMENT ON COLUMN idempotency_key.key IS 'UUIDv5 of caller, method, path and the key given';
COMMENT ON COLUMN idempotency_key.fingerprint IS 'digest of the request''s body';
CREATE TABLE inbox (
    consumer TEXT NOT NULL,
    event_id UUID NOT NULL,
    digest BYTEA NOT NULL,
    handled_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_inbox PRIMARY KEY (consumer, event_id)
);
CREATE INDEX ix_inbox_handled ON inbox USING brin (handled_at);
CREATE TABLE inbox_failure (
    consumer TEXT NOT NULL,
    event_id UUID NOT NULL,
    failures SMALLINT DEFAULT 0 NOT NULL,
    alone SMALLINT DEFAULT 0 NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    failed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_inbox_failure PRIMARY KEY (consumer, event_id)
);
COMMENT ON COLUMN inbox_failure.alone IS 'attempts that left no outcome';
CREATE TABLE outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    source TEXT NOT NULL,
    event_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    thing TEXT NOT NULL,
    version BIGINT NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    traceparent TEXT,
    cause TEXT,
    payload BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    CONSTRAINT uq_outbox_identity UNIQUE (source, event_id)
);
CREATE INDEX ix_outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;
CREATE INDEX ix_outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
CREATE UNIQUE INDEX ux_outbox_version ON outbox (thing, version) WHERE subject LIKE 'mentorship.%';
COMMENT ON COLUMN outbox.thing IS 'kind and id of what the event is about; orders the relay';
COMMENT ON COLUMN outbox.cause IS 'source/id of the event that this one came of';
"""
"""Statements, each ended by a semicolon at the end of its line."""

DROP = "DROP TABLE outbox, inbox_failure, inbox, idempotency_key, due, dead_letter_replay"


def create(op: Any) -> None:
    """Make the tables (`op` is Alembic's)."""
    for statement in CREATE.strip().removesuffix(";").split(";\n"):
        op.execute(statement)


def drop(op: Any) -> None:
    """Undo that."""
    op.execute(DROP)
