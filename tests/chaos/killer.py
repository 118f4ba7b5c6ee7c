"""Kills processes at random, after a seed, and notes when it killed which."""

import asyncio
import os
import random
import signal
from contextlib import suppress

from tests.fixtures.machine import Machine

SERVICES = ("matching", "matching-worker", "sessions", "notifications", "analytics")
VICTIMS = (*SERVICES, "nats", "postgres")


class Killer:
    """SIGKILL for a random process every 0.5 to 3 s."""

    def __init__(self, machine: Machine, seed: int) -> None:
        self._machine = machine
        self._random = random.Random(seed)
        self.killed: list[str] = []

    async def run(self, kills: int) -> None:
        """Kill so many times; a process that is on its way back is not killed again."""
        while len(self.killed) < kills:
            await asyncio.sleep(self._random.uniform(0.5, 3.0))
            victim = self._random.choice(VICTIMS)
            if self.kill(victim):
                self.killed.append(victim)

    def kill(self, process: str) -> bool:
        """Whether it ran and was killed."""
        seen = self._machine.home.state().processes.get(process)
        if seen is None or not seen.alive or seen.pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(seen.pid, signal.SIGKILL)
            return True
        return False
