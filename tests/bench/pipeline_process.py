"""One end of the pipeline: `python -m tests.bench.pipeline_process relay|consumer`."""

import asyncio
import sys

from chassis.service import Service, run
from chassis.settings import ServiceSettings
from tests.bench.consumer import SUBSCRIPTION


async def _no_relay(stopping: asyncio.Event) -> None:
    await stopping.wait()


def service(role: str) -> Service:
    """A service that only relays, or only consumes."""
    subscriptions = [SUBSCRIPTION] if role == "consumer" else []
    made = Service(name="bench", settings=ServiceSettings(), subscriptions=subscriptions, revision="bench")
    if role == "consumer":
        made.relay.run = _no_relay  # type: ignore[method-assign]  # what it derives stays in its outbox, as in the limit
    return made


if __name__ == "__main__":
    run(lambda: service(sys.argv[1]))
