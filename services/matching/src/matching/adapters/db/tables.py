"""The tables of matching, beside those of the chassis."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from chassis.tables import metadata_with_chassis

metadata = metadata_with_chassis(MetaData())


def _time(name: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **options)


def _words(name: str) -> Column[Any]:
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'"))


employee = Table(
    "employee",
    metadata,
    Column("employee_id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("version", BigInteger, nullable=False, comment="version in force; -1 before any is"),
    Column("source", Text, nullable=False, comment="who said what is in force"),
    Column("acts_on", Date),
    Column("zone", Text, nullable=False, comment="of the newest record, in force or not"),
    Column("zone_version", BigInteger, nullable=False),
    Column("manager_id", Text),
    Column("document", JSONB, comment="what HR said, as in the event in force; null before any is"),
    CheckConstraint("status IN ('expected', 'active', 'departed')", name="ck_employee_status"),
)

employee_pending = Table(
    "employee_pending",
    metadata,
    Column("employee_id", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("leaves", Boolean, nullable=False),
    Column("acts_on", Date),
    Column("zone", Text),
    Column("document", JSONB, nullable=False),
)

erased_employee = Table(
    "erased_employee",
    metadata,
    Column("employee_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    _time("erased_at", nullable=False),
)

hr_message = Table(
    "hr_message",
    metadata,
    Column("employee_id", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False, comment="in the stream HR"),
    _time("noted_at", nullable=False),
)

hr_erasure = Table(
    "hr_erasure",
    metadata,
    Column(
        "sequence", BigInteger, primary_key=True, autoincrement=False, comment="message to delete from the stream HR"
    ),
    _time("noted_at", nullable=False, comment="a stream made later holds something else under this sequence"),
)

hr_refusal = Table(
    "hr_refusal",
    metadata,
    Column("source", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("refused", BigInteger, nullable=False),
    _time("last_at", nullable=False),
)

programme = Table(
    "programme",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("rules", JSONB, nullable=False),
    Column("respond_within_seconds", Double, nullable=False),
    Column("remind_before_seconds", Double, nullable=False),
    Column("reminder_minutes", ARRAY(Double), nullable=False),
    _time("starts_on"),
    _time("ends_on"),
    _time("created_at", nullable=False),
    CheckConstraint("status IN ('draft', 'open', 'closed')", name="ck_programme_status"),
    Index("ix_programme_owner", "owner_id"),
)

participant = Table(
    "participant",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column(
        "programme_id", UUID(as_uuid=True), ForeignKey("programme.id", name="fk_participant_programme"), nullable=False
    ),
    Column("employee_id", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    _words("roles"),
    Column("capacity", Integer, nullable=False),
    _words("skills_wanted"),
    _words("skills_offered"),
    _words("goals"),
    _words("wishes"),
    _words("blocks"),
    CheckConstraint("status IN ('enrolled', 'withdrawn')", name="ck_participant_status"),
    CheckConstraint("capacity >= 0", name="ck_participant_capacity"),
    UniqueConstraint("programme_id", "employee_id", name="uq_participant"),
    Index("ix_participant_employee", "employee_id"),
)
