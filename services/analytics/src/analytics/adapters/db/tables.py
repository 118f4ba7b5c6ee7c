"""The projections: *states*, of which the newest version counts, and *facts*, each recorded once by its identity.

Every column that names a person is called `employee_id` (or `owner_id`), so that forgetting somebody can be complete.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from chassis.tables import metadata_with_chassis

metadata = metadata_with_chassis(MetaData())


def _state(name: str, key: Column[str] | Column[object], *columns: Column[object], index: str = "") -> Table:
    # said_by is the identity of the event: of two with one version, always the same one wins, whatever came first
    return Table(
        name,
        metadata,
        key,
        Column("version", BigInteger, nullable=False),
        Column("said_by", Uuid, nullable=False),
        *columns,
        PrimaryKeyConstraint(key.name, name=f"pk_{name}"),
        *([Index(f"ix_{name}_{index.removesuffix('_id')}", index)] if index else []),
    )


def _fact(name: str, *columns: Column[object]) -> Table:
    return Table(
        name,
        metadata,
        Column("identity", Uuid, nullable=False),
        Column("programme_id", Uuid, nullable=False),
        *columns,
        Column("at", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("identity", name=f"pk_{name}"),
        Index(f"ix_{name}_programme", "programme_id"),
    )


def _members(name: str, key: str, *columns: Column[object]) -> Table:
    return Table(
        name,
        metadata,
        Column(key, Uuid, nullable=False),
        _text("employee_id"),
        _id("programme_id"),
        *columns,
        PrimaryKeyConstraint(key, "employee_id", name=f"pk_{name}"),
        Index(f"ix_{name}_employee", "employee_id"),
        Index(f"ix_{name}_programme", "programme_id"),
    )


def _id(name: str) -> Column[object]:
    return Column(name, Uuid, nullable=False)


def _text(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Text, nullable=nullable)


def _number(name: str) -> Column[object]:
    return Column(name, Integer, nullable=False)


def _yes_or_no(name: str) -> Column[object]:
    return Column(name, Boolean, nullable=False)


erased = Table(
    "erased",
    metadata,
    Column("employee_id", Text, nullable=False),
    PrimaryKeyConstraint("employee_id", name="pk_erased"),
)
employee = _state(
    "employee",
    _text("employee_id"),
    _text("department"),
    _text("location"),
    Column("level", SmallInteger, nullable=False),
)
employment = _state("employment", _text("employee_id"), _yes_or_no("active"))

programme = _state(
    "programme",
    _id("programme_id"),
    _text("format"),
    _text("owner_id", nullable=True),
    _yes_or_no("open"),
    index="owner_id",
)
participant = _state(
    "participant",
    _id("participant_id"),
    _id("programme_id"),
    _text("employee_id"),
    _yes_or_no("mentor"),
    _yes_or_no("mentee"),
    _yes_or_no("peer"),
    _text("arm"),
    _yes_or_no("enrolled"),
    index="programme_id",
)
participant_fact = _fact(
    "participant_fact", _id("participant_id"), _text("employee_id"), _text("kind"), _text("reason", nullable=True)
)
run = _state(
    "run",
    _id("run_id"),
    _id("programme_id"),
    _text("status"),
    _number("people"),
    _number("pairs"),
    Column("total_score", BigInteger, nullable=False),
    Column("upper_bound", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    index="programme_id",
)
match_member = _members("match_member", "match_id", _text("role"))
match_fact = _fact("match_fact", _id("match_id"), _text("kind"), _text("reason", nullable=True))
relationship = _state(
    "relationship",
    _id("relationship_id"),
    _id("programme_id"),
    _yes_or_no("open"),
    _text("reason", nullable=True),
    index="programme_id",
)
relationship_member = _members("relationship_member", "relationship_id", _text("role"))
session = _state(
    "session",
    _id("session_id"),
    _id("programme_id"),
    _text("status"),
    _number("duration_minutes"),
    index="programme_id",
)
session_member = _members("session_member", "session_id")
session_fact = _fact("session_fact", _id("session_id"), _text("kind"), _text("reason", nullable=True))
goal = _state(
    "goal",
    _id("goal_id"),
    _id("programme_id"),
    _text("employee_id"),
    _number("progress"),
    index="programme_id",
)
feedback_fact = _fact(
    "feedback_fact",
    _id("session_id"),
    _text("employee_id"),
    Column("usefulness", SmallInteger, nullable=False),
    Column("fit", SmallInteger, nullable=True),
)
message_fact = Table(
    "message_fact",
    metadata,
    _id("identity"),
    _id("message_id"),
    _text("employee_id"),
    _text("kind"),
    _text("channel"),
    _text("outcome"),
    _text("reason", nullable=True),
    Column("late_seconds", Float, nullable=True),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("identity", name="pk_message_fact"),
    Index("ix_message_fact_employee", "employee_id"),
)

for _table in (participant, participant_fact, goal, feedback_fact):
    Index(f"ix_{_table.name}_employee", _table.c.employee_id)
