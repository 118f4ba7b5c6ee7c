"""Options, edits and certificates of runs, publishing in steps, and how a programme makes its offers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATUSES = "'queued', 'running', 'completed', 'failed', 'published'"
_NEW_STATUSES = "'queued', 'running', 'completed', 'failed', 'publishing', 'published'"
_ACTIVE = "status IN ('queued', 'running')"
_NEW_ACTIVE = "status IN ('queued', 'running', 'publishing')"
_RUN = ("left_out", "offered", "published_through", "respond_by", "edition", "stage", "rules", "options")


def upgrade() -> None:
    _alter_runs()
    _alter_outcomes()
    _add_tables()


def _alter_runs() -> None:
    op.add_column("run", sa.Column("options", JSONB(), server_default=sa.text("'{}'"), nullable=False))
    rules = sa.Column("rules", JSONB(), comment="a draft of the rules to try; the programme's own without it")
    op.add_column("run", rules)
    op.add_column("run", sa.Column("stage", sa.Text(), comment="what its worker does just now"))
    edition = sa.Column("edition", sa.Integer(), server_default=sa.text("0"), nullable=False)
    edition.comment = "grows with each edit in review"
    op.add_column("run", edition)
    respond_by = sa.Column("respond_by", sa.DateTime(timezone=True))
    respond_by.comment = "deadline of its offers, set when publishing begins"
    op.add_column("run", respond_by)
    through = sa.Column("published_through", sa.Integer(), server_default=sa.text("-1"), nullable=False)
    through.comment = "number of the last pair done"
    op.add_column("run", through)
    for name in ("offered", "left_out"):
        op.add_column("run", sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False))
    _activity(_NEW_STATUSES, _NEW_ACTIVE)
    op.create_index("ix_run_programme", "run", ["programme_id", "requested_at"])


def _activity(statuses: str, active: str) -> None:
    """Say anew which statuses there are and which of them count as active."""
    op.drop_constraint("ck_run_status", "run")
    op.create_check_constraint("ck_run_status", "run", f"status IN ({statuses})")
    op.drop_index("ux_run_active", "run")
    op.drop_index("ix_run_waiting", "run")
    op.create_index("ux_run_active", "run", ["programme_id"], unique=True, postgresql_where=sa.text(active))
    op.create_index("ix_run_waiting", "run", ["requested_at"], postgresql_where=sa.text(active))


def _alter_outcomes() -> None:
    op.add_column("run_pair", sa.Column("origin", sa.Text(), server_default=sa.text("'engine'"), nullable=False))
    op.create_check_constraint("ck_run_pair_origin", "run_pair", "origin IN ('engine', 'pinned', 'swapped')")
    told: sa.Column[bool] = sa.Column("told", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    told.comment = "whether it has been said"
    op.add_column("run_unmatched", told)
    untold = sa.text("NOT told")
    op.create_index("ix_run_unmatched_untold", "run_unmatched", ["run_id", "employee_id"], postgresql_where=untold)
    op.add_column("match", sa.Column("origin", sa.Text(), server_default=sa.text("'run'"), nullable=False))
    settled = sa.Column("settled_at", sa.DateTime(timezone=True))
    settled.comment = "when it was over: declined, expired or ended"
    op.add_column("match", settled)
    origins = "origin IN ('run', 'cascade', 'request', 'rematch', 'import')"
    op.create_check_constraint("ck_match_origin", "match", origins)


def _add_tables() -> None:
    op.create_table(
        "run_edit",
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("edition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mentee_id", sa.Text(), nullable=False),
        sa.Column("mentor_id", sa.Text(), nullable=False),
        sa.Column("other_mentee_id", sa.Text(), nullable=True),
        sa.Column("edited_by", sa.Text(), nullable=True, comment="null once they are erased"),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('pin', 'swap', 'remove')", name="ck_run_edit_kind"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_edit_run"),
        sa.PrimaryKeyConstraint("run_id", "edition"),
    )
    whom = "those who were matched, in the order of the prices"
    op.create_table(
        "run_certificate",
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("row_ids", ARRAY(sa.Text()), nullable=False, comment=whom),
        sa.Column("column_ids", ARRAY(sa.Text()), nullable=False, comment="those whom they could get"),
        sa.Column("row_price", sa.LargeBinary(), nullable=False, comment="int64, little endian"),
        sa.Column("column_price", sa.LargeBinary(), nullable=False, comment="int64, little endian"),
        sa.Column("inputs", sa.LargeBinary(), comment="the people and rules as they were then: JSON, deflated"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_certificate_run"),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_table(
        "offer_policy",
        sa.Column("programme_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("cascade_limit", sa.SmallInteger(), nullable=False),
        sa.Column("self_match", sa.Boolean(), nullable=False),
        sa.CheckConstraint("cascade_limit BETWEEN 0 AND 20", name="ck_offer_policy_cascade_limit"),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name="fk_offer_policy_programme"),
        sa.PrimaryKeyConstraint("programme_id"),
    )


def downgrade() -> None:
    for table in ("offer_policy", "run_certificate", "run_edit"):
        op.drop_table(table)
    op.drop_constraint("ck_match_origin", "match")
    op.drop_column("match", "origin")
    op.drop_column("match", "settled_at")
    op.drop_index("ix_run_unmatched_untold", "run_unmatched")
    op.drop_column("run_unmatched", "told")
    op.drop_constraint("ck_run_pair_origin", "run_pair")
    op.drop_column("run_pair", "origin")
    op.drop_index("ix_run_programme", "run")
    _activity(_STATUSES, _ACTIVE)
    for column in _RUN:
        op.drop_column("run", column)
