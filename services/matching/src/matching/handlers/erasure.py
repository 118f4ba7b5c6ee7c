"""Deleting the messages of erased people from HR's stream: noted in the transaction, done after it."""

import asyncio
from contextlib import suppress
from typing import Any

import structlog

from chassis.failures import reason_of
from matching.adapters.db import erasure as db
from matching.adapters.stream import delete_messages

log = structlog.get_logger()
_AT_ONCE = 500


async def erase_from_stream(context: Any) -> None:
    """Work until the service stops."""
    while not context.stopping.is_set():
        try:
            worked = await erase_some(context.database, context.jetstream)
        except Exception as error:  # noqa: BLE001  NATS or the database is away: wait and go on
            log.warning("erasure_waits", reason=reason_of(error))
            worked = False
        if not worked:
            with suppress(TimeoutError):
                await asyncio.wait_for(context.stopping.wait(), context.settings.erase_seconds)


async def erase_some(database: Any, jetstream: Any) -> bool:
    """Delete some messages; whether there were any. Deleting one twice does no harm, so nothing is locked meanwhile."""
    async with database.transaction() as tx:
        noted = await db.messages_to_erase(tx, _AT_ONCE)
    if not noted:
        return False
    settled = await delete_messages(jetstream(), noted)
    async with database.transaction() as tx:
        await db.messages_erased(tx, settled)
    log.info("messages_erased", count=len(settled))
    return True
