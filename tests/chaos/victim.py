"""The probe as a process that is mistreated: it can be written to over HTTP, told to be slow, and told to die.

`python -m tests.chaos.victim` runs it once. With `--again` it is started anew whenever it dies, by a fork, since a
fresh interpreter would take seconds for its imports.
"""

import asyncio
import os
import signal
import sys
from types import FrameType
from uuid import UUID, uuid4

from sqlalchemy import text

from chassis.http import Body, Router, Transaction, public
from chassis.service import Service, run
from chassis.settings import ServiceSettings
from chassis.subscription import Received, Subscription, project
from chassis.transaction import Tx
from contracts.sessions import GoalProgressed, GoalSet
from tests.chassis import probe

SLOW = 0.2


async def echo(tx: Tx, received: Received[GoalSet]) -> None:
    """What the probe does, or worse."""
    if received.event.code == "die":
        os._exit(9)
    if received.event.code == "slow":
        await asyncio.sleep(SLOW)
    if received.event.code == "linger" and "MENTORSHIP_NIMBLE" not in os.environ:
        await asyncio.sleep(60)
    await probe.echo(tx, received)


SUBSCRIPTIONS = (
    # By a wildcard, so that a type which nobody knows arrives as well.
    Subscription((GoalSet,), echo, "each", everything_under="mentorship.sessions.goal.set.>"),
    project(GoalProgressed, do=probe.keep, tables=["progress"]),
)

router = Router(tags=["echoes"])


class NewEcho(Body):
    """What to say."""

    code: str


@router.post("/echoes", status_code=201, dependencies=[public])
async def write(body: NewEcho, tx: Transaction) -> dict[str, UUID]:
    """Keep a row and say so."""
    if body.code == "linger":
        await asyncio.sleep(25)
    made = uuid4()
    await tx.connection.execute(
        text("INSERT INTO echo (event_id, code) VALUES (:id, :code)"), {"id": made, "code": body.code}
    )
    tx.publish(probe.EchoMade(echo_id=made, code=body.code), version=1)
    return {"echo_id": made}


def service() -> Service:
    """The victim, from the environment."""
    return Service(
        name="probe",
        settings=ServiceSettings(),
        routers=[router],
        subscriptions=SUBSCRIPTIONS,
        refusal=probe.Refused,
        revision="probe",
    )


def again() -> None:
    """Run it in a child, and once more whenever that dies, until SIGTERM."""
    told: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        told.append(number)
        if child:
            os.kill(child, number)

    child = 0
    signal.signal(signal.SIGTERM, stop)
    while not told:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            run(service)
        os.waitpid(child, 0)


if __name__ == "__main__":
    again() if "--again" in sys.argv else run(service)
