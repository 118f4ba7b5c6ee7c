"""Writing down a step of a match: its state and its events."""

from typing import Any

from chassis.subscription import Received
from chassis.transaction import Tx
from matching.adapters.db import matches
from matching.domain.offers import Match, Step


async def take_step(tx: Tx, step: Step, cause: Received[Any] | None = None) -> Match:
    """Save the match as it now is and say what happened; a step without events changes nothing."""
    if step.events:
        await matches.save_match(tx, step.match)
        for event, version in step.events:
            tx.publish(event, version=version, cause=cause)
    return step.match
