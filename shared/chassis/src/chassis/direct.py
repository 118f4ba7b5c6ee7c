"""The chassis's own statements straight to asyncpg, in the transaction that SQLAlchemy's connection stands for.

A statement through SQLAlchemy takes about four times the CPU time of the same through asyncpg (docs/decisions), and
those of inbox and outbox are part of every message. What fails is handled by SQLAlchemy, as if it had been asked.
"""

from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from typing import Any, NoReturn, TypeVar, cast

import asyncpg
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.util import greenlet_spawn

T = TypeVar("T")


class Session(asyncpg.Connection):
    """asyncpg's connection with transactions that can say something in the round trip that begins or ends them."""

    def transaction(self, **options: Any) -> Any:
        """A transaction; one with options is asyncpg's own."""
        return super().transaction(**options) if any(options.values()) else Transaction(self)


class Transaction:
    """A transaction with a first and a last word."""

    __slots__ = ("_session", "last")

    def __init__(self, session: Session) -> None:
        self._session = session
        self.last = ""

    async def start(self) -> None:
        await self._session.execute("BEGIN")

    async def commit(self) -> None:
        try:
            await self._session.execute(f"{self.last}COMMIT")
        except asyncpg.PostgresError:
            # If it was the last word that failed, there was no commit, and nobody else will end this.
            if self._session.is_in_transaction():
                await self._session.execute("ROLLBACK")
            raise

    async def rollback(self) -> None:
        await self._session.execute("ROLLBACK")


async def begin(connection: AsyncConnection, first: str = "") -> str:
    """Begin the transaction and run a first statement in the same round trip; gives that statement's status.

    `first` is plain SQL: only what we make ourselves may stand in it. Where a transaction is begun, it runs in that.
    """
    adapter, driver = _parts(connection)
    if adapter._transaction is None:  # noqa: SLF001  the adapter itself begins when it first executes
        # Noted before it is sent, so that whatever happens meanwhile is rolled back as every transaction is.
        adapter._transaction = driver.transaction()  # noqa: SLF001
        first = f"BEGIN;{first}"
    return await _watched(connection, driver.execute(first)) if first else ""


async def end_with(connection: AsyncConnection, last: str) -> bool:
    """Run `last` in the round trip that commits; whether that can be. What is said of `first` holds for it too."""
    await begin(connection)
    transaction = _parts(connection)[0]._transaction  # noqa: SLF001
    if not isinstance(transaction, Transaction):
        return False
    transaction.last = f"{last};"
    return True


async def execute(connection: AsyncConnection, statement: str, *values: Any) -> str:
    """Run a prepared statement whose rows nobody wants; gives its status."""
    await begin(connection)
    return await _watched(connection, _parts(connection)[1].execute(statement, *values))


async def fetch(connection: AsyncConnection, statement: str, *values: Any) -> list[asyncpg.Record]:
    """Run a prepared statement and give its rows."""
    await begin(connection)
    return await _watched(connection, _parts(connection)[1].fetch(statement, *values))


async def read(connection: AsyncConnection, statement: str, *values: Any) -> list[asyncpg.Record]:
    """Run a prepared statement that changes and locks nothing, and give its rows.

    No transaction is begun for it: one that has only read is spared the round trips of its beginning and its end.
    """
    return await _watched(connection, _parts(connection)[1].fetch(statement, *values))


async def pages(
    connection: AsyncConnection, statement: str, *values: Any, size: int
) -> AsyncIterator[list[asyncpg.Record]]:
    """The rows of a prepared statement, so many at a time: they need never all be held at once."""
    await begin(connection)
    cursor = await _watched(connection, _opened(_parts(connection)[1].cursor(statement, *values)))
    while rows := await _watched(connection, cursor.fetch(size)):
        yield rows


async def copy(connection: AsyncConnection, table: str, columns: Sequence[str], records: Sequence[Any]) -> None:
    """Write many rows with `COPY`."""
    await begin(connection)
    work = _parts(connection)[1].copy_records_to_table(table, columns=columns, records=records)
    await _watched(connection, work)


def _parts(connection: AsyncConnection) -> tuple[Any, asyncpg.Connection]:
    fairy = cast("Connection", connection.sync_connection).connection
    return fairy.dbapi_connection, cast("asyncpg.Connection", fairy.driver_connection)


async def _opened(cursor: Awaitable[T]) -> T:
    return await cursor


async def _watched(connection: AsyncConnection, work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    except BaseException as error:
        await greenlet_spawn(_tell, cast("Connection", connection.sync_connection), error)
        raise


def _tell(connection: Connection, error: BaseException) -> NoReturn:
    """Let SQLAlchemy raise the error as its own, and forget the connection if it is lost or left in mid-sentence."""
    adapter: Any = connection.connection.dbapi_connection
    try:
        if isinstance(error, Exception):
            adapter._handle_exception(error)  # noqa: SLF001
        raise error
    except BaseException as translated:  # noqa: BLE001
        connection._handle_dbapi_exception(translated, None, None, None, None)  # noqa: SLF001
