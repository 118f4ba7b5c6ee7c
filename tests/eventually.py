"""Waiting in tests: until something is so, never for a fixed time."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


async def eventually(read: Callable[[], Awaitable[T]], expected: T, *, seconds: float = 15.0) -> None:
    """Return when `read` gives what is expected; fail with what it gave last."""
    deadline = monotonic() + seconds
    while (found := await read()) != expected:
        if monotonic() > deadline:
            raise AssertionError(f"{found!r} after {seconds:.0f} s, not {expected!r}")
        await asyncio.sleep(0.02)
