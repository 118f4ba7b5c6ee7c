"""How a batch of rows reaches a projection: one statement over arrays, the same result in whatever order they come."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Table, TextClause, text
from sqlalchemy.dialects import postgresql

from chassis.transaction import Tx

Row = Mapping[str, Any]
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


async def keep_newest(tx: Tx, table: Table, rows: Sequence[Row]) -> None:
    """Upsert states: of each thing the highest version stays, whether it was there or has just come."""
    if rows:
        await tx.connection.execute(_newest(table), _arrays(table, rows))


async def record_once(tx: Tx, table: Table, rows: Sequence[Row]) -> None:
    """Insert facts; those that are there already stay as they are."""
    if rows:
        await tx.connection.execute(_once(table), _arrays(table, rows))


def _arrays(table: Table, rows: Sequence[Row]) -> dict[str, list[Any]]:
    return {column.name: [row[column.name] for row in rows] for column in table.columns}


@lru_cache(maxsize=64)
def _newest(table: Table) -> TextClause:
    key = _key(table)
    changed = ", ".join(f"{name} = excluded.{name}" for name in _column_names(table) if name != key)
    return text(
        f"INSERT INTO {table.name} AS held ({_names(table)})"  # noqa: S608  the names are our own tables'
        f" SELECT DISTINCT ON ({key}) {_values(table)} FROM {_unnested(table)}{_unless_erased(table)}"
        f" ORDER BY {key}, version DESC, said_by DESC"
        f" ON CONFLICT ({key}) DO UPDATE SET {changed}"
        " WHERE (held.version, held.said_by) < (excluded.version, excluded.said_by)"
    )


@lru_cache(maxsize=64)
def _once(table: Table) -> TextClause:
    key = _key(table)
    return text(
        f"INSERT INTO {table.name} ({_names(table)})"  # noqa: S608  the names are our own tables'
        f" SELECT {_values(table)} FROM {_unnested(table)}{_unless_erased(table)}"
        f" ORDER BY {key} ON CONFLICT ({key}) DO NOTHING"
    )


def _key(table: Table) -> str:
    return ", ".join(column.name for column in table.primary_key)


def _names(table: Table) -> str:
    return ", ".join(_column_names(table))


def _column_names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _values(table: Table) -> str:
    return ", ".join(_value(column) for column in table.columns)


def _value(column: Column[Any]) -> str:
    if column.name != "owner_id":
        return column.name
    # a programme outlives its owner
    return "CASE WHEN EXISTS (SELECT FROM erased WHERE erased.employee_id = owner_id) THEN NULL ELSE owner_id END"


def _unnested(table: Table) -> str:
    arrays = ", ".join(f"CAST(:{column.name} AS {_type(column)}[])" for column in table.columns)
    return f"unnest({arrays}) AS new ({_names(table)})"


def _type(column: Column[Any]) -> str:
    return column.type.compile(dialect=_DIALECT)


def _unless_erased(table: Table) -> str:
    if table.name == "erased" or "employee_id" not in table.columns:
        return ""
    return " WHERE NOT EXISTS (SELECT FROM erased WHERE erased.employee_id = new.employee_id)"
