"""The stream of HR's events, from which the messages of erased people are deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

STREAM = "HR"
_GONE = {400, 404}
"""Codes of JetStream's answer about a message that is not there (any more)."""


async def delete_messages(jetstream: Any, noted: Sequence[tuple[int, datetime]]) -> list[int]:
    """Delete messages (sequence, when it was noted); gives the sequences that are settled.

    What was noted before the stream was made belonged to an older stream: its sequences now hold something else.
    Raises whatever the connection raises; what was not reached is tried again.
    """
    created: datetime = (await jetstream.stream_info(STREAM)).created
    settled: list[int] = []
    for sequence, noted_at in noted:
        if noted_at >= created:
            await _delete(jetstream, sequence)
        settled.append(sequence)
    return settled


async def _delete(jetstream: Any, sequence: int) -> None:
    try:
        await jetstream.delete_msg(STREAM, sequence)
    except Exception as error:
        if getattr(error, "code", None) not in _GONE:
            raise
