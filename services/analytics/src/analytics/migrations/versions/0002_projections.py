"""The projections."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _id(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.Uuid, nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _at() -> "sa.Column[object]":
    return sa.Column("at", sa.DateTime(timezone=True), nullable=False)


def _newest() -> "tuple[sa.Column[int], sa.Column[object]]":
    return sa.Column("version", sa.BigInteger, nullable=False), _id("said_by")


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def upgrade() -> None:
    _people()
    _matching()
    _sessions()
    _facts()


def _people() -> None:
    op.create_table("erased", _text("employee_id"), _key("erased", "employee_id"))
    op.create_table(
        "employee",
        _text("employee_id"),
        *_newest(),
        _text("department"),
        _text("location"),
        sa.Column("level", sa.SmallInteger, nullable=False),
        _key("employee", "employee_id"),
    )
    op.create_table("employment", _text("employee_id"), *_newest(), _flag("active"), _key("employment", "employee_id"))


def _matching() -> None:
    op.create_table(
        "programme",
        _id("programme_id"),
        *_newest(),
        _text("format"),
        _text("owner_id", nullable=True),
        _flag("open"),
        _key("programme", "programme_id"),
    )
    op.create_index("ix_programme_owner", "programme", ["owner_id"])
    op.create_table(
        "participant",
        _id("participant_id"),
        *_newest(),
        _id("programme_id"),
        _text("employee_id"),
        _flag("mentor"),
        _flag("mentee"),
        _flag("peer"),
        _text("arm"),
        _flag("enrolled"),
        _key("participant", "participant_id"),
    )
    op.create_index("ix_participant_programme", "participant", ["programme_id"])
    op.create_index("ix_participant_employee", "participant", ["employee_id"])
    op.create_table(
        "run",
        _id("run_id"),
        *_newest(),
        _id("programme_id"),
        _text("status"),
        _number("people"),
        _number("pairs"),
        sa.Column("total_score", sa.BigInteger, nullable=False),
        sa.Column("upper_bound", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        _key("run", "run_id"),
    )
    op.create_index("ix_run_programme", "run", ["programme_id"])
    _members("match_member", "match_id", _text("role"))


def _sessions() -> None:
    op.create_table(
        "relationship",
        _id("relationship_id"),
        *_newest(),
        _id("programme_id"),
        _flag("open"),
        _text("reason", nullable=True),
        _key("relationship", "relationship_id"),
    )
    op.create_index("ix_relationship_programme", "relationship", ["programme_id"])
    _members("relationship_member", "relationship_id", _text("role"))
    op.create_table(
        "session",
        _id("session_id"),
        *_newest(),
        _id("programme_id"),
        _text("status"),
        _number("duration_minutes"),
        _key("session", "session_id"),
    )
    op.create_index("ix_session_programme", "session", ["programme_id"])
    _members("session_member", "session_id")
    op.create_table(
        "goal",
        _id("goal_id"),
        *_newest(),
        _id("programme_id"),
        _text("employee_id"),
        _number("progress"),
        _key("goal", "goal_id"),
    )
    op.create_index("ix_goal_programme", "goal", ["programme_id"])
    op.create_index("ix_goal_employee", "goal", ["employee_id"])


def _facts() -> None:
    kind, reason = _text("kind"), _text("reason", nullable=True)
    _fact("participant_fact", _id("participant_id"), _text("employee_id"), kind, reason)
    op.create_index("ix_participant_fact_employee", "participant_fact", ["employee_id"])
    _fact("match_fact", _id("match_id"), _text("kind"), _text("reason", nullable=True))
    _fact("session_fact", _id("session_id"), _text("kind"), _text("reason", nullable=True))
    _fact(
        "feedback_fact",
        _id("session_id"),
        _text("employee_id"),
        sa.Column("usefulness", sa.SmallInteger, nullable=False),
        sa.Column("fit", sa.SmallInteger, nullable=True),
    )
    op.create_index("ix_feedback_fact_employee", "feedback_fact", ["employee_id"])
    op.create_table(
        "message_fact",
        _id("identity"),
        _id("message_id"),
        _text("employee_id"),
        _text("kind"),
        _text("channel"),
        _text("outcome"),
        _text("reason", nullable=True),
        sa.Column("late_seconds", sa.Float, nullable=True),
        _at(),
        _key("message_fact", "identity"),
    )
    op.create_index("ix_message_fact_employee", "message_fact", ["employee_id"])


def _members(table: str, key: str, *columns: "sa.Column[str]") -> None:
    op.create_table(
        table, _id(key), _text("employee_id"), _id("programme_id"), *columns, _key(table, key, "employee_id")
    )
    op.create_index(f"ix_{table}_employee", table, ["employee_id"])
    op.create_index(f"ix_{table}_programme", table, ["programme_id"])


def _fact(table: str, *columns: "sa.Column[Any]") -> None:
    op.create_table(table, _id("identity"), _id("programme_id"), *columns, _at(), _key(table, "identity"))
    op.create_index(f"ix_{table}_programme", table, ["programme_id"])


def downgrade() -> None:
    for table in (
        *("message_fact", "feedback_fact", "session_fact", "match_fact", "participant_fact", "goal", "session_member"),
        *("session", "relationship_member", "relationship", "match_member", "run", "participant", "programme"),
        *("employment", "employee", "erased"),
    ):
        op.drop_table(table)
