"""Make the tables of sessions: people, programmes, matches, relationships, meetings, goals, feedback, data keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = (
    "data_key",
    "feedback",
    "goal",
    "session",
    "relationship_member",
    "relationship",
    "match",
    "programme",
    "employee",
)


def upgrade() -> None:
    _what_matching_says()
    _relationships()
    _meetings()
    _goals()
    _feedback()
    _data_keys()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)


def _what_matching_says() -> None:
    op.create_table(
        "employee",
        sa.Column("employee_id", sa.Text, nullable=False),
        sa.Column(
            "version",
            sa.BigInteger,
            nullable=False,
            server_default=sa.text("-1"),
            comment="newest activated or departed seen",
        ),
        sa.Column("departed", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("erased", sa.Boolean, nullable=False, server_default=sa.text("false"), comment="final"),
        sa.PrimaryKeyConstraint("employee_id", name="pk_employee"),
    )
    op.create_table(
        "programme",
        sa.Column("programme_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("reminder_minutes", postgresql.ARRAY(sa.Double), nullable=False),
        sa.PrimaryKeyConstraint("programme_id", name="pk_programme"),
    )
    op.create_table(
        "match",
        sa.Column("match_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.Text, comment="class of reason once it has ended"),
        sa.PrimaryKeyConstraint("match_id", name="pk_match"),
    )


def _relationships() -> None:
    op.create_table(
        "relationship",
        sa.Column("relationship_id", sa.Uuid, nullable=False),
        sa.Column("programme_id", sa.Uuid, nullable=False),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column(
            "incomplete", sa.Boolean, nullable=False, server_default=sa.text("false"), comment="a member was erased"
        ),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("relationship_id", name="pk_relationship"),
        sa.CheckConstraint("status IN ('open', 'closed')", name="ck_relationship_status"),
    )
    op.create_table(
        "relationship_member",
        sa.Column("relationship_id", sa.Uuid, nullable=False),
        sa.Column("employee_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("position", sa.SmallInteger, nullable=False, comment="place in the match's list"),
        sa.PrimaryKeyConstraint("relationship_id", "employee_id", name="pk_relationship_member"),
        sa.ForeignKeyConstraint(["relationship_id"], ["relationship.relationship_id"], name="fk_member_relationship"),
    )
    op.create_index("ix_relationship_member_employee", "relationship_member", ["employee_id", "relationship_id"])


def _meetings() -> None:
    op.create_table(
        "session",
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("relationship_id", sa.Uuid, nullable=False),
        sa.Column("organizer_id", sa.Text, comment="empty once that person is erased"),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("duration_minutes", sa.SmallInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attended", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("calendar_sequence", sa.Integer, nullable=False),
        sa.Column("reminder_minutes", postgresql.ARRAY(sa.Double), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_session"),
        sa.ForeignKeyConstraint(["relationship_id"], ["relationship.relationship_id"], name="fk_session_relationship"),
        sa.CheckConstraint("status IN ('scheduled', 'cancelled', 'held', 'missed')", name="ck_session_status"),
    )
    op.create_index("ix_session_relationship", "session", ["relationship_id", "starts_at", "session_id"])


def _goals() -> None:
    op.create_table(
        "goal",
        sa.Column("goal_id", sa.Uuid, nullable=False),
        sa.Column("relationship_id", sa.Uuid, nullable=False),
        sa.Column("owner_id", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("progress", sa.SmallInteger, nullable=False),
        sa.Column("achieved_at", sa.DateTime(timezone=True)),
        sa.Column("words", sa.LargeBinary, comment="encrypted under the owner's data key"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("goal_id", name="pk_goal"),
        sa.ForeignKeyConstraint(["relationship_id"], ["relationship.relationship_id"], name="fk_goal_relationship"),
    )
    op.create_index("ix_goal_relationship", "goal", ["relationship_id", "goal_id"])
    op.create_index("ix_goal_owner", "goal", ["owner_id"])


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("feedback_id", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("relationship_id", sa.Uuid, nullable=False),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("usefulness", sa.SmallInteger, nullable=False),
        sa.Column("fit", sa.SmallInteger),
        sa.Column("words", sa.LargeBinary, comment="encrypted under the author's data key"),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("feedback_id", name="pk_feedback"),
        sa.UniqueConstraint("session_id", "author_id", name="uq_feedback_author"),
        sa.ForeignKeyConstraint(["session_id"], ["session.session_id"], name="fk_feedback_session"),
    )
    op.create_index("ix_feedback_author", "feedback", ["author_id"])


def _data_keys() -> None:
    op.create_table(
        "data_key",
        sa.Column("relationship_id", sa.Uuid, nullable=False),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("wrapping_key_id", sa.Text, nullable=False, comment="which key of the key file wraps it"),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("relationship_id", "author_id", name="pk_data_key"),
        sa.ForeignKeyConstraint(["relationship_id"], ["relationship.relationship_id"], name="fk_data_key_relationship"),
    )
    op.create_index("ix_data_key_author", "data_key", ["author_id"])
    op.create_index("ix_data_key_wrapping", "data_key", ["wrapping_key_id"])
