"""What is asked of the projections. Figures depend on recorded facts and states alone, never on the clock of today."""

from collections import defaultdict
from uuid import UUID

from sqlalchemy import text

from analytics.domain.cells import NOTHING, Count
from analytics.domain.health import Counts, Programme
from chassis.transaction import Tx

_PROGRAMME = text("SELECT programme_id, format, open, owner_id FROM programme WHERE programme_id = :programme_id")
_PROGRAMMES = text(
    "SELECT programme_id, format, open, owner_id,"
    " (SELECT count(DISTINCT employee_id) FROM participant"
    "  WHERE participant.programme_id = programme.programme_id AND enrolled) AS enrolled"
    " FROM programme WHERE (CAST(:owner_id AS text) IS NULL OR owner_id = :owner_id)"
    " AND (CAST(:after AS uuid) IS NULL OR programme_id < :after)"
    " ORDER BY programme_id DESC LIMIT :limit"
)
_DELIVERY = text(
    "SELECT kind, outcome, count(*) AS value, count(DISTINCT employee_id) AS people FROM message_fact"
    " WHERE channel = :channel GROUP BY kind, outcome ORDER BY kind, outcome"
)

# One statement, so that all figures are of one instant. Each row: figure, cell, how many, how many different people;
# rows of one cell add up.
_COUNTS = text("""
WITH place AS (
  SELECT employee_id, bool_or(enrolled) AS enrolled, bool_or(enrolled AND mentor) AS mentor,
    bool_or(enrolled AND mentee) AS mentee, bool_or(enrolled AND peer) AS peer,
    bool_or(enrolled AND arm = 'control') AS held_out
  FROM participant WHERE programme_id = :programme_id GROUP BY employee_id
), activated AS (
  SELECT match_id, min(at) AS at FROM match_fact
  WHERE programme_id = :programme_id AND kind = 'activated' GROUP BY match_id
), matched AS (
  SELECT employee_id, min(at) AS at FROM activated JOIN match_member USING (match_id) GROUP BY employee_id
), enrolment AS (
  SELECT employee_id, min(at) AS at FROM participant_fact
  WHERE programme_id = :programme_id AND kind = 'enrolled' GROUP BY employee_id
), waited AS (
  SELECT employee_id, extract(epoch FROM matched.at - enrolment.at) AS seconds
  FROM matched JOIN enrolment USING (employee_id)
), empty_handed AS (
  SELECT DISTINCT ON (employee_id) employee_id, reason FROM participant_fact JOIN place USING (employee_id)
  WHERE programme_id = :programme_id AND kind = 'unmatched' AND enrolled AND NOT held_out
    AND NOT EXISTS (SELECT FROM matched WHERE matched.employee_id = participant_fact.employee_id)
  ORDER BY employee_id, at DESC, identity
), offer AS (
  SELECT match_id, CASE WHEN bool_or(kind = 'activated') THEN 'accepted' WHEN bool_or(kind = 'declined') THEN 'declined'
    WHEN bool_or(kind = 'expired') THEN 'expired' WHEN bool_or(kind = 'ended') THEN 'withdrawn'
    ELSE 'open' END AS outcome
  FROM match_fact WHERE programme_id = :programme_id GROUP BY match_id
), last_run AS (
  SELECT people, pairs, total_score, upper_bound, least(people, 2 * pairs) AS paired FROM run
  WHERE programme_id = :programme_id AND status IN ('completed', 'published') ORDER BY run_id DESC LIMIT 1
), pair AS (
  SELECT relationship_id, CASE WHEN open THEN 'open' ELSE 'closed' END AS state
  FROM relationship WHERE programme_id = :programme_id
), meeting AS (
  SELECT session_id, status, duration_minutes FROM session WHERE programme_id = :programme_id
), answer AS (
  SELECT employee_id, question, score FROM feedback_fact,
    LATERAL (VALUES ('usefulness', usefulness), ('fit', fit)) AS asked (question, score)
  WHERE programme_id = :programme_id AND score IS NOT NULL
), colleague AS (
  SELECT place.employee_id, coalesce(department, '') AS department, coalesce(location, '') AS location,
    CASE WHEN level IS NULL THEN '' WHEN level < 3 THEN '0-2' WHEN level < 6 THEN '3-5' WHEN level < 9 THEN '6-8'
      ELSE '9 and more' END AS level
  FROM place LEFT JOIN employee USING (employee_id) WHERE enrolled
)
SELECT 'everybody' AS figure, 'all' AS cell, count(*) AS value, count(*) AS people FROM place
UNION ALL SELECT 'enrolment', CASE WHEN enrolled THEN 'enrolled' ELSE 'withdrawn' END, count(*), count(*)
  FROM place GROUP BY 2
UNION ALL SELECT 'role', role, count(*), count(*)
  FROM place, LATERAL (VALUES ('mentor', mentor), ('mentee', mentee), ('peer', peer)) AS has (role, it)
  WHERE it GROUP BY role
UNION ALL SELECT 'matching', CASE WHEN held_out THEN 'held_out' WHEN matched.employee_id IS NULL THEN 'unmatched'
    ELSE 'matched' END, count(*), count(*)
  FROM place LEFT JOIN matched USING (employee_id) WHERE enrolled GROUP BY 2
UNION ALL SELECT 'time_to_match', CASE WHEN seconds <= 3600 THEN 'within_an_hour'
    WHEN seconds <= 86400 THEN 'within_a_day' WHEN seconds <= 604800 THEN 'within_a_week'
    WHEN seconds <= 2592000 THEN 'within_30_days' ELSE 'longer' END, count(*), count(*)
  FROM waited GROUP BY 2
UNION ALL SELECT 'run', cell, value, stand_behind
  FROM last_run, LATERAL (VALUES ('people', CAST(people AS bigint), people), ('pairs', pairs, paired),
    ('score', total_score, paired), ('bound', upper_bound, people)) AS said (cell, value, stand_behind)
UNION ALL SELECT 'unmatched_reason', reason, count(*), count(*) FROM empty_handed GROUP BY reason
UNION ALL SELECT 'offers', outcome, count(*), 0 FROM offer GROUP BY outcome
UNION ALL SELECT 'offers', outcome, 0, count(*)
  FROM (SELECT DISTINCT outcome, employee_id FROM offer JOIN match_member USING (match_id)) AS asked GROUP BY outcome
UNION ALL SELECT 'relationships', state, count(*), 0 FROM pair GROUP BY state
UNION ALL SELECT 'relationships', state, 0, count(*)
  FROM (SELECT DISTINCT state, employee_id FROM pair JOIN relationship_member USING (relationship_id)) AS bound
  GROUP BY state
UNION ALL SELECT 'sessions', status, count(*), 0 FROM meeting GROUP BY status
UNION ALL SELECT 'sessions', status, 0, count(*)
  FROM (SELECT DISTINCT status, employee_id FROM meeting JOIN session_member USING (session_id)) AS met GROUP BY status
UNION ALL SELECT 'minutes', status, sum(duration_minutes), count(*) FROM meeting GROUP BY status
UNION ALL SELECT 'goals', CASE WHEN progress = 100 THEN 'achieved' ELSE 'under_way' END, count(*),
    count(DISTINCT employee_id)
  FROM goal WHERE programme_id = :programme_id GROUP BY 2
UNION ALL SELECT question, CASE WHEN score < 3 THEN 'low' WHEN score = 3 THEN 'middle' ELSE 'high' END, count(*),
    count(DISTINCT employee_id)
  FROM answer GROUP BY 1, 2
UNION ALL SELECT question || '_total', 'points', sum(score), count(DISTINCT employee_id) FROM answer GROUP BY 1
UNION ALL SELECT 'department', department, count(*), count(*) FROM colleague GROUP BY 2
UNION ALL SELECT 'location', location, count(*), count(*) FROM colleague GROUP BY 2
UNION ALL SELECT 'level', level, count(*), count(*) FROM colleague GROUP BY 2
""")


async def programme_of(tx: Tx, programme_id: UUID) -> Programme | None:
    """The programme, if it has been heard of."""
    row = (await tx.connection.execute(_PROGRAMME, {"programme_id": programme_id})).first()
    return None if row is None else Programme(*row)


async def programmes_after(
    tx: Tx, owner_id: str | None, after: UUID | None, limit: int
) -> list[tuple[Programme, Count]]:
    """Programmes, newest first, of one owner or of all, with how many people take part in each."""
    given = {"owner_id": owner_id, "after": after, "limit": limit}
    rows = await tx.connection.execute(_PROGRAMMES, given)
    return [(Programme(*row[:4]), Count(row.enrolled, row.enrolled)) for row in rows]


async def programme_counts(tx: Tx, programme_id: UUID) -> Counts:
    """Everything there is to count in a programme, in one consistent look."""
    counts: dict[str, dict[str, Count]] = defaultdict(dict)
    for row in await tx.connection.execute(_COUNTS, {"programme_id": programme_id}):
        so_far = counts[row.figure].get(row.cell, NOTHING)
        counts[row.figure][row.cell] = Count(so_far.value + int(row.value), so_far.people + row.people)
    return counts


async def delivery_counts(tx: Tx, channel: str) -> Counts:
    """Messages on a channel by kind and outcome."""
    counts: dict[str, dict[str, Count]] = defaultdict(dict)
    for row in await tx.connection.execute(_DELIVERY, {"channel": channel}):
        counts[row.kind][row.outcome] = Count(row.value, row.people)
    return counts
