"""The tables of runs and of matches, beside those of the directory and of programmes."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from matching.adapters.db.tables import metadata


def _time(name: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **options)


_ACTIVE = "status IN ('queued', 'running', 'publishing')"

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
    Column("options", JSONB, nullable=False, server_default=text("'{}'")),
    Column("rules_version", Integer, comment="number of the programme's rules that it used"),
    Column("rules", JSONB, comment="a draft of the rules to try; the programme's own without it"),
    Column("stage", Text, comment="what its worker does just now"),
    Column("edition", Integer, nullable=False, server_default=text("0"), comment="grows with each edit in review"),
    _time("respond_by", comment="deadline of its offers, set when publishing begins"),
    Column(
        "published_through", Integer, nullable=False, server_default=text("-1"), comment="number of the last pair done"
    ),
    Column("offered", Integer, nullable=False, server_default=text("0")),
    Column("left_out", Integer, nullable=False, server_default=text("0")),
    CheckConstraint(
        "status IN ('queued', 'running', 'completed', 'failed', 'publishing', 'published')", name="ck_run_status"
    ),
    Index("ux_run_active", "programme_id", unique=True, postgresql_where=text(_ACTIVE)),
    Index("ix_run_waiting", "requested_at", postgresql_where=text(_ACTIVE)),
    Index("ix_run_programme", "programme_id", "requested_at"),
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
    Column("origin", Text, nullable=False, server_default=text("'engine'")),
    CheckConstraint("origin IN ('engine', 'pinned', 'swapped')", name="ck_run_pair_origin"),
    Index("ix_run_pair_mentee", "mentee_id"),
    Index("ix_run_pair_mentor", "mentor_id"),
)

run_unmatched = Table(
    "run_unmatched",
    metadata,
    Column("run_id", UUID(as_uuid=True), ForeignKey("run.id", name="fk_run_unmatched_run"), primary_key=True),
    Column("employee_id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("told", Boolean, nullable=False, server_default=text("false"), comment="whether it has been said"),
    Index("ix_run_unmatched_employee", "employee_id"),
    Index("ix_run_unmatched_untold", "run_id", "employee_id", postgresql_where=text("NOT told")),
)

run_edit = Table(
    "run_edit",
    metadata,
    Column("run_id", UUID(as_uuid=True), ForeignKey("run.id", name="fk_run_edit_run"), primary_key=True),
    Column("edition", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("mentee_id", Text, nullable=False),
    Column("mentor_id", Text, nullable=False),
    Column("other_mentee_id", Text),
    Column("edited_by", Text, comment="null once they are erased"),
    _time("edited_at", nullable=False),
    CheckConstraint("kind IN ('pin', 'swap', 'remove')", name="ck_run_edit_kind"),
)

run_certificate = Table(
    "run_certificate",
    metadata,
    Column("run_id", UUID(as_uuid=True), ForeignKey("run.id", name="fk_run_certificate_run"), primary_key=True),
    Column("row_ids", ARRAY(Text), nullable=False, comment="those who were matched, in the order of the prices"),
    Column("column_ids", ARRAY(Text), nullable=False, comment="those whom they could get"),
    Column("row_price", LargeBinary, nullable=False, comment="int64, little endian"),
    Column("column_price", LargeBinary, nullable=False, comment="int64, little endian"),
    Column("inputs", LargeBinary, comment="the people and rules as they were then: JSON, deflated"),
)

offer_policy = Table(
    "offer_policy",
    metadata,
    Column(
        "programme_id",
        UUID(as_uuid=True),
        ForeignKey("programme.id", name="fk_offer_policy_programme"),
        primary_key=True,
    ),
    Column("version", BigInteger, nullable=False),
    Column("cascade_limit", SmallInteger, nullable=False),
    Column("self_match", Boolean, nullable=False),
    CheckConstraint("cascade_limit BETWEEN 0 AND 20", name="ck_offer_policy_cascade_limit"),
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
    Column("origin", Text, nullable=False, server_default=text("'run'")),
    _time("settled_at", comment="when it was over: declined, expired or ended"),
    CheckConstraint("status IN ('proposed', 'active', 'declined', 'expired', 'ended')", name="ck_match_status"),
    CheckConstraint("origin IN ('run', 'cascade', 'request', 'rematch', 'import')", name="ck_match_origin"),
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
