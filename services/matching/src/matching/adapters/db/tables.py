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
    SmallInteger,
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

run = Table(
    "run",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("programme_id", UUID(as_uuid=True), ForeignKey("programme.id", name="fk_run_programme"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("percent", SmallInteger, nullable=False, server_default=text("0")),
    _time("requested_at", nullable=False),
    Column("worker", Text, comment="who holds the lease"),
    _time("lease_until"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    _time("started_at"),
    _time("finished_at"),
    Column("reason", Text),
    Column("people", Integer, nullable=False, server_default=text("0")),
    Column("pairs", Integer, nullable=False, server_default=text("0")),
    Column("total_score", BigInteger, nullable=False, server_default=text("0")),
    Column("worst_score", Integer, nullable=False, server_default=text("0")),
    Column("upper_bound", BigInteger, nullable=False, server_default=text("0")),
    Column("seconds", Double, nullable=False, server_default=text("0")),
    Column("inputs_digest", Text, nullable=False, server_default=text("''")),
    Column("report", JSONB, nullable=False, server_default=text("'{}'")),
    Column("traceparent", Text, comment="of the request; the run's own trace links to it"),
    CheckConstraint("status IN ('queued', 'running', 'completed', 'failed', 'published')", name="ck_run_status"),
    Index("ux_run_active", "programme_id", unique=True, postgresql_where=text("status IN ('queued', 'running')")),
    Index("ix_run_waiting", "requested_at", postgresql_where=text("status IN ('queued', 'running')")),
)

run_pair = Table(
    "run_pair",
    metadata,
    Column("run_id", UUID(as_uuid=True), ForeignKey("run.id", name="fk_run_pair_run"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("mentee_id", Text, nullable=False),
    Column("mentor_id", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column("contributions", JSONB, nullable=False),
    Index("ix_run_pair_mentee", "mentee_id"),
    Index("ix_run_pair_mentor", "mentor_id"),
)

run_unmatched = Table(
    "run_unmatched",
    metadata,
    Column("run_id", UUID(as_uuid=True), ForeignKey("run.id", name="fk_run_unmatched_run"), primary_key=True),
    Column("employee_id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Index("ix_run_unmatched_employee", "employee_id"),
)

match = Table(
    "match",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("programme_id", UUID(as_uuid=True), ForeignKey("programme.id", name="fk_match_programme"), nullable=False),
    Column("run_id", UUID(as_uuid=True), ForeignKey("run.id", name="fk_match_run")),
    Column("version", BigInteger, nullable=False),
    Column("format", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column("contributions", JSONB, nullable=False),
    _time("proposed_at", nullable=False),
    _time("respond_by", nullable=False),
    CheckConstraint("status IN ('proposed', 'active', 'declined', 'expired', 'ended')", name="ck_match_status"),
    Index("ix_match_programme", "programme_id", "status"),
    Index("ix_match_run", "run_id", "status"),
)

match_member = Table(
    "match_member",
    metadata,
    Column(
        "match_id",
        UUID(as_uuid=True),
        ForeignKey("match.id", name="fk_match_member_match", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("employee_id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("participant_id", UUID(as_uuid=True), nullable=False),
    Column("answer", Text, nullable=False, server_default=text("'open'")),
    CheckConstraint("answer IN ('open', 'accepted', 'declined')", name="ck_match_member_answer"),
    Index("ix_match_member_participant", "participant_id"),
    Index("ix_match_member_employee", "employee_id"),
)
