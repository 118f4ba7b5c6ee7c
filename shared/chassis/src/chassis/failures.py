"""What an exception means for the message that caused it: try again, give up, or count."""

from enum import Enum

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.errors import Problem
from chassis.outbox import EventTooLarge


class Meaning(Enum):
    """The class of a failure."""

    DATABASE_AWAY = "database_away"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg raises where SQLAlchemy does not translate it: its own connections, and one that is made ready.

The "internal" one is of a connection that was ended between two of its steps.
"""
_TRANSIENT_STATES = {"40001", "40P01", "55P03", "57014"}
_AWAY_STATES = ("08", "28", "3D", "57P", "53", "25006", "25P03", "25P04")
"""Beginnings of codes; 28 and 3D are of a login that is refused, or whose database is not there."""
_WRONG_NUMBER = ("the server expects", "the number of query arguments")
"""How asyncpg begins what it says of a statement and its values: its class is that of lost connections, too."""


def meaning_of(error: BaseException, refusals: tuple[type[Exception], ...]) -> Meaning:
    """Classify a failure of a handler; `refusals` are the service's own refusals by a business rule."""
    if isinstance(error, (*refusals, EventTooLarge)) or (isinstance(error, Problem) and error.status < 500):
        return Meaning.PERMANENT
    if isinstance(error, PoolTimeout):
        return Meaning.TRANSIENT
    if isinstance(error, (DBAPIError, *DRIVER_ERRORS)):
        return _of_database(error)
    # The second is what SQLAlchemy says to whoever goes on with a connection that was lost.
    if isinstance(error, OSError | PendingRollbackError) and not isinstance(error, TimeoutError):
        return Meaning.DATABASE_AWAY
    return Meaning.UNKNOWN


def sqlstate_of(error: BaseException) -> str:
    """PostgreSQL's code of an error, if it is PostgreSQL's at all."""
    return str(getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", "") or "")


def _of_database(error: BaseException) -> Meaning:
    state = sqlstate_of(error)
    if state in _TRANSIENT_STATES:
        return Meaning.TRANSIENT
    if getattr(error, "connection_invalidated", False) or state.startswith(_AWAY_STATES):
        return Meaning.DATABASE_AWAY
    if str(_of_driver(error)).startswith(_WRONG_NUMBER):
        return Meaning.UNKNOWN
    # Without a state it is the driver that says so, of a connection that broke.
    if isinstance(error, (InterfaceError, OperationalError, InternalError, *DRIVER_ERRORS)) and not state:
        return Meaning.DATABASE_AWAY
    return Meaning.UNKNOWN


def _of_driver(error: BaseException) -> BaseException:
    """The driver's own error, which SQLAlchemy wraps twice."""
    wrapped = (isinstance(error, DBAPIError) and error.orig) or error
    return wrapped if isinstance(wrapped, DRIVER_ERRORS) else wrapped.__cause__ or wrapped


def reason_of(error: BaseException) -> str:
    """The class of reason that a dead letter names: a code or the exception's class, never its text."""
    code = getattr(error, "code", None)
    if isinstance(code, str) and code.replace("_", "").replace("-", "").isalnum() and not isinstance(error, DBAPIError):
        return code
    if isinstance(error, TimeoutError):
        return "time_limit"
    return type(error).__name__
