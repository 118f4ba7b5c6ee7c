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
    Numeric,
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


def _of_programme(table: str, **options: Any) -> Column[Any]:
    reference = ForeignKey("programme.id", name=f"fk_{table}_programme")
    return Column("programme_id", UUID(as_uuid=True), reference, nullable=False, **options)


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
    Column("template", Text, comment="which template it was made from"),
    Column("rules_version", Integer, nullable=False, server_default=text("1"), comment="number of the rules in force"),
    Column("enrolment", JSONB, nullable=False, server_default=text("'{}'"), comment="who may take part, and who shall"),
    CheckConstraint("status IN ('draft', 'open', 'closed')", name="ck_programme_status"),
    Index("ix_programme_owner", "owner_id"),
)

rules_version = Table(
    "rules_version",
    metadata,
    _of_programme("rules_version", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
    Column("author_id", Text, comment="null once they are erased"),
    _time("made_at", nullable=False),
    Column("rules", JSONB, nullable=False),
    Index("ix_rules_version_author", "author_id"),
)

programme_pair = Table(
    "programme_pair",
    metadata,
    _of_programme("programme_pair", primary_key=True),
    Column("mentee_id", Text, primary_key=True, comment="among peers the smaller id"),
    Column("mentor_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("set_by", Text, comment="null once they are erased"),
    _time("set_at", nullable=False),
    CheckConstraint("kind IN ('must_match', 'forbidden')", name="ck_programme_pair_kind"),
    Index("ix_programme_pair_mentee", "mentee_id"),
    Index("ix_programme_pair_mentor", "mentor_id"),
)

programme_arms = Table(
    "programme_arms",
    metadata,
    _of_programme("programme_arms", primary_key=True),
    Column("method", Text, nullable=False),
    Column("seed", Text, nullable=False),
    Column("share", Numeric(5, 4), nullable=False, comment="of the people of each stratum who are held out"),
    _words("strata"),
    _words("roles"),
    Column("population", Integer, nullable=False, comment="among whom was drawn"),
    Column("held_out", Integer, nullable=False),
    Column("drawn_by", Text, comment="null once they are erased"),
    _time("drawn_at", nullable=False),
)

training = Table(
    "training",
    metadata,
    Column("employee_id", Text, primary_key=True),
    Column("done_on", Date, nullable=False),
    Column("noted_by", Text, comment="null once they are erased"),
)

participant = Table(
    "participant",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    _of_programme("participant"),
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
    _words("interests"),
    Column("style", Text),
    Column("meeting", Text),
    _words("mentee_wishes"),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    _time("paused_until", comment="null: until they resume"),
    Column("arm", Text, comment="null: nobody has drawn arms yet"),
    _time("waiting_since", comment="place on the waiting list"),
    Column("by_rule", Boolean, nullable=False, server_default=text("false"), comment="enrolled by the programme"),
    Column("opted_out", Boolean, nullable=False, server_default=text("false"), comment="no rule enrols them again"),
    CheckConstraint("status IN ('enrolled', 'waitlisted', 'withdrawn')", name="ck_participant_status"),
    CheckConstraint("(waiting_since IS NULL) = (status <> 'waitlisted')", name="ck_participant_waiting"),
    CheckConstraint("arm IN ('treatment', 'control')", name="ck_participant_arm"),
    CheckConstraint("capacity >= 0", name="ck_participant_capacity"),
    UniqueConstraint("programme_id", "employee_id", name="uq_participant"),
    Index("ix_participant_employee", "employee_id"),
    Index(
        "ix_participant_waiting",
        "programme_id",
        "waiting_since",
        "id",
        postgresql_where=text("status = 'waitlisted'"),
    ),
)
