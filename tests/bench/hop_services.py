"""Three small services of ours, a process each: POST -> made -> echoed -> arrived.

`python -m tests.bench.hop_services hopa|hopb|hopc`
"""

import sys
from typing import Annotated
from uuid import UUID

from sqlalchemy import text

from chassis.http import Body, Caller, Router, Transaction, allow
from chassis.service import Service, run
from chassis.settings import ServiceSettings
from chassis.subscription import Received, on
from chassis.transaction import Tx
from contracts.event import EVENTS, Event


class HopMade(Event, subject="mentorship.hopa.thing.made.v1", about="item_id"):
    """The first hop."""

    item_id: UUID
    filling: str


class HopEchoed(Event, subject="mentorship.hopb.thing.echoed.v1", about="item_id"):
    """The second hop."""

    item_id: UUID
    filling: str


for _event in (HopMade, HopEchoed):
    del EVENTS[_event.subject]

_STORE = text("INSERT INTO item (item_id, filling) VALUES (:id, :filling)")
_ARRIVE = text("INSERT INTO arrived (item_id) VALUES (:id)")


class ItemIn(Body):
    """What is posted."""

    item_id: UUID
    filling: str


router = Router(tags=["items"])


@router.post("/items", status_code=201)
async def post_item(body: ItemIn, tx: Transaction, caller: Annotated[Caller, allow("employee")]) -> dict[str, str]:
    """Store an item and say so."""
    await tx.connection.execute(_STORE, {"id": body.item_id, "filling": body.filling})
    tx.publish(HopMade(item_id=body.item_id, filling=body.filling), version=1)
    return {"item_id": str(body.item_id), "by": caller.subject}


async def echo(tx: Tx, received: Received[HopMade]) -> None:
    """Store it too and say so."""
    event = received.event
    await tx.connection.execute(_STORE, {"id": event.item_id, "filling": event.filling})
    tx.publish(HopEchoed(item_id=event.item_id, filling=event.filling), version=1)


async def arrive(tx: Tx, received: Received[HopEchoed]) -> None:
    """Note the arrival; a trigger tells the clock."""
    await tx.connection.execute(_ARRIVE, {"id": received.event.item_id})


SUBSCRIPTIONS = {"hopa": (), "hopb": (on(HopMade, do=echo),), "hopc": (on(HopEchoed, do=arrive),)}

TABLES = """
CREATE TABLE item (item_id uuid PRIMARY KEY, filling text NOT NULL);
CREATE TABLE arrived (item_id uuid PRIMARY KEY);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_notify('arrived', NEW.item_id::text); RETURN NULL; END $$;
CREATE TRIGGER tell AFTER INSERT ON arrived FOR EACH ROW EXECUTE FUNCTION tell();
"""


def service(name: str) -> Service:
    """One of the three."""
    return Service(
        name=name,
        settings=ServiceSettings(requests_per_second=0),
        routers=[router] if name == "hopa" else [],
        subscriptions=SUBSCRIPTIONS[name],
        revision="bench",
    )


if __name__ == "__main__":
    run(lambda: service(sys.argv[1]))
