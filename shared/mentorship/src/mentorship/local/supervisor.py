"""The supervisor: starts every process of the platform in order, starts anew what dies or hangs, and ends them all.

`python -m mentorship.local.supervisor` is what `mentorship up` leaves behind.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from mentorship.cli import guarded
from mentorship.local import fleet
from mentorship.local.child import Child
from mentorship.local.home import Home, Phase, Platform, State, created_at
from mentorship.local.keeper import Keeper, Pulse, Ready
from mentorship.local.logfiles import trim
from mentorship.local.mailbox import Mailbox
from mentorship.local.orphans import end_orphans
from mentorship.local.ports import DEFAULTS, choose
from mentorship.local.standin import StandIn
from mentorship.problem import Problem

_TRIM_EVERY = 30.0
_GRACE = 25.0
"""Seconds that services have to end: they finish what they hold."""
_ONCE_WITHIN = 180.0


class Supervisor:
    """All processes of one data folder: on the ports `asked`, with a demo company of so many `people`."""

    def __init__(self, home: Home, asked: Mapping[str, int], people: int) -> None:
        self.home = home
        self.stopping = asyncio.Event()
        self._asked = asked
        self._people = people
        self._keepers: list[Keeper] = []
        self._keeping: list[asyncio.Task[None]] = []
        self._state = State(phase="starting", pid=os.getpid(), created=created_at(os.getpid()) or 0.0)

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Run until told to stop; calls `ready` once all is. A Problem where the platform does not come up."""
        try:
            await self._run(ready)
        except (Problem, OSError, ExceptionGroup) as error:
            problem = _as_problem(error)
            self._state.problem = problem.sentence
            self._tell("failed")
            raise problem from None
        self._tell("stopped")

    async def _run(self, ready: Callable[[], None]) -> None:
        self._tell("starting", "looking for what runs already")
        await asyncio.to_thread(end_orphans, self.home.folder)
        ports = self._state.ports = choose(self._asked)
        self._state.moved = [name for name in ports if ports[name] != DEFAULTS[name] and name not in self._asked]
        platform = Platform(self.home, self._state)
        standin = StandIn(platform.issuer, Mailbox(self.home.folder / "mail.jsonl"))
        async with standin.serving("127.0.0.1", ports["supervisor"], ports["smtp"]):
            starting = asyncio.create_task(self._start(platform))
            stop = asyncio.create_task(self.stopping.wait())
            try:
                await asyncio.wait({starting, stop}, return_when=asyncio.FIRST_COMPLETED)
                if starting.done():
                    starting.result()
                    self._tell("ready")
                    ready()
                    await self._until_stopped(stop)
            finally:
                await _cancelled([starting, stop, *self._keeping])
                await self._stop()

    async def _until_stopped(self, stop: asyncio.Task[bool]) -> None:
        trimming = asyncio.create_task(self._trim_logs())
        self._keeping.append(trimming)
        await asyncio.wait({stop, *self._keeping}, return_when=asyncio.FIRST_COMPLETED)
        for task in self._keeping:
            if task.done():
                task.result()

    async def _start(self, platform: Platform) -> None:
        self._tell("starting", "starting NATS and PostgreSQL")
        nats, postgres = fleet.servers(self.home, self._state.ports)
        await asyncio.to_thread(postgres.initialise)
        # Without a pulse: whoever kills a database because it is slow makes it slower.
        await self._keep_all(
            [self._kept(nats, _of(lambda: nats.answers)), self._kept(postgres, _of(lambda: postgres.answers))]
        )
        self._tell("starting", "preparing databases and streams")
        await self._once(fleet.once(platform, "prepare", ["-m", "mentorship.local.prepare"]))
        self._tell("starting", "starting the services")
        await self._keep_all(self._service_keepers(platform))
        if self._people and not self.home.seeded.exists():
            self._tell("starting", f"loading a demo company of {self._people} people")
            await self._once(fleet.once(platform, "seed", ["-m", "mentorship.seed", str(self._people)]))
            self.home.seeded.touch()

    def _service_keepers(self, platform: Platform) -> list[Keeper]:
        worker = fleet.worker(platform)
        beating = Pulse(_of(partial(fleet.beats_still, worker)))
        keepers = [self._kept(worker, _of(partial(fleet.beats, worker)), beating)]
        for child in fleet.services(platform):
            url = platform.service_url(child.name)
            keepers.append(self._kept(child, _of(partial(fleet.answers, url)), Pulse(_of(partial(fleet.lives, url)))))
        return keepers

    def _kept(self, child: Child, ready: Ready, pulse: Pulse | None = None) -> Keeper:
        return Keeper(child, ready, self._write, pulse=pulse)

    async def _keep_all(self, keepers: Sequence[Keeper]) -> None:
        """Start them side by side, and keep each from then on."""
        async with asyncio.TaskGroup() as group:
            for keeper in keepers:
                self._keepers.append(keeper)
                self._state.processes[keeper.child.name] = keeper.seen
                group.create_task(self._keep(keeper))

    async def _keep(self, keeper: Keeper) -> None:
        await keeper.start()
        self._keeping.append(asyncio.create_task(keeper.keep()))

    async def _once(self, child: Child) -> None:
        """Run a process to its end; its last line is the Problem where it fails."""
        child.spawn()
        deadline = time.monotonic() + _ONCE_WITHIN
        try:
            while child.running:
                if time.monotonic() > deadline:
                    raise Problem(f"{child.name} took more than {_ONCE_WITHIN:.0f} s: `mentorship logs {child.name}`.")
                await asyncio.sleep(0.05)
        finally:
            await asyncio.to_thread(child.kill)
        if child.exit_code != 0:
            raise Problem(child.last_words(1).removeprefix("mentorship: ") or f"{child.name} failed without a word.")

    async def _stop(self) -> None:
        """End the services first, so that they can hand in what they hold, then the servers."""
        self._tell("stopping")
        servers = [keeper for keeper in self._keepers if keeper.child.name in {"nats", "postgres"}]
        for group in ([keeper for keeper in self._keepers if keeper not in servers], servers):
            await asyncio.gather(*(keeper.stop(_GRACE) for keeper in group))

    async def _trim_logs(self) -> None:
        while True:
            await asyncio.sleep(_TRIM_EVERY)
            await asyncio.to_thread(trim, self.home.logs)

    def _tell(self, phase: Phase, doing: str = "") -> None:
        self._state.phase, self._state.doing = phase, doing
        self._write()

    def _write(self) -> None:
        # A full disk must not end the supervisor: the platform goes on, its state file is old.
        with contextlib.suppress(OSError):
            self._state.write(self.home.state_file)


def _of(question: Callable[[], bool]) -> Ready:
    return partial(asyncio.to_thread, question)


async def _cancelled(tasks: Sequence[asyncio.Task[None] | asyncio.Task[bool]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _as_problem(error: Exception) -> Problem:
    """What to say of whatever ended the supervisor: the first of several."""
    if isinstance(error, ExceptionGroup):
        return _as_problem(error.exceptions[0])
    if isinstance(error, Problem):
        return error
    return Problem(f"The platform cannot run: {error}.")


async def supervise(home: Home, asked: Mapping[str, int], people: int, ready: Callable[[], None]) -> None:
    """Run a supervisor in this process until it is told to stop by SIGTERM or SIGINT."""
    supervisor = Supervisor(home, asked, people)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stopping.set)
    await supervisor.run(ready)


def main() -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=0)
    parser.add_argument("--port", action="append", default=[], metavar="NAME=NUMBER")
    given = parser.parse_args()
    asked = {name: int(number) for name, _, number in (one.partition("=") for one in given.port)}
    home = Home.find()
    with home.lock():
        asyncio.run(supervise(home, asked, given.people, lambda: None))


if __name__ == "__main__":
    sys.exit(guarded(main))
