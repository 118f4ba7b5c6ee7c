"""Identifiers: time-ordered for what we make, derived for what others made."""

from uuid import UUID

import uuid_utils
from asyncpg.pgproto import pgproto
from uuid_utils.compat import uuid7

__all__ = ["identity_of", "uuid7"]

_EVENT_IDENTITY = uuid_utils.UUID("6b0f4f0e-3a4e-5d8c-9a53-0f7f3a1f7d11")


def identity_of(source: str, event_id: str) -> UUID:
    """The inbox key of an event: CloudEvents ids are unique per source only, so both are in it."""
    # asyncpg's own class is a UUID like any other, and it is made, compared and sent at a quarter of the price.
    return pgproto.UUID(uuid_utils.uuid5(_EVENT_IDENTITY, f"{source}\n{event_id}").bytes)
