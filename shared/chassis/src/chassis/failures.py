"""What an exception means for the message that caused it: try again, give up, or count."""

from enum import Enum

from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.errors import Problem
from chassis.outbox import EventTooLarge


class Meaning(Enum):
    """The class of a failure."""

    DATABASE_AWAY = "database_away"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


_TRANSIENT_STATES = {"40001", "40P01", "55P03", "57014"}
_AWAY_STATES = ("08", "57P", "53")


def meaning_of(error: BaseException, refusals: tuple[type[Exception], ...]) -> Meaning:
    """Classify a failure of a handler; `refusals` are the service's own refusals by a business rule."""
    if isinstance(error, (*refusals, EventTooLarge)) or (isinstance(error, Problem) and error.status < 500):
        return Meaning.PERMANENT
    if isinstance(error, PoolTimeout):
        return Meaning.TRANSIENT
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        return Meaning.DATABASE_AWAY
    return Meaning.UNKNOWN


def _of_database(error: DBAPIError) -> Meaning:
    state = str(getattr(error.orig, "sqlstate", "") or "")
    if state in _TRANSIENT_STATES:
        return Meaning.TRANSIENT
    if error.connection_invalidated or state.startswith(_AWAY_STATES):
        return Meaning.DATABASE_AWAY
    # Without a state it is the driver that says so, of a connection that broke.
    if isinstance(error, InterfaceError | OperationalError | InternalError) and not state:
        return Meaning.DATABASE_AWAY
    return Meaning.UNKNOWN


def reason_of(error: BaseException) -> str:
    """The class of reason that a dead letter names: a code or the exception's class, never its text."""
    code = getattr(error, "code", None)
    if isinstance(code, str) and code.replace("_", "").replace("-", "").isalnum() and not isinstance(error, DBAPIError):
        return code
    if isinstance(error, TimeoutError):
        return "time_limit"
    return type(error).__name__
