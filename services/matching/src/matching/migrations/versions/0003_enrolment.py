"""Versions of rules, waiting lists, pauses, pairs set by hand, arms, and who has done the training."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NOBODY = sa.text("'{}'")
_ERASED = "null once they are erased"
_PARTICIPANT = (
    "opted_out",
    "by_rule",
    "waiting_since",
    "arm",
    "paused_until",
    "paused",
    "mentee_wishes",
    "meeting",
    "style",
    "interests",
)


def upgrade() -> None:
    _alter_programmes()
    _alter_participants()
    _add_rules()
    _add_pairs()
    _add_arms()
    op.add_column(
        "run", sa.Column("rules_version", sa.Integer(), comment="number of the programme's rules that it used")
    )
    op.create_table(
        "training",
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=True, comment=_ERASED),
        sa.PrimaryKeyConstraint("employee_id"),
    )


def _alter_programmes() -> None:
    op.add_column("programme", sa.Column("template", sa.Text(), comment="which template it was made from"))
    number = sa.Column("rules_version", sa.Integer(), server_default=sa.text("1"), nullable=False)
    number.comment = "number of the rules in force"
    op.add_column("programme", number)
    enrolment = sa.Column("enrolment", JSONB(), server_default=_NOBODY, nullable=False)
    enrolment.comment = "who may take part, and who shall"
    op.add_column("programme", enrolment)


def _alter_participants() -> None:
    def add(name: str, kind: sa.types.TypeEngine[Any], comment: str | None = None, default: str | None = None) -> None:
        given = sa.text(default) if default else None
        op.add_column(
            "participant", sa.Column(name, kind, server_default=given, nullable=default is None, comment=comment)
        )

    add("interests", ARRAY(sa.Text()), default="'{}'")
    add("style", sa.Text())
    add("meeting", sa.Text())
    add("mentee_wishes", ARRAY(sa.Text()), default="'{}'")
    add("paused", sa.Boolean(), default="false")
    add("paused_until", sa.DateTime(timezone=True), "null: until they resume")
    add("arm", sa.Text(), "null: nobody has drawn arms yet")
    add("waiting_since", sa.DateTime(timezone=True), "place on the waiting list")
    add("by_rule", sa.Boolean(), "enrolled by the programme", "false")
    add("opted_out", sa.Boolean(), "no rule enrols them again", "false")
    op.drop_constraint("ck_participant_status", "participant")
    op.create_check_constraint(
        "ck_participant_status", "participant", "status IN ('enrolled', 'waitlisted', 'withdrawn')"
    )
    op.create_check_constraint(
        "ck_participant_waiting", "participant", "(waiting_since IS NULL) = (status <> 'waitlisted')"
    )
    op.create_check_constraint("ck_participant_arm", "participant", "arm IN ('treatment', 'control')")
    # Until now the only ways out were leaving by oneself or by the manager, and leaving the company.
    op.execute(
        "UPDATE participant SET opted_out = true FROM employee WHERE employee.employee_id = participant.employee_id"
        " AND participant.status = 'withdrawn' AND employee.status = 'active'"
    )
    waiting = sa.text("status = 'waitlisted'")
    columns = ["programme_id", "waiting_since", "id"]
    op.create_index("ix_participant_waiting", "participant", columns, postgresql_where=waiting)


def _add_rules() -> None:
    op.create_table(
        "rules_version",
        sa.Column("programme_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=True, comment=_ERASED),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name="fk_rules_version_programme"),
        sa.PrimaryKeyConstraint("programme_id", "number"),
    )
    op.create_index("ix_rules_version_author", "rules_version", ["author_id"])
    # The digest of rules that were stored before is not known to the database; it is that of the code that reads them.
    op.execute(
        "INSERT INTO rules_version (programme_id, number, digest, author_id, made_at, rules)"
        " SELECT id, 1, '', owner_id, created_at, rules FROM programme"
    )


def _add_pairs() -> None:
    op.create_table(
        "programme_pair",
        sa.Column("programme_id", sa.UUID(), nullable=False),
        sa.Column("mentee_id", sa.Text(), nullable=False, comment="among peers the smaller id"),
        sa.Column("mentor_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=True, comment=_ERASED),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('must_match', 'forbidden')", name="ck_programme_pair_kind"),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name="fk_programme_pair_programme"),
        sa.PrimaryKeyConstraint("programme_id", "mentee_id", "mentor_id"),
    )
    op.create_index("ix_programme_pair_mentee", "programme_pair", ["mentee_id"])
    op.create_index("ix_programme_pair_mentor", "programme_pair", ["mentor_id"])


def _add_arms() -> None:
    op.create_table(
        "programme_arms",
        sa.Column("programme_id", sa.UUID(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("share", sa.Numeric(5, 4), nullable=False, comment="of the people of each stratum who are held out"),
        sa.Column("strata", ARRAY(sa.Text()), server_default=_NOBODY, nullable=False),
        sa.Column("roles", ARRAY(sa.Text()), server_default=_NOBODY, nullable=False),
        sa.Column("population", sa.Integer(), nullable=False, comment="among whom was drawn"),
        sa.Column("held_out", sa.Integer(), nullable=False),
        sa.Column("drawn_by", sa.Text(), nullable=True, comment=_ERASED),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name="fk_programme_arms_programme"),
        sa.PrimaryKeyConstraint("programme_id"),
    )


def downgrade() -> None:
    for table in ("training", "programme_arms", "programme_pair", "rules_version"):
        op.drop_table(table)
    op.drop_column("run", "rules_version")
    op.drop_index("ix_participant_waiting", "participant")
    for name in ("arm", "waiting", "status"):
        op.drop_constraint(f"ck_participant_{name}", "participant")
    op.execute("UPDATE participant SET status = 'withdrawn' WHERE status = 'waitlisted'")
    op.create_check_constraint("ck_participant_status", "participant", "status IN ('enrolled', 'withdrawn')")
    for name in _PARTICIPANT:
        op.drop_column("participant", name)
    for name in ("enrolment", "rules_version", "template"):
        op.drop_column("programme", name)
