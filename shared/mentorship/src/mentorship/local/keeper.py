"""Keeps one process running: starts it, waits until it is ready, starts it anew when it dies or hangs."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from mentorship.local.child import Child
from mentorship.local.home import Process, created_at
from mentorship.problem import Problem

_LOOK_EVERY = 0.1
_LIVED_WELL = 10.0
"""Seconds after which a death is no longer counted as one of a row."""
_LONGEST_DELAY = 5.0
_GIVE_UP_AFTER = 3
"""Deaths before a process was ready for the first time."""

Ready = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Pulse:
    """How it is told that a process hangs: `beats` says so `misses` times in a row, asked every so many seconds.

    One miss is no sign: a busy machine, or one that just woke up, misses some.
    """

    beats: Ready
    every: float = 5.0
    misses: int = 4


class Keeper:
    """One child under supervision; `changed` is called after each change of what `seen` shows."""

    def __init__(
        self,
        child: Child,
        ready: Ready,
        changed: Callable[[], None],
        *,
        pulse: Pulse | None = None,
        patience: float = 60.0,
    ) -> None:
        self.child = child
        self.seen = Process(child.name)
        self._ready = ready
        self._changed = changed
        self._pulse = pulse
        self._missed = 0
        self._felt_at = 0.0
        self._patience = patience
        self._deaths = 0
        self._started_at = 0.0

    async def start(self) -> None:
        """Start the process for the first time and return when it is ready; a Problem where it does not get there."""
        deadline = time.monotonic() + self._patience
        while not await self._started_well(deadline):
            self._deaths += 1
            if self._deaths >= _GIVE_UP_AFTER or time.monotonic() > deadline:
                raise Problem(self._what_happened())
            await asyncio.sleep(self._delay())
        self._deaths = 0
        self._show("running")

    async def keep(self) -> None:
        """Start the process anew whenever it dies or hangs, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            if self.child.running:
                if await self._hangs():
                    await asyncio.to_thread(self.child.kill)
                continue
            lived = time.monotonic() - self._started_at
            self._deaths = 0 if lived > _LIVED_WELL else self._deaths + 1
            self.seen.restarts += 1
            self.seen.exit_code = self.child.exit_code
            self._show("restarting")
            await asyncio.sleep(self._delay())
            if await self._started_well(time.monotonic() + self._patience):
                self._show("running")

    async def stop(self, grace: float) -> None:
        """End the process."""
        await asyncio.to_thread(self.child.stop, grace)
        self._show("stopped")

    async def _hangs(self) -> bool:
        """Whether the process has shown no sign of life for too long."""
        if self._pulse is None or time.monotonic() - self._felt_at < self._pulse.every:
            return False
        self._missed = 0 if await self._pulse.beats() else self._missed + 1
        self._felt_at = time.monotonic()
        return self._missed >= self._pulse.misses

    async def _started_well(self, deadline: float) -> bool:
        """Start the process and wait; whether it became ready. Not ready in time counts as dead."""
        self._started_at = self._felt_at = time.monotonic()
        self._missed = 0
        try:
            self.child.spawn()
        except OSError:  # no memory or no room for now: as if it had died at once
            return False
        self.seen.pid = self.child.pid
        self.seen.created = created_at(self.child.pid or 0) or 0.0
        self._changed()
        while self.child.running:
            if await self._ready():
                return self.child.running
            if time.monotonic() > deadline:
                await asyncio.to_thread(self.child.kill)
                return False
            await asyncio.sleep(_LOOK_EVERY)
        return False

    def _delay(self) -> float:
        return min(_LONGEST_DELAY, 0.1 * 2.0**self._deaths) if self._deaths else 0.0

    def _what_happened(self) -> str:
        name = self.child.name
        if self.child.exit_code in {None, -9}:  # by us, when its time was over, or by somebody else
            return f"{name} did not become ready and was killed: `mentorship logs {name}` shows what it says."
        words = self.child.last_words(1).strip()
        says = f" Its last line: {words[:300]}" if words else ""
        return f"{name} ended with exit code {self.child.exit_code} before it was ready.{says}"

    def _show(self, state: Literal["running", "restarting", "stopped"]) -> None:
        self.seen.state = state
        self._changed()
