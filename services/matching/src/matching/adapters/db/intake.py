"""What publishers have handed in before."""

from collections.abc import Sequence

from sqlalchemy import text

from chassis.transaction import Tx


async def payloads_of(tx: Tx, identities: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
    """The data of events that the outbox still has, by (source, id)."""
    if not identities:
        return {}
    rows = await tx.connection.execute(
        text(
            "SELECT source, event_id, payload FROM outbox JOIN unnest(CAST(:sources AS text[]), CAST(:ids AS text[]))"
            " AS given (source, event_id) USING (source, event_id)"
        ),
        {"sources": [source for source, _ in identities], "ids": [event_id for _, event_id in identities]},
    )
    return {(row.source, row.event_id): bytes(row.payload) for row in rows}


async def refusals(tx: Tx) -> list[dict[str, object]]:
    """How many events of each source were refused after they had come in, by reason."""
    rows = await tx.connection.execute(
        text("SELECT source, reason, refused, last_at FROM hr_refusal ORDER BY source, reason")
    )
    return [dict(row) for row in rows.mappings()]
