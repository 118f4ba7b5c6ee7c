"""Messages as a durable of the probe delivers them, and a consumer that they are handed to by hand."""

from contextlib import suppress
from typing import Any

from nats.aio.msg import Msg
from nats.js import JetStreamContext

from chassis.consumer import Consumer
from chassis.subscription import Subscription
from chassis.transaction import Database
from tests.chassis import probe
from tests.fixtures.bus import Bus

ECHO = probe.SUBSCRIPTIONS[0]


def consumer_of(database: Database, subscription: Subscription = ECHO, **options: Any) -> Consumer:
    """The probe's consumer of goals, which tries again almost at once."""
    given: dict[str, Any] = {"refusals": (probe.Refused,), "retry_base": 0.001} | options
    return Consumer("probe", subscription, "SESSIONS", database, **given)


async def durable(bus: Bus, subscription: Subscription = ECHO) -> JetStreamContext.PullSubscription:
    """The durable of a subscription, made anew."""
    await bus.provision("probe", [subscription])
    return await bus.js.pull_subscribe_bind(durable=f"probe-{subscription.name}", stream="SESSIONS")


async def fetched(bus: Bus, *codes: str) -> list[Msg]:
    """Goals with these codes, as the durable delivers them."""
    pull = await durable(bus)
    for code in codes:
        await bus.publish(probe.goal(code))
    messages: list[Msg] = []
    while len(messages) < len(codes):
        messages += await pull.fetch(len(codes) - len(messages))
    return messages


async def worked_off(
    consumer: Consumer, pull: JetStreamContext.PullSubscription, *, rounds: int = 100, batch: int = 10
) -> int:
    """Hand over what comes, so often or until all is settled; gives how often something came."""
    done = 0
    while done < rounds:
        with suppress(TimeoutError):
            await consumer.handle(await pull.fetch(batch, timeout=0.5))
            done += 1
            continue
        info = await pull.consumer_info()
        if not info.num_pending and not info.num_ack_pending:
            break
    return done
