"""People, what is known of matches and sessions, messages, preferences."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _time(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)


def upgrade() -> None:
    _create_people()
    _create_knowledge()
    _create_messages()


def _create_people() -> None:
    op.create_table(
        "address",
        sa.Column("employee_id", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False, comment="HR's version of the record"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        comment="a projection of HR's events; can be emptied and rebuilt",
    )
    op.create_table(
        "presence",
        sa.Column("employee_id", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("departed", sa.Boolean, nullable=False),
        comment="a projection of matching's events; somebody it does not know is taken to be present",
    )
    op.create_table(
        "erased",
        sa.Column("employee_id", sa.Text, primary_key=True),
        _time("erased_at", nullable=False, server_default=sa.func.now()),
        comment="ids that nothing may be kept about any more; outlives the projections",
    )
    op.create_table(
        "preference",
        sa.Column("employee_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("choices", JSONB, nullable=False),
    )


def _create_knowledge() -> None:
    op.create_table(
        "knowledge",
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("thing_id", UUID(as_uuid=True), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("state", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("about", "thing_id", name="pk_knowledge"),
        sa.CheckConstraint("about IN ('match', 'session', 'relationship')", name="ck_knowledge_about"),
        comment="newest state of each match, session and relationship, from which messages are decided",
    )


def _create_messages() -> None:
    op.create_table(
        "message",
        sa.Column("message_id", UUID(as_uuid=True), primary_key=True),
        sa.Column(
            "effect", UUID(as_uuid=True), nullable=False, comment="what it is for: an event's identity, a reminder"
        ),
        sa.Column("employee_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("facts", JSONB, nullable=False, comment="ids and times; words are made when it is read or sent"),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        _time("created_at", nullable=False),
        _time("due_at"),
        _time("settled_at"),
        _time("read_at"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        _time("next_attempt_at", nullable=False),
        sa.Column("lease", UUID(as_uuid=True), comment="who is sending it"),
        sa.Column("traceparent", sa.Text),
        sa.UniqueConstraint("effect", "employee_id", "kind", "channel", name="uq_message_effect"),
        sa.CheckConstraint("status IN ('pending', 'sent', 'failed', 'suppressed')", name="ck_message_status"),
    )
    op.create_index(
        "ix_message_pending", "message", ["next_attempt_at"], postgresql_where=sa.text("status = 'pending'")
    )
    op.create_index("ix_message_employee", "message", ["employee_id", "message_id"])


def downgrade() -> None:
    for table in ("message", "knowledge", "preference", "erased", "presence", "address"):
        op.drop_table(table)
