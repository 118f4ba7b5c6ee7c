"""What proves a run's outcome: the prices, and the people and rules as they were."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from chassis.transaction import Tx


class Certificate(NamedTuple):
    """Prices in the order of the run's people; both arrays as bytes of little-endian int64."""

    rows: Sequence[str]
    columns: Sequence[str]
    row_price: bytes
    column_price: bytes
    document: bytes | None
    """The whole run as `mentorship verify-run` takes it: JSON, deflated."""


async def add_certificate(tx: Tx, run_id: UUID, certificate: Certificate) -> None:
    """Keep it with the run."""
    await tx.connection.execute(
        text(
            "INSERT INTO run_certificate (run_id, row_ids, column_ids, row_price, column_price, inputs)"
            " VALUES (:run, :rows, :columns, :row_price, :column_price, :document)"
        ),
        {"run": run_id, **certificate._asdict(), "rows": list(certificate.rows), "columns": list(certificate.columns)},
    )


async def document_of(tx: Tx, run_id: UUID) -> bytes | None:
    """The whole run, deflated, if it is kept."""
    found = await tx.connection.scalar(text("SELECT inputs FROM run_certificate WHERE run_id = :run"), {"run": run_id})
    return None if found is None else bytes(found)


async def prices_of(tx: Tx, run_id: UUID, row: str, column: str) -> tuple[int, int] | None:
    """The prices of one row and one column, if both stand in the certificate."""
    found = (await tx.connection.execute(_PRICES, {"run": run_id, "row": row, "column": column})).first()
    if found is None or found.row_price is None or found.column_price is None:
        return None
    return (
        int.from_bytes(found.row_price, "little", signed=True),
        int.from_bytes(found.column_price, "little", signed=True),
    )


_PRICES = text(
    "SELECT substring(row_price FROM 8 * array_position(row_ids, CAST(:row AS text)) - 7 FOR 8) AS row_price,"
    " substring(column_price FROM 8 * array_position(column_ids, CAST(:column AS text)) - 7 FOR 8) AS column_price"
    " FROM run_certificate WHERE run_id = :run"
)
