"""Takes runs and has them worked out.

A run is a row with a lease. The sums are done in a child process, so that this one can go on renewing the lease
and hear that it has to stop. When a worker dies its lease runs out and another one starts the run over.
"""

import asyncio
import multiprocessing
import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from chassis import telemetry
from chassis.failures import reason_of
from chassis.outbox import current_traceparent
from chassis.tracing import span_of_later
from chassis.transaction import Database
from matching.adapters.db.runs import Run
from matching.domain.matchings import Unsolved
from matching.domain.refusal import BadValue
from matching.handlers import work
from matching.main import taxonomy_state, worker_settings
from matching.worker import metrics
from matching.worker.engine import STAGES, Order, warm_up, watch, work_out

log = structlog.get_logger()


class Worker:
    """Takes runs one at a time until it is told to stop."""

    def __init__(
        self, database: Database, *, lease_seconds: float = 15.0, idle_seconds: float = 0.3, in_child: bool = True
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.stopping = asyncio.Event()
        self._database = database
        self._lease = timedelta(seconds=lease_seconds)
        self._renew_seconds = lease_seconds / 5
        self._idle_seconds = idle_seconds
        self._in_child = in_child
        self._context = multiprocessing.get_context("spawn")
        self._progress: Any = self._context.Array("i", 2)
        self._pool: ProcessPoolExecutor | None = None
        self._warming: Future[bool] | None = None

    async def run(self) -> None:
        """Work until `stopping`."""
        if self._in_child:
            self._engine()
        while not self.stopping.is_set():
            beat()
            try:
                worked = await self.work_once()
            except Exception as error:  # noqa: BLE001  the database is away: wait and go on
                log.warning("worker_waits", reason=reason_of(error))
                worked = False
            if not worked:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stopping.wait(), self._idle_seconds)
        self.close()

    async def work_once(self) -> bool:
        """Do one run; whether there was one."""
        async with self._database.transaction() as tx:
            run = await work.take_run(tx, self.name, self._lease)
        if run is None:
            return False
        with metrics.attempt(), span_of_later("matching run", run.traceparent):
            log.info("run_taken", run=str(run.id), attempt=run.attempts, status=run.status)
            done = run if run.status == "publishing" else await self._work_off(run)
            if done is not None and done.status == "publishing":
                await self._publish(done)
        return True

    def close(self) -> None:
        """End the child process."""
        if self._pool is not None:
            for process in list((self._pool._processes or {}).values()):  # noqa: SLF001  no public way to end them
                process.kill()
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    async def _work_off(self, run: Run) -> Run | None:
        """The run as it is then; nothing if it failed, was given back, or is another worker's by now."""
        try:
            done = await self._worked_out(run)
        except (Unsolved, BadValue, BrokenProcessPool, MemoryError, ArithmeticError, ValueError) as error:
            self.close()
            log.warning("run_failed", run=str(run.id), reason=type(error).__name__)
            async with self._database.transaction() as tx:
                await work.fail_run(tx, run, _reason(error), self._lease)
            return None
        log.info("run_done", run=str(run.id), pairs=done.pairs if done else None, kept=done is not None)
        return done

    async def _publish(self, run: Run) -> None:
        """Offer the run's pairs step by step, until that is done, another worker has it, or this one has to stop."""
        held: Run | None = run
        while held is not None and held.status == "publishing" and not self.stopping.is_set():
            async with self._database.transaction() as tx:
                held = await work.publish_some(tx, held, self._lease)
            beat()
        log.info("run_published", run=str(run.id), offered=held.offered if held else None)

    async def _worked_out(self, run: Run) -> Run | None:
        """The run as it is then; nothing if it was given back or taken over meanwhile."""
        order = Order(self._database.url, run, self._lease, current_traceparent(), self._database.state.get("taxonomy"))
        if not self._in_child:
            return await asyncio.to_thread(work_out, order)
        self._progress[:] = [0, 0]
        future = asyncio.get_running_loop().run_in_executor(self._engine(), work_out, order)
        stop = asyncio.ensure_future(self.stopping.wait())
        either: set[asyncio.Future[Any]] = {future, stop}
        held: Run | None = run
        try:
            while held is not None:
                await asyncio.wait(either, timeout=self._renew_seconds, return_when=asyncio.FIRST_COMPLETED)
                if future.done():
                    return future.result()
                if stop.done():
                    async with self._database.transaction() as tx:
                        await work.give_back(tx, held)
                    break
                beat()
                held = await self._held(held)
            # No longer running under this worker: perhaps because the child has just stored what it found.
            await asyncio.wait({future}, timeout=1)
            if future.done():
                return future.result()
        finally:
            stop.cancel()
        future.cancel()
        self.close()
        return None

    def _engine(self) -> ProcessPoolExecutor:
        """The child process; a new one warms up before it does anything else."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1, mp_context=self._context, initializer=watch, initargs=(self._progress, os.getpid())
            )
            self._warming = self._pool.submit(warm_up)
        return self._pool

    def _stage(self) -> str:
        if self._warming is not None and not self._warming.done():
            return "warming"
        return STAGES[self._progress[1]]

    async def _held(self, run: Run) -> Run | None:
        try:
            async with self._database.transaction() as tx:
                return await work.hold_run(tx, run, self._progress[0], self._lease, self._stage())
        except Exception as error:  # noqa: BLE001  the database is away, which is no reason to throw away what is done
            log.warning("run_not_held", run=str(run.id), reason=reason_of(error))
            return run


def beat() -> None:
    """Show that this process is alive: by a metric, and by touching the file that a probe looks at, if one is named."""
    metrics.beat()
    if path := os.environ.get("MENTORSHIP_HEARTBEAT_FILE"):
        Path(path).touch()


def _reason(error: Exception) -> str:
    if isinstance(error, BrokenProcessPool):
        return "engine_died"
    if isinstance(error, BadValue):
        return f"invalid_{error.field}"
    return "unsolved" if isinstance(error, Unsolved) else "engine_error"


@asynccontextmanager
async def opened(
    database_url: str, lease_seconds: float = 15.0, state: Mapping[str, Any] | None = None
) -> AsyncIterator[Worker]:
    """A worker with its database."""
    database = Database(database_url, "/mentorship/matching", pool=3, state=state)
    worker = Worker(database, lease_seconds=lease_seconds)
    try:
        yield worker
    finally:
        worker.close()
        await database.close()


async def _main(configured: telemetry.Telemetry | None) -> None:
    settings = worker_settings()
    telemetry.serve(configured, settings.host, settings.metrics_port)
    url, state = settings.database_url.get_secret_value(), taxonomy_state(settings)
    async with opened(url, settings.lease_seconds, state) as worker:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stopping.set)
        log.info("started", worker=worker.name)
        await worker.run()
        log.info("stopped", worker=worker.name)


def main() -> int:
    """Run until told to stop."""
    configured = telemetry.configure("matching-worker")
    asyncio.run(_main(configured))
    if configured:
        configured.flush()
    return 0
