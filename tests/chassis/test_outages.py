"""Whatever becomes of a request's connection, the caller is told to come back, never that we failed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from chassis import direct
from chassis.direct import Transaction
from chassis.failures import Meaning, meaning_of
from chassis.health import Readiness
from chassis.problems import database_problem
from chassis.transaction import Database, Tx
from mentorship.local.issuer import Issuer
from tests.chassis.notebook import REVISION, Notebook, opened
from tests.conftest import Bearer

LOST = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
BUSY = asyncpg.InterfaceError("cannot perform operation: another operation is in progress")
BROKEN = asyncpg.InternalClientError("got result for unknown protocol state 3")
FAILURES = [
    pytest.param(LOST, id="lost"),
    pytest.param(BUSY, id="busy"),
    pytest.param(BROKEN, id="broken"),
    pytest.param(asyncpg.InterfaceError("connection is closed"), id="closed"),
    pytest.param(asyncpg.AdminShutdownError("terminating connection due to administrator command"), id="57P01"),
    pytest.param(asyncpg.CrashShutdownError("terminating connection because of crash"), id="57P02"),
    pytest.param(asyncpg.CannotConnectNowError("the database system is starting up"), id="57P03"),
    pytest.param(asyncpg.TooManyConnectionsError("sorry, too many clients already"), id="53300"),
    pytest.param(asyncpg.InvalidPasswordError("password authentication failed"), id="28P01"),
    pytest.param(asyncpg.InvalidAuthorizationSpecificationError("role is not permitted to log in"), id="28000"),
    pytest.param(asyncpg.InvalidCatalogNameError("database does not exist"), id="3D000"),
    pytest.param(asyncpg.IdleInTransactionSessionTimeoutError("terminating connection"), id="25P03"),
    pytest.param(asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"), id="25006"),
    pytest.param(asyncpg.SerializationError("could not serialize access"), id="40001"),
    pytest.param(asyncpg.DeadlockDetectedError("deadlock detected"), id="40P01"),
    pytest.param(asyncpg.QueryCanceledError("canceling statement due to statement timeout"), id="57014"),
    pytest.param(ConnectionResetError("Connection reset by peer"), id="reset"),
    pytest.param(OSError("Temporary failure in name resolution"), id="no address"),
    pytest.param(TimeoutError(), id="late"),
]


@contextmanager
def failing(notebook: Notebook, at: str, error: Exception) -> Iterator[None]:
    """Every connection of the notebook fails so at one point of its life."""
    engine = notebook.database.engine.sync_engine

    def fail(*_: Any) -> None:
        raise error

    event.listen(engine, at, fail)
    try:
        yield
    finally:
        event.remove(engine, at, fail)


@pytest.mark.parametrize("error", FAILURES)
async def test_a_connection_that_fails_while_it_is_made_ready_is_503(
    notebook: Notebook, client: httpx.AsyncClient, bearer: Bearer, error: Exception
) -> None:
    # SQLAlchemy asks for the types of JSON on each new connection, and what that raises is asyncpg's own.
    await notebook.database.engine.dispose()
    with failing(notebook, "connect", error):
        answer = await client.post("/v1/notes", json={"words": "hello"}, headers=bearer("E1", "employee"))
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True), answer.text
    assert answer.json()["code"] in {"database_away", "contention"}
    assert (await client.get("/v1/notes", headers=bearer("E1", "employee"))).json()["items"] == []


async def test_a_server_that_dies_between_the_password_and_the_first_question_is_503(
    notebook: Notebook, client: httpx.AsyncClient, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = asyncpg.Connection.set_type_codec

    async def die_first(connection: asyncpg.Connection, *names: Any, **options: Any) -> None:
        with suppress(asyncpg.PostgresError):
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        await ask(connection, *names, **options)

    headers = bearer("E1", "employee")
    await notebook.database.engine.dispose()
    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Connection, "set_type_codec", die_first)
        answer = await client.get("/v1/notes", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away"), answer.text
    assert (await client.get("/v1/notes", headers=headers)).status_code == 200


async def test_a_password_that_is_no_longer_accepted_is_an_outage(
    notebook_url: str, issuer: Issuer, bearer: Bearer
) -> None:
    headers, admin = bearer("E1", "employee"), await asyncpg.connect(notebook_url)
    await admin.execute("CREATE ROLE locked_out SUPERUSER LOGIN PASSWORD 'first'")
    url = f"postgresql://locked_out:first@{notebook_url.rpartition('@')[2]}"
    try:
        async with opened(url, issuer.url, requests_per_second=0) as notebook, notebook.client() as client:
            assert (await client.get("/v1/notes", headers=headers)).status_code == 200
            await admin.execute("ALTER ROLE locked_out PASSWORD 'second'")
            await notebook.database.engine.dispose()
            answer = await client.get("/v1/notes", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
            assert await Readiness(lambda: notebook.database, REVISION).reason() == "database_away"
            await admin.execute("ALTER ROLE locked_out PASSWORD 'first'")
            assert (await client.get("/v1/notes", headers=headers)).status_code == 200
    finally:
        await admin.execute("DROP ROLE locked_out")
        await admin.close()


@pytest.mark.parametrize("error", FAILURES)
@pytest.mark.parametrize("step", ["start", "commit", "rollback"])
async def test_a_transaction_that_fails_where_it_begins_or_ends_is_503(
    notebook: Notebook,
    client: httpx.AsyncClient,
    bearer: Bearer,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    error: Exception,
) -> None:
    async def fail(_: Transaction) -> None:
        raise error

    headers = bearer("E1", "employee")
    with monkeypatch.context() as patch:
        patch.setattr(Transaction, step, fail)
        words = "refuse" if step == "rollback" else "hello"
        answer = await client.post("/v1/notes", json={"words": words}, headers=headers)
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True), answer.text
    assert (await client.get("/v1/notes", headers=headers)).json()["items"] == []


async def test_what_could_not_be_rolled_back_is_not_committed_by_the_next(
    notebook: Notebook, client: httpx.AsyncClient, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Transaction) -> None:
        raise BUSY

    headers = bearer("E1", "employee")
    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "rollback", fail)
        await client.post("/v1/notes", json={"words": "refuse"}, headers=headers)
    assert (await client.post("/v1/notes", json={"words": "next"}, headers=headers)).status_code == 201
    assert await notebook.rows("SELECT words FROM note") == [("next",)]


async def _after_the_end(database: Database, ask: Callable[[Tx], Awaitable[Any]]) -> None:
    async with database.transaction() as tx:
        await ask(tx)
        await asyncio.sleep(0.5)
        await ask(tx)


async def _regardless(database: Database) -> None:
    async with database.transaction() as tx:
        with pytest.raises(DBAPIError):
            await tx.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


async def test_a_transaction_that_the_server_ended_is_an_outage(probe_url: str) -> None:
    database = Database(probe_url, "/mentorship/probe", seconds=0.1)
    asked: tuple[Callable[[Tx], Awaitable[Any]], ...] = (
        lambda tx: tx.connection.execute(text("SELECT 1")),
        lambda tx: direct.fetch(tx.connection, "SELECT 1"),
    )
    for ask in asked:
        with pytest.raises(DBAPIError) as ended:
            await _after_the_end(database, ask)
        assert meaning_of(ended.value, ()) is Meaning.DATABASE_AWAY
    await database.close()


@pytest.mark.parametrize(
    ("statement", "values"),
    [("SELECT $1::int", ()), ("SELECT $1::int", (1, 2)), ("SELECT 1", (1,)), ("SELECT $1::int", (1,) * 32_768)],
)
async def test_a_statement_that_was_given_the_wrong_number_of_values_is_a_fault_of_ours_and_no_outage(
    probe_url: str, statement: str, values: tuple[Any, ...]
) -> None:
    database = Database(probe_url, "/mentorship/probe")
    asked: tuple[Callable[[Tx], Awaitable[Any]], ...] = (
        lambda tx: tx.connection.exec_driver_sql(statement, values),
        lambda tx: direct.fetch(tx.connection, statement, *values),
        lambda tx: asyncpg.Connection.fetch(_driver(tx), statement, *values),
    )
    for ask in asked:
        with pytest.raises((DBAPIError, asyncpg.InterfaceError)) as wrong:
            await _in_transaction(database, ask)
        assert meaning_of(wrong.value, ()) is Meaning.UNKNOWN
        assert database_problem(wrong.value) is None
    await database.close()


async def _in_transaction(database: Database, ask: Callable[[Tx], Awaitable[Any]]) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text("SELECT 1"))
        await ask(tx)


def _driver(tx: Tx) -> Any:
    connection = tx.connection.sync_connection
    assert connection is not None
    return connection.connection.driver_connection


async def test_whoever_goes_on_after_a_loss_meets_the_same_outage(probe_url: str) -> None:
    database = Database(probe_url, "/mentorship/probe")
    with pytest.raises(PendingRollbackError) as after:
        await _regardless(database)
    assert meaning_of(after.value, ()) is Meaning.DATABASE_AWAY
    await database.close()


@pytest.mark.parametrize("error", FAILURES)
async def test_a_database_that_does_not_answer_the_probe_is_away(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(asyncpg, "connect", fail)
    assert await Readiness(lambda: notebook.database, REVISION).reason() == "database_away"
