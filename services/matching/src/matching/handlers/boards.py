"""The boards of the programmes that somebody asks about: made beside the service, renewed when participants change."""

import asyncio
import multiprocessing
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from chassis.failures import reason_of
from chassis.transaction import Database
from matching.adapters.db import policies, programmes
from matching.adapters.db.policies import Revision
from matching.domain.board import Board, Suggestion, board_of, warm_up
from matching.domain.options import RunOptions
from matching.handlers.pool import pool_of

log = structlog.get_logger()

MOST = 8
"""Boards kept at once; the one asked for longest ago goes first."""
LOOK_SECONDS = 2.0
"""How often it is looked whether a programme's participants have changed; not while its board is too young to be made
anew, nor more often than it could be: that reads a version of each of them."""
STALE_SECONDS = 600.0
"""A board is made anew after so long though no participant has changed: what HR says of people may have."""
_REST = 10
"""For how many times as long as it took to make a board it is left as it is."""
_WARM = timedelta(days=400)
_WARM_AT_MOST = 2


@dataclass(slots=True)
class _Kept:
    board: Board
    place: dict[str, int]
    revision: Revision
    made_at: float
    took: float
    look_at: float
    asked_at: float
    missed: set[str] = field(default_factory=set)
    """Who was asked for and is not on it."""


class Boards:
    """Boards by programme. Asking for one that is not there yet has it made."""

    def __init__(self, *, in_child: bool = True) -> None:
        self._in_child = in_child
        self._kept: dict[UUID, _Kept] = {}
        self._wanted: set[UUID] = set()
        self._absent: set[tuple[UUID, str]] = set()
        self._wake = asyncio.Event()
        self._warm = False

    def ranking(self, programme_id: UUID, mentee: str) -> list[str] | None:
        """All mentors for somebody, the best first; nothing while that is being worked out."""
        kept = self._ask(programme_id, mentee)
        if kept is None:
            return None
        return kept.board.ranking(mentee) if mentee in kept.board.rows else []

    def best(self, programme_id: UUID, mentee: str, count: int) -> list[tuple[str, int]] | None:
        """The best mentors for somebody with their scores; nothing while that is being worked out."""
        kept = self._ask(programme_id, mentee)
        if kept is None:
            return None
        return kept.board.best(mentee, count) if mentee in kept.board.rows else []

    def known(self, programme_id: UUID, mentee: str, count: int) -> list[tuple[str, int]] | None:
        """What `best` gives where it is at hand; nothing is begun where it is not."""
        kept = self._kept.get(programme_id)
        if kept is None or mentee not in kept.board.rows:
            return None
        kept.asked_at = time.monotonic()
        return kept.board.best(mentee, count)

    def show(self, programme_id: UUID, mentee: str, found: list[tuple[str, int]]) -> list[Suggestion]:
        """These are shown: with what makes their scores."""
        kept = self._kept.get(programme_id)
        if kept is None or mentee not in kept.board.rows:
            return []
        found = [one for one in found if one[0] in kept.place]
        kept.board.show(mentee, [name for name, _ in found], kept.place)
        return kept.board.explained(mentee, found, kept.place)

    async def keep(self, context: Any) -> None:
        """Work until the service stops."""
        await self._begin(context)
        while not context.stopping.is_set():
            try:
                await self._renew(context)
            except Exception as error:  # noqa: BLE001  the database is away: wait and go on
                log.warning("boards_wait", reason=reason_of(error))
            self._wake.clear()
            if not self._wanted:
                waits = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(context.stopping.wait())]
                await asyncio.wait(waits, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()

    def _ask(self, programme_id: UUID, mentee: str) -> _Kept | None:
        kept = self._kept.get(programme_id)
        if kept is not None:
            kept.asked_at = time.monotonic()
            if mentee in kept.board.rows or mentee in kept.missed:
                return kept
            # Perhaps somebody who has only just enrolled: made anew once, and then believed.
            self._absent.add((programme_id, mentee))
        self._wanted.add(programme_id)
        self._wake.set()
        return None

    async def _begin(self, context: Any) -> None:
        with suppress(Exception):
            async with context.database.transaction() as tx:
                found = await policies.self_matching(tx, datetime.now(UTC) - _WARM)
            self._wanted.update(found[:_WARM_AT_MOST])

    async def _renew(self, context: Any) -> None:
        now = time.monotonic()
        for programme_id in [*self._wanted, *(one for one in self._due(now) if one not in self._wanted)]:
            async with context.database.transaction() as tx:
                revision = await policies.revision_of(tx, programme_id)
            if programme_id in self._wanted or self._is_old(self._kept[programme_id], revision):
                self._wanted.discard(programme_id)
                await self._make(context, programme_id, revision)
            if context.stopping.is_set():
                return

    def _due(self, now: float) -> list[UUID]:
        """The programmes whose boards could be old by now."""
        due = [programme_id for programme_id, kept in self._kept.items() if kept.look_at <= now]
        for programme_id in due:
            self._kept[programme_id].look_at = now + self._kept[programme_id].took
        return due

    def _is_old(self, kept: _Kept, revision: Revision) -> bool:
        return revision != kept.revision or time.monotonic() - kept.made_at > STALE_SECONDS

    async def _make(self, context: Any, programme_id: UUID, revision: Revision) -> None:
        absent = {name for one, name in self._absent if one == programme_id}
        began = time.monotonic()
        board = await self._built(context.database, programme_id)
        self._absent -= {(programme_id, name) for name in absent}
        if board is None:
            return
        if not self._warm:
            # The engine comes with the first board, and is compiled, or read from the cache, before anybody asks.
            await asyncio.to_thread(warm_up)
            self._warm = True
        now = time.monotonic()
        took = now - began
        before = self._kept.get(programme_id)
        place = {name: column for column, name in enumerate(board.columns)}
        asked_at = before.asked_at if before else now
        if all(one != programme_id for one, _ in self._absent):
            # Who asked while it was made has it now.
            self._wanted.discard(programme_id)
        missed = absent - board.rows.keys()
        # Not made more often than leaves the machine for other things.
        look_at = now + _REST * took
        self._kept[programme_id] = _Kept(board, place, revision, now, took, look_at, asked_at, missed)
        while len(self._kept) > MOST:
            del self._kept[min(self._kept, key=lambda one: self._kept[one].asked_at)]
        log.info("board_made", programme=str(programme_id), people=len(board.rows), seconds=round(took, 2))

    async def _built(self, database: Database, programme_id: UUID) -> Board | None:
        url, state = database.url, {"taxonomy": database.state.get("taxonomy")}
        if not self._in_child:
            return await _build(url, state, programme_id)
        # A process of its own: reading and encoding a hundred thousand people would stop everything else here.
        pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, build, url, state, programme_id)
        finally:
            for process in list((pool._processes or {}).values()):  # noqa: SLF001  no public way to end them
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)


def build(url: str, state: Mapping[str, Any], programme_id: UUID) -> Board | None:
    """Make a board, in a process of its own."""
    return asyncio.run(_build(url, state, programme_id))


async def _build(url: str, state: Mapping[str, Any], programme_id: UUID) -> Board | None:
    database = Database(url, "/mentorship/matching", pool=1, state=state)
    try:
        async with database.transaction() as tx:
            programme = await programmes.find_programme(tx, programme_id)
            if programme is None or programme.format == "peer":
                return None
            pool = await pool_of(tx, programme, programme.rules, RunOptions(mode="free"))
        return board_of(pool.problem)
    finally:
        await database.close()
