"""Sends mail in the background of the service; any number of replicas share the work."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from chassis.failures import reason_of
from chassis.service import Context
from notifications.handlers.delivery import Sender, send_next

log = structlog.get_logger()

_IDLE_SECONDS = 0.4
_MAX_WAIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Postroom:
    """So many senders at the same time, each with a connection of its own."""

    senders: int
    make: Callable[[], Sender]

    async def __call__(self, context: Context) -> None:
        """Send until the service stops."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.senders):
                group.create_task(_send(context, self.make()))


async def _send(context: Context, sender: Sender) -> None:
    wait = 0.0
    while not context.stopping.is_set():
        try:
            busy = await send_next(context.database, sender)
        except Exception as error:  # noqa: BLE001  # of one mail or of the database: neither may end the sending of others
            # What was claimed comes back when its lease ends, and gives up after its last attempt.
            log.warning("mail_waits", reason=reason_of(error))
            wait = min(_MAX_WAIT_SECONDS, max(_IDLE_SECONDS, wait * 2))
        else:
            wait = 0.0 if busy else _IDLE_SECONDS
        if wait:
            await sender.transport.rest()
            with suppress(TimeoutError):
                await asyncio.wait_for(context.stopping.wait(), wait * random.uniform(0.5, 1))  # noqa: S311
    await sender.transport.rest()
