"""One end of the pipeline: `python -m tests.bench.pipeline_process relay|consumer [recording]`."""

import asyncio
import sys

from opentelemetry.sdk.trace import SpanProcessor

from chassis import telemetry
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


def record_spans() -> None:
    """Have every span made and handed over as to an exporter, to one that keeps nothing."""
    configured = telemetry.configure("bench")
    assert configured is not None
    configured.traces.add_span_processor(SpanProcessor())


if __name__ == "__main__":
    if "recording" in sys.argv:
        record_spans()
    run(lambda: service(sys.argv[1]))
