"""What the rows of all projections take from the envelope of an event."""

from typing import Any

from chassis.subscription import Received


def state(received: Received[Any]) -> dict[str, Any]:
    """What decides which state is the newest."""
    return {"version": received.version, "said_by": received.identity}


def fact(received: Received[Any]) -> dict[str, Any]:
    """What makes a fact one fact: its identity, what happened, when, and the class of reason if there is one."""
    return {
        "identity": received.identity,
        "kind": verb(received),
        "reason": getattr(received.event, "reason", None),
        "at": received.time,
    }


def verb(received: Received[Any]) -> str:
    """`proposed` of `mentorship.matching.match.proposed.v1`."""
    return str(received.event.subject.split(".")[-2])
