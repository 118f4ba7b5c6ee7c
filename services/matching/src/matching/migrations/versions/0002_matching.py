"""The tables of matching: the directory, programmes, participants, runs and matches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "employee",
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="version in force; -1 before any is"),
        sa.Column("source", sa.Text(), nullable=False, comment="who said what is in force"),
        sa.Column("acts_on", sa.Date(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False, comment="of the newest record, in force or not"),
        sa.Column("zone_version", sa.BigInteger(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=True),
        sa.Column(
            "document",
            JSONB(),
            nullable=True,
            comment="what HR said, as in the event in force; null before any is",
        ),
        sa.CheckConstraint("status IN ('expected', 'active', 'departed')", name="ck_employee_status"),
        sa.PrimaryKeyConstraint("employee_id"),
    )
    op.create_table(
        "employee_pending",
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("leaves", sa.Boolean(), nullable=False),
        sa.Column("acts_on", sa.Date(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("document", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("employee_id", "version"),
    )
    op.create_table(
        "erased_employee",
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("employee_id"),
    )
    op.create_table(
        "hr_erasure",
        sa.Column(
            "sequence",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="message to delete from the stream HR",
        ),
        sa.Column(
            "noted_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="a stream made later holds something else under this sequence",
        ),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_table(
        "hr_message",
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False, comment="in the stream HR"),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("employee_id", "sequence"),
    )
    op.create_table(
        "hr_refusal",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "reason"),
    )
    op.create_table(
        "programme",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.Column("respond_within_seconds", sa.Double(), nullable=False),
        sa.Column("remind_before_seconds", sa.Double(), nullable=False),
        sa.Column("reminder_minutes", ARRAY(sa.Double()), nullable=False),
        sa.Column("starts_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'open', 'closed')", name="ck_programme_status"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_programme_owner", "programme", ["owner_id"], unique=False)
    op.create_table(
        "participant",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("programme_id", sa.UUID(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("roles", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("skills_wanted", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("skills_offered", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("goals", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("wishes", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("blocks", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("status IN ('enrolled', 'withdrawn')", name="ck_participant_status"),
        sa.CheckConstraint("capacity >= 0", name="ck_participant_capacity"),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name="fk_participant_programme"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("programme_id", "employee_id", name="uq_participant"),
    )
    op.create_index("ix_participant_employee", "participant", ["employee_id"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("programme_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("percent", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True, comment="who holds the lease"),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("people", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("pairs", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("total_score", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("worst_score", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("upper_bound", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("seconds", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("inputs_digest", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("report", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=True, comment="of the request; the run's own trace links to it"),
        sa.CheckConstraint("status IN ('queued', 'running', 'completed', 'failed', 'published')", name="ck_run_status"),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name="fk_run_programme"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_run_waiting",
        "run",
        ["requested_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.create_index(
        "ux_run_active",
        "run",
        ["programme_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.create_table(
        "match",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("programme_id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("contributions", JSONB(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("respond_by", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('proposed', 'active', 'declined', 'expired', 'ended')", name="ck_match_status"),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name="fk_match_programme"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_match_run"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_match_programme", "match", ["programme_id", "status"], unique=False)
    op.create_index("ix_match_run", "match", ["run_id", "status"], unique=False)
    op.create_table(
        "run_pair",
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mentee_id", sa.Text(), nullable=False),
        sa.Column("mentor_id", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("contributions", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_pair_run"),
        sa.PrimaryKeyConstraint("run_id", "number"),
    )
    op.create_index("ix_run_pair_mentee", "run_pair", ["mentee_id"], unique=False)
    op.create_index("ix_run_pair_mentor", "run_pair", ["mentor_id"], unique=False)
    op.create_table(
        "run_unmatched",
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_unmatched_run"),
        sa.PrimaryKeyConstraint("run_id", "employee_id"),
    )
    op.create_index("ix_run_unmatched_employee", "run_unmatched", ["employee_id"], unique=False)
    op.create_table(
        "match_member",
        sa.Column("match_id", sa.UUID(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("answer", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.CheckConstraint("answer IN ('open', 'accepted', 'declined')", name="ck_match_member_answer"),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"], name="fk_match_member_match", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("match_id", "employee_id"),
    )
    op.create_index("ix_match_member_employee", "match_member", ["employee_id"], unique=False)
    op.create_index("ix_match_member_participant", "match_member", ["participant_id"], unique=False)


def downgrade() -> None:
    for name in (
        "match_member",
        "run_unmatched",
        "run_pair",
        "match",
        "run",
        "participant",
        "programme",
        "hr_refusal",
        "hr_message",
        "hr_erasure",
        "erased_employee",
        "employee_pending",
        "employee",
    ):
        op.drop_table(name)
