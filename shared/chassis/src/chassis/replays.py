"""Dead letters tried again at the operator's request: the same handler, the same inbox, one audit row.

The operator sends the original (fetched from its stream) as a core NATS request to
`mentorship.replay.<service>.<handler>`, in no stream, so that no body is kept a second time.
"""

import json
import time
from collections.abc import Mapping, Sequence

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlalchemy import text

from chassis.consumer import Consumer
from chassis.delivery import Delivery, read_at
from chassis.failures import reason_of
from chassis.inbox import Claims
from chassis.tracing import finish_spans, start_span
from chassis.transaction import Tx

log = structlog.get_logger()

_AUDIT = text(
    "INSERT INTO dead_letter_replay (consumer, event_id, requested_by, outcome)"
    " VALUES (:consumer, :event_id, :requested_by, :outcome)"
)
_FORGET = text("DELETE FROM inbox_failure WHERE consumer = :consumer AND event_id = :event_id")


class Replays:
    """Answers the operator's requests to handle a message again."""

    def __init__(self, service: str, consumers: Sequence[Consumer]) -> None:
        self._service = service
        self._consumers = {(consumer.durable, consumer.stream): consumer for consumer in consumers}

    async def listen(self, connection: Client) -> None:
        """Subscribe; one of the service's replicas answers each request."""
        await connection.subscribe(f"mentorship.replay.{self._service}.>", queue=self._service, cb=self._answer)

    async def _answer(self, message: Msg) -> None:
        headers = dict(message.headers or {})
        try:
            outcome = await self.replay(message.subject, headers, message.data)
        except Exception as error:  # noqa: BLE001  the operator is told the class of it
            outcome = {"outcome": "failed", "reason": reason_of(error)}
        log.info("dead_letter_replayed", subject=message.subject, **outcome)
        await message.respond(json.dumps(outcome).encode())

    async def replay(self, subject: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """Handle an original again; raises what the handler raises."""
        durable = f"{self._service}-{subject.rsplit('.', maxsplit=1)[-1]}"
        stream = headers.get("Mentorship-Stream", "")
        consumer = self._consumers.get((durable, stream))
        if consumer is None:
            return {"outcome": "refused", "reason": "unknown_consumer"}
        delivery = self._delivery(consumer, headers, body)
        consumer.judge(delivery)
        if delivery.refused:
            return {"outcome": "refused", "reason": delivery.refused}
        start_span(delivery, durable, anew=True)
        requested_by = headers.get("Mentorship-Requested-By", "operator")[:200]

        async def audit(tx: Tx, claims: Claims) -> None:
            what = {"consumer": durable, "event_id": delivery.identity}
            outcome = "handled" if delivery.identity in claims.new else "duplicate"
            await tx.connection.execute(_FORGET, what)
            await tx.connection.execute(_AUDIT, {**what, "requested_by": requested_by, "outcome": outcome})

        try:
            claims = await consumer.handling.attempt([delivery], audit)
        finally:
            finish_spans([delivery])
        if claims.is_reused(delivery.identity, delivery.digest):
            return {"outcome": "refused", "reason": "identity_reused"}
        return {"outcome": "handled" if delivery.identity in claims.new else "duplicate", "reason": ""}

    @staticmethod
    def _delivery(consumer: Consumer, headers: Mapping[str, str], body: bytes) -> Delivery:
        original = {name: value for name, value in headers.items() if not name.startswith("Mentorship-")}
        subject = headers.get("Mentorship-Subject", original.get("ce-type", ""))
        sequence = int(headers.get("Mentorship-Sequence", "0"))
        message = Msg(_client=None, subject=subject, data=body, headers=original)  # type: ignore[arg-type]
        return read_at(message, consumer.events, consumer.stream, sequence, 1, time.time())
