"""The stream of HR's events, from which the messages of erased people are deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

STREAM = "HR"
_GONE = {400, 404}
"""Codes of JetStream's answer about a message that is not there (any more)."""


async def delete_messages(jetstream: Any, noted: Sequence[tuple[int, datetime]]) -> list[int]:
    """Delete messages (sequence, when the stream stored it); gives the sequences that are settled.

    What was stored before this stream was made stood in an older one: its sequences now hold something else. Both
    times are the broker's, so no clock of ours can make a message look older than its stream.
    Raises whatever the connection raises; what was not reached is tried again.
    """
    created: datetime = (await jetstream.stream_info(STREAM)).created
    settled: list[int] = []
    for sequence, stored_at in noted:
        if stored_at >= created:
            await _delete(jetstream, sequence)
        settled.append(sequence)
    return settled


async def _delete(jetstream: Any, sequence: int) -> None:
    try:
        await jetstream.delete_msg(STREAM, sequence)
    except Exception as error:
        if getattr(error, "code", None) not in _GONE:
            raise
