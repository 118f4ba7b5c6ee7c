"""The tables of the sessions database, as the migrations make them."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from chassis.tables import metadata_with_chassis

metadata = metadata_with_chassis(MetaData())


def _id(name: str, **options: Any) -> Column[Any]:
    return Column(name, UUID(as_uuid=True), nullable=False, **options)


def _time(name: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **options)


employee = Table(
    "employee",
    metadata,
    Column("employee_id", Text, nullable=False),
    Column(
        "version", BigInteger, nullable=False, server_default=text("-1"), comment="newest activated or departed seen"
    ),
    Column("departed", Boolean, nullable=False, server_default=text("false")),
    Column("erased", Boolean, nullable=False, server_default=text("false"), comment="final"),
    PrimaryKeyConstraint("employee_id", name="pk_employee"),
)

programme = Table(
    "programme",
    metadata,
    _id("programme_id"),
    Column("version", BigInteger, nullable=False),
    Column("reminder_minutes", ARRAY(Double), nullable=False),
    PrimaryKeyConstraint("programme_id", name="pk_programme"),
)

match = Table(
    "match",
    metadata,
    _id("match_id"),
    Column("version", BigInteger, nullable=False),
    Column("ended", Text, comment="class of reason once it has ended"),
    PrimaryKeyConstraint("match_id", name="pk_match"),
)

relationship = Table(
    "relationship",
    metadata,
    _id("relationship_id"),
    _id("programme_id"),
    Column("format", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    _time("opened_at", nullable=False),
    _time("closed_at"),
    Column("incomplete", Boolean, nullable=False, server_default=text("false"), comment="a member was erased"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("relationship_id", name="pk_relationship"),
    CheckConstraint("status IN ('open', 'closed')", name="ck_relationship_status"),
)

relationship_member = Table(
    "relationship_member",
    metadata,
    _id("relationship_id"),
    Column("employee_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("position", SmallInteger, nullable=False, comment="place in the match's list"),
    PrimaryKeyConstraint("relationship_id", "employee_id", name="pk_relationship_member"),
    ForeignKeyConstraint(["relationship_id"], ["relationship.relationship_id"], name="fk_member_relationship"),
    Index("ix_relationship_member_employee", "employee_id", "relationship_id"),
)

session = Table(
    "session",
    metadata,
    _id("session_id"),
    _id("relationship_id"),
    Column("organizer_id", Text, comment="empty once that person is erased"),
    _time("starts_at", nullable=False),
    Column("timezone", Text, nullable=False),
    Column("duration_minutes", SmallInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("attended", ARRAY(Text), nullable=False),
    Column("calendar_sequence", Integer, nullable=False),
    Column("reminder_minutes", ARRAY(Double), nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("session_id", name="pk_session"),
    ForeignKeyConstraint(["relationship_id"], ["relationship.relationship_id"], name="fk_session_relationship"),
    CheckConstraint("status IN ('scheduled', 'cancelled', 'held', 'missed')", name="ck_session_status"),
    Index("ix_session_relationship", "relationship_id", "starts_at", "session_id"),
)

goal = Table(
    "goal",
    metadata,
    _id("goal_id"),
    _id("relationship_id"),
    Column("owner_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("progress", SmallInteger, nullable=False),
    _time("achieved_at"),
    Column("words", LargeBinary, comment="encrypted under the owner's data key"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("goal_id", name="pk_goal"),
    ForeignKeyConstraint(["relationship_id"], ["relationship.relationship_id"], name="fk_goal_relationship"),
    Index("ix_goal_relationship", "relationship_id", "goal_id"),
    Index("ix_goal_owner", "owner_id"),
)

feedback = Table(
    "feedback",
    metadata,
    _id("feedback_id"),
    _id("session_id"),
    _id("relationship_id"),
    Column("author_id", Text, nullable=False),
    Column("usefulness", SmallInteger, nullable=False),
    Column("fit", SmallInteger),
    Column("words", LargeBinary, comment="encrypted under the author's data key"),
    _time("given_at", nullable=False),
    PrimaryKeyConstraint("feedback_id", name="pk_feedback"),
    UniqueConstraint("session_id", "author_id", name="uq_feedback_author"),
    ForeignKeyConstraint(["session_id"], ["session.session_id"], name="fk_feedback_session"),
    Index("ix_feedback_author", "author_id"),
)

data_key = Table(
    "data_key",
    metadata,
    _id("relationship_id"),
    Column("author_id", Text, nullable=False),
    Column("wrapping_key_id", Text, nullable=False, comment="which key of the key file wraps it"),
    Column("wrapped", LargeBinary, nullable=False),
    PrimaryKeyConstraint("relationship_id", "author_id", name="pk_data_key"),
    ForeignKeyConstraint(["relationship_id"], ["relationship.relationship_id"], name="fk_data_key_relationship"),
    Index("ix_data_key_author", "author_id"),
    Index("ix_data_key_wrapping", "wrapping_key_id"),
)
