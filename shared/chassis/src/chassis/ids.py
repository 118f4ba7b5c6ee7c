"""Identifiers: time-ordered for what we make, derived for what others made."""

from uuid import UUID

from uuid_utils.compat import uuid5, uuid7

__all__ = ["identity_of", "uuid7"]

_EVENT_IDENTITY = UUID("6b0f4f0e-3a4e-5d8c-9a53-0f7f3a1f7d11")


def identity_of(source: str, event_id: str) -> UUID:
    """The inbox key of an event: CloudEvents ids are unique per source only, so both are in it."""
    return uuid5(_EVENT_IDENTITY, f"{source}\n{event_id}")
