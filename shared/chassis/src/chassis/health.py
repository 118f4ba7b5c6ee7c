"""Probes that tell the truth: started, ready (the database is ours and current), alive (the loops turn)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from chassis.access import public
from chassis.errors import Unavailable
from chassis.failures import DRIVER_ERRORS
from chassis.problems import problem_response
from chassis.transaction import Database

STUCK_SECONDS = 60.0
"""A fetch loop that has not turned for so long while the broker is there never will again."""
READY_SECONDS = 2.0
_CACHE_SECONDS = 0.5


class Health:
    """What a running service knows about itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turned: dict[str, float] = {}
        self._connected_at: float | None = None
        self._started = False
        self._stopping = False

    def started(self) -> None:
        """Start-up is over: NATS was there, and all that is used of it; the loops run."""
        self._started = True

    def stopping(self) -> None:
        """SIGTERM has come: no new traffic, please."""
        self._stopping = True

    def connected(self, yes: bool) -> None:
        """Whether the broker is there; while it is not, a loop has nothing to turn for."""
        if not yes:
            self._connected_at = None
        elif self._connected_at is None:
            self._connected_at = self._clock()

    def turned(self, loop: str) -> None:
        """The loop of that name has gone round once more."""
        self._turned[loop] = self._clock()

    def ended(self, loop: str) -> None:
        """The loop of that name has ended as it should, and is watched no more."""
        self._turned.pop(loop, None)

    @property
    def is_started(self) -> bool:
        """Whether start-up is over."""
        return self._started

    @property
    def is_stopping(self) -> bool:
        """Whether the service is on its way out."""
        return self._stopping

    def stuck(self) -> list[str]:
        """The loops that have not turned for a minute although the broker was there all that time."""
        if self._connected_at is None or self._stopping:
            return []
        long_ago = self._clock() - STUCK_SECONDS
        return sorted(loop for loop, at in self._turned.items() if max(at, self._connected_at) < long_ago)


class Readiness:
    """Whether the own database answers and has what this code was written for, and nothing else.

    A later revision has it: migrations only add, and the next version's run while this one still serves.
    """

    def __init__(
        self, database: Callable[[], Database], revision: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._revision = revision
        self._clock = clock
        self._known: tuple[float, str | None] | None = None
        self._lock = asyncio.Lock()

    async def reason(self) -> str | None:
        """Why not, in a few words; `None` if ready. Probes close together share one query."""
        async with self._lock:
            if self._known is None or self._clock() - self._known[0] > _CACHE_SECONDS:
                self._known = (self._clock(), await self._ask())
            return self._known[1]

    async def _ask(self) -> str | None:
        # A connection of its own: a busy pool is not a database that is away.
        try:
            async with asyncio.timeout(READY_SECONDS):
                connection = await asyncpg.connect(self._database().url, timeout=READY_SECONDS)
                try:
                    found = [row[0] for row in await connection.fetch("SELECT version_num FROM alembic_version")]
                finally:
                    connection.terminate()
        except asyncpg.UndefinedTableError:
            return "database_without_revision"
        except (OSError, *DRIVER_ERRORS):
            return "database_away"
        return None if len(found) == 1 and found[0] >= self._revision else "database_at_an_earlier_revision"


def probes(health: Health, ready: Callable[[], Awaitable[str | None]]) -> APIRouter:
    """The routes `/startupz`, `/readyz` and `/livez`: 200, or 503 with the reason as a problem."""
    router = APIRouter(tags=["health"], dependencies=[public], include_in_schema=False)

    @router.get("/startupz")
    async def startupz() -> Response:
        return _answer(None if health.is_started else "starting")

    @router.get("/readyz")
    async def readyz() -> Response:
        return _answer("stopping" if health.is_stopping else await ready())

    @router.get("/livez")
    async def livez() -> Response:
        stuck = health.stuck()
        return _answer(f"stuck: {', '.join(stuck)}" if stuck else None)

    return router


def _answer(reason: str | None) -> Response:
    if reason is None:
        content: dict[str, Any] = {"status": "ok"}
        return JSONResponse(content, headers={"Cache-Control": "no-store"})
    return problem_response(Unavailable(reason, code=reason.partition(":")[0]))
