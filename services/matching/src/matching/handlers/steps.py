"""Writing down steps of matches: their states and their events."""

from collections.abc import Sequence
from typing import Any

from chassis.subscription import Received
from chassis.transaction import Tx
from matching.adapters.db import matches
from matching.domain.offers import Match, Step


async def take_step(tx: Tx, step: Step, cause: Received[Any] | None = None) -> Match:
    """Save the match as it now is and say what happened; a step without events changes nothing."""
    await take_steps(tx, [step], cause)
    return step.match


async def take_steps(tx: Tx, steps: Sequence[Step], cause: Received[Any] | None = None, *, new: bool = False) -> None:
    """The same for many matches at once, each in one step; `new` ones are stored already."""
    taken = [step for step in steps if step.events]
    if taken and not new:
        await matches.save_matches(tx, [step.match for step in taken])
    for step in taken:
        for event, version in step.events:
            tx.publish(event, version=version, cause=cause)
