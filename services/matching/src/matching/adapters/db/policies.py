"""How programmes make offers beside their runs, and the questions that single offers raise."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from chassis import direct
from chassis.transaction import Tx
from contracts.matching import Format
from matching.domain.cascade import OfferPolicy


class Revision(NamedTuple):
    """Tells one state of a programme's participants from any other: each change makes a version greater."""

    people: int
    versions: int


class Prospects(NamedTuple):
    """What decides on recommendations: the programme, and which mentors are left for somebody."""

    status: str
    format: Format
    owner_id: str
    self_match: bool
    asks: bool
    """Whether somebody takes part as a mentee now."""
    free: frozenset[str]
    """Mentors with a place who were not offered to this mentee before."""


async def prospects_of(tx: Tx, programme_id: UUID, mentee: str, names: Collection[str]) -> Prospects | None:
    """All that recommendations have to ask, of the mentors with these names; nothing without such a programme."""
    found = await direct.read(tx.connection, _PROSPECTS, programme_id, mentee, list(names))
    if not found:
        return None
    status, format_, owner_id, self_match, asks, free, before = found[0]
    return Prospects(status, format_, owner_id, self_match, asks, frozenset(free) - frozenset(before))


async def policy_of(tx: Tx, programme_id: UUID) -> OfferPolicy:
    """How a programme makes offers; what goes without saying where nobody has said anything."""
    row = (await tx.connection.execute(_POLICY, {"id": programme_id})).first()
    return OfferPolicy() if row is None else OfferPolicy(row.cascade_limit, row.self_match, row.version)


async def save_policy(tx: Tx, programme_id: UUID, policy: OfferPolicy) -> None:
    """Store it; the caller has the programme locked."""
    await tx.connection.execute(
        _SAVE_POLICY,
        {
            "id": programme_id,
            "version": policy.version,
            "limit": policy.cascade_limit,
            "self_match": policy.self_match,
        },
    )


async def free_among(tx: Tx, programme_id: UUID, names: Collection[str]) -> dict[str, int]:
    """Places that these mentors have for somebody new: neither taken nor on offer; those without any are left out."""
    rows = await tx.connection.execute(_FREE, {"programme": programme_id, "names": list(names)})
    return {row.employee_id: row.free for row in rows}


async def further_offers(tx: Tx, programme_id: UUID, run_id: UUID | None, employee_id: str) -> int:
    """How many offers a mentee had after those of a run itself."""
    given = {"programme": programme_id, "run": run_id, "employee": employee_id}
    return int(await tx.connection.scalar(_FURTHER, given) or 0)


async def revision_of(tx: Tx, programme_id: UUID) -> Revision:
    """The state that a programme's participants are in."""
    row = (await tx.connection.execute(_REVISION, {"id": programme_id})).one()
    return Revision(row.people, int(row.versions))


async def self_matching(tx: Tx, since: datetime) -> list[UUID]:
    """Open programmes in which mentees may ask mentors, made since then, newest first."""
    rows = await tx.connection.execute(_SELF_MATCHING, {"since": since})
    return list(rows.scalars())


_POLICY = text("SELECT version, cascade_limit, self_match FROM offer_policy WHERE programme_id = :id")
_SAVE_POLICY = text(
    "INSERT INTO offer_policy (programme_id, version, cascade_limit, self_match)"
    " VALUES (:id, :version, :limit, :self_match) ON CONFLICT (programme_id) DO UPDATE"
    " SET version = excluded.version, cascade_limit = excluded.cascade_limit, self_match = excluded.self_match"
)
_PRESENT = "status = 'enrolled' AND NOT paused AND arm IS DISTINCT FROM 'control'"
_HAS_PLACE = f"{_PRESENT} AND 'mentor' = ANY(roles) AND least(capacity, most) > taken"
# A mentor's circle has no more people than the programme's rules say, whatever room the mentor has.
_MENTORS = (
    "participant CROSS JOIN LATERAL"
    " (SELECT count(*) AS taken FROM match_member JOIN match ON match.id = match_id"
    " WHERE participant_id = participant.id AND role = 'mentor' AND match.status IN ('proposed', 'active')) AS used"
    " CROSS JOIN LATERAL"
    " (SELECT CASE format WHEN 'group' THEN (rules ->> 'circle_max')::integer END AS most FROM programme"
    " WHERE programme.id = programme_id) AS circle"
)
_FREE = text(
    f"SELECT employee_id, least(capacity, most) - taken AS free FROM {_MENTORS}"  # noqa: S608
    f" WHERE programme_id = :programme AND employee_id = ANY(:names) AND {_HAS_PLACE}"
)
_PROSPECTS = (
    "SELECT programme.status, format, owner_id, coalesce(self_match, false) AS self_match,"  # noqa: S608
    " EXISTS (SELECT FROM participant WHERE programme_id = $1 AND employee_id = $2"
    f" AND participant.{_PRESENT} AND 'mentee' = ANY(roles)) AS asks,"
    f" ARRAY(SELECT employee_id FROM {_MENTORS}"
    f" WHERE programme_id = $1 AND employee_id = ANY($3) AND participant.{_HAS_PLACE}) AS free,"
    " ARRAY(SELECT other.employee_id FROM match_member one JOIN match ON match.id = one.match_id"
    " JOIN match_member other ON other.match_id = match.id AND other.employee_id <> one.employee_id"
    " WHERE one.employee_id = $2 AND match.programme_id = $1) AS before"
    " FROM programme LEFT JOIN offer_policy ON programme_id = programme.id WHERE programme.id = $1"
)
_FURTHER = text(
    "SELECT count(*) FROM match JOIN match_member ON match_id = match.id"
    " WHERE programme_id = :programme AND employee_id = :employee AND origin = 'cascade'"
    " AND run_id IS NOT DISTINCT FROM CAST(:run AS uuid)"
)
_REVISION = text(
    "SELECT count(*) AS people, coalesce(sum(version), 0) AS versions FROM participant WHERE programme_id = :id"
)
_SELF_MATCHING = text(
    "SELECT programme.id FROM programme JOIN offer_policy ON programme_id = programme.id"
    " WHERE status = 'open' AND self_match AND created_at >= :since ORDER BY created_at DESC"
)
