"""What a consumer has handled: claimed in the transaction of its effects, so that each effect happens once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import direct

_CLAIM = (
    "INSERT INTO inbox (consumer, event_id, digest)"
    " SELECT $1, event_id, digest FROM unnest($2::uuid[], $3::bytea[]) AS claim (event_id, digest)"
    " ORDER BY event_id ON CONFLICT DO NOTHING"
)
_CLAIM_ONE = (
    "INSERT INTO inbox (consumer, event_id, digest) VALUES ('{consumer}', '{identity}', '\\x{digest}')"
    " ON CONFLICT DO NOTHING"
)
"""One is claimed together with `BEGIN`, a round trip less; durable, UUID and hexadecimal digits need no quoting."""
_KNOWN = (
    "SELECT event_id, digest, xmin = pg_current_xact_id()::xid AS ours FROM inbox"
    " WHERE consumer = $1 AND event_id = ANY($2::uuid[])"
)
_FORGET_FAILURES = text("DELETE FROM inbox_failure WHERE consumer = :consumer AND event_id = ANY(CAST(:ids AS uuid[]))")
_FAIL = text(
    "INSERT INTO inbox_failure (consumer, event_id, failures, reason) VALUES (:consumer, :id, 1, :reason)"
    " ON CONFLICT (consumer, event_id) DO UPDATE SET failures = inbox_failure.failures + 1, alone = 0,"
    " reason = excluded.reason, failed_at = now() RETURNING failures"
)
_ALONE = text(
    "INSERT INTO inbox_failure (consumer, event_id, alone, reason) VALUES (:consumer, :id, 1, 'no_outcome')"
    " ON CONFLICT (consumer, event_id) DO UPDATE SET alone = inbox_failure.alone + 1, failed_at = now() RETURNING alone"
)
_NOT_ALONE = text("UPDATE inbox_failure SET alone = 0 WHERE consumer = :consumer AND event_id = :id")


@dataclass(frozen=True, slots=True)
class Claims:
    """Which events are this transaction's to handle, and what was handled, here or before, under each identity."""

    new: frozenset[UUID]
    digests: Mapping[UUID, bytes]

    def is_reused(self, identity: UUID, digest: bytes) -> bool:
        """Whether this says something else than what was handled under its identity."""
        return self.digests[identity] != digest


async def claim(connection: AsyncConnection, consumer: str, events: Sequence[tuple[UUID, bytes]]) -> Claims:
    """Claim events (identity, digest of the body). Waits for another transaction that holds the same one."""
    digests = dict(events)
    if await _claimed(connection, consumer, events) == f"INSERT 0 {len(digests)}":
        return Claims(frozenset(digests), digests)
    known = await direct.fetch(connection, _KNOWN, consumer, list(digests))
    new = frozenset(row["event_id"] for row in known if row["ours"])
    return Claims(new, digests | {row["event_id"]: row["digest"] for row in known})


async def _claimed(connection: AsyncConnection, consumer: str, events: Sequence[tuple[UUID, bytes]]) -> str:
    if len(events) > 1:
        ids, digests = [identity for identity, _ in events], [digest for _, digest in events]
        return await direct.execute(connection, _CLAIM, consumer, ids, digests)
    identity, digest = events[0]
    return await direct.begin(connection, _CLAIM_ONE.format(consumer=consumer, identity=identity, digest=digest.hex()))


async def forget_failures(connection: AsyncConnection, consumer: str, ids: Sequence[UUID]) -> None:
    """Drop the failure counts of events that were handled after all, or dead-lettered."""
    await connection.execute(_FORGET_FAILURES, {"consumer": consumer, "ids": list(ids)})


async def count_failure(connection: AsyncConnection, consumer: str, identity: UUID, reason: str) -> int:
    """Count one more failure and give the total."""
    return int((await connection.execute(_FAIL, {"consumer": consumer, "id": identity, "reason": reason})).scalar_one())


async def begin_alone(connection: AsyncConnection, consumer: str, identity: UUID) -> int:
    """Note, before handling a suspect alone, that it is tried; gives how often that left no outcome, this included."""
    return int((await connection.execute(_ALONE, {"consumer": consumer, "id": identity})).scalar_one())


async def end_alone(connection: AsyncConnection, consumer: str, identity: UUID) -> None:
    """The suspect had an outcome: it kills nothing."""
    await connection.execute(_NOT_ALONE, {"consumer": consumer, "id": identity})
