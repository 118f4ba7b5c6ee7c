"""What the rows of all projections take from an event: what it says, under its own names, and from its envelope."""

from typing import Any

from chassis.subscription import Received


def state(received: Received[Any]) -> dict[str, Any]:
    """What an event says of a thing, and what decides which state is the newest."""
    return {**dict(received.event), "version": received.version, "said_by": received.identity}


def fact(received: Received[Any]) -> dict[str, Any]:
    """What an event says, and what makes it one fact: its identity, what happened and when; the reason may be none."""
    event = {"reason": None, **dict(received.event)}
    return {**event, "identity": received.identity, "kind": verb(received), "at": received.time}


def member(received: Received[Any], **who: str) -> dict[str, Any]:
    """What an event says, of one of its members."""
    return {**dict(received.event), **who}


def verb(received: Received[Any]) -> str:
    """`proposed` of `mentorship.matching.match.proposed.v1`."""
    return str(received.event.subject.split(".")[-2])
