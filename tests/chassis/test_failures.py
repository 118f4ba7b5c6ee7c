"""What an exception means for the message that caused it."""

import asyncpg
import pytest
from sqlalchemy.exc import InternalError

from chassis.failures import Meaning, meaning_of


def _wrapped(cause: Exception) -> InternalError:
    return InternalError("SELECT 1", {}, cause)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        # What the driver says of a connection that broke between two statements.
        (_wrapped(asyncpg.InternalClientError('cannot switch to state 5; in the "failed" state')), "database_away"),
        # What the server says of itself while it lives.
        (_wrapped(asyncpg.InternalServerError("cache lookup failed")), "unknown"),
    ],
)
def test_only_a_broken_connection_is_an_outage(error: Exception, meaning: str) -> None:
    assert meaning_of(error, ()) is Meaning(meaning)
