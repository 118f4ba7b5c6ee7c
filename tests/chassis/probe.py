"""A small service that shows what the chassis promises: it hears goals, keeps rows and says what it heard."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from chassis.service import Service
from chassis.settings import ServiceSettings
from chassis.subscription import Received, on, project
from chassis.transaction import Tx
from contracts.event import EVENTS, Event
from contracts.sessions import GoalProgressed, GoalSet
from tests.fixtures.databases import Databases, furnish


class Refused(Exception):
    """The probe's rule says no."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = "No."


class EchoMade(Event, subject="mentorship.probe.echo.made.v1", about="echo_id"):
    """The probe heard something."""

    echo_id: UUID
    code: str


del EVENTS[EchoMade.subject]  # no event of the platform

FLAKY: dict[str, int] = {}
"""How often a handler still fails for a code."""


async def echo(tx: Tx, received: Received[GoalSet]) -> None:
    """Behave as the goal's code says, then keep a row and say so."""
    code = received.event.code
    if code == "refuse":
        raise Refused("not_wanted")
    if code == "raise":
        raise RuntimeError("secret words")
    if code == "hang":
        await asyncio.sleep(60)
    if FLAKY.get(code, 0) > 0:
        FLAKY[code] -= 1
        raise RuntimeError("not yet")
    await tx.connection.execute(
        text("INSERT INTO echo (event_id, code) VALUES (:id, :code)"), {"id": received.identity, "code": code}
    )
    tx.publish(EchoMade(echo_id=uuid4(), code=code), version=1)


async def keep(tx: Tx, batch: Sequence[Received[GoalProgressed]]) -> None:
    """Keep the newest progress of each goal."""
    for received in batch:
        await tx.connection.execute(
            text(
                "INSERT INTO progress (goal_id, version, value) VALUES (:id, :version, :value)"
                " ON CONFLICT (goal_id) DO UPDATE SET version = excluded.version, value = excluded.value"
                " WHERE excluded.version > progress.version"
            ),
            {"id": received.event.goal_id, "version": received.version, "value": received.event.progress},
        )


async def tick(tx: Tx, key: str, payload: dict[str, Any]) -> None:
    """Keep a row for a timer."""
    if FLAKY.get(key, 0) > 0:
        FLAKY[key] -= 1
        raise RuntimeError("not yet")
    await tx.connection.execute(text("INSERT INTO tick (key, value) VALUES (:key, :value)"), {"key": key, **payload})


SUBSCRIPTIONS = (on(GoalSet, do=echo), project(GoalProgressed, do=keep, tables=["progress"]))

_TABLES = """
CREATE TABLE echo (event_id uuid, code text);
CREATE TABLE progress (goal_id uuid PRIMARY KEY, version bigint, value integer);
CREATE TABLE tick (key text, value integer);
CREATE TABLE alembic_version (version_num text);
INSERT INTO alembic_version VALUES ('probe');
"""


def service() -> Service:
    """The probe, from the environment."""
    return Service(
        name="probe",
        settings=ServiceSettings(),
        subscriptions=SUBSCRIPTIONS,
        timers={"tick": tick},
        refusal=Refused,
        revision="probe",
    )


@asynccontextmanager
async def probe_database(postgres: Databases) -> AsyncIterator[str]:
    """A database with the chassis tables and the probe's own."""
    async with postgres.empty() as url:
        await furnish(url, _TABLES)
        yield url


def goal(code: str = "ok", **given: Any) -> GoalSet:
    """A goal with a code that tells the probe what to do."""
    usual = {"goal_id": uuid4(), "relationship_id": uuid4(), "programme_id": uuid4(), "owner_id": "E1", "progress": 0}
    return GoalSet(code=code, **(usual | given))


def progress(goal_id: UUID, value: int) -> GoalProgressed:
    """How far a goal is."""
    return GoalProgressed(
        goal_id=goal_id, relationship_id=uuid4(), programme_id=uuid4(), owner_id="E1", code="ok", progress=value
    )
