"""Sending mail: claimed under a lease, decided anew, noted as begun, handed over outside any transaction, settled."""

import asyncio
import random
from dataclasses import dataclass, field

from opentelemetry.trace import SpanKind, Status, StatusCode

from chassis.ids import uuid7
from chassis.telemetry import tracer
from chassis.tracing import parse_traceparent, remote_parent
from chassis.transaction import Database, Tx
from notifications.adapters import db, metrics
from notifications.adapters.letters import Letters
from notifications.adapters.smtp import Rejected, Transport, Unanswered, Unreachable
from notifications.domain.decisions import RetryPolicy, decide
from notifications.domain.kinds import RULES
from notifications.domain.messages import Outcome, people_in, thing_id
from notifications.handlers.announcing import announce

Envelope = tuple[str, str, bytes]
"""Sender, recipient and contents, as they go over the wire."""
_SENT = Outcome("sent")
_NOTE_AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Sender:
    """What it takes to send; one connection, so one for each task."""

    letters: Letters
    transport: Transport
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    lease_seconds: float = 60.0
    """Longer than the transport's time limit; after it another sender takes the mail of one that died."""


async def send_next(database: Database, sender: Sender) -> bool:
    """Send the mail that has waited longest, or settle that it is not to be sent; whether there was one."""
    async with database.transaction() as tx:
        held = await db.claim_mail(tx, uuid7(), sender.lease_seconds)
    if held is None:
        return False
    origin = parse_traceparent(held.message.traceparent)
    with tracer.start_as_current_span(
        f"deliver {held.message.kind}",
        context=remote_parent(origin) if origin else None,
        attributes={
            "mentorship.message.id": str(held.message.message_id),
            "mentorship.message.attempt": held.message.attempts,
        },
        record_exception=False,
        set_status_on_exception=False,
    ):
        envelope = await _prepare(database, held, sender)
        if envelope is not None:
            outcome = await _hand_over(envelope, held, sender)
            metrics.count_attempt(outcome.reason or outcome.status)
            await _note(database, held, sender, outcome)
    return True


async def _prepare(database: Database, held: db.Lease, sender: Sender) -> Envelope | None:
    """The mail, its attempt begun, if it is still to be sent now; else what becomes of it is settled here."""
    message = held.message
    async with database.transaction() as tx:
        current = await db.known(tx, RULES[message.kind].about, thing_id(message.facts))
        people = await db.people(tx, {message.employee_id, *people_in(message.facts)})
        reader = people[message.employee_id]
        departed = {person.employee_id for person in people.values() if person.departed}
        outcome = decide(message, current or message.facts, reader, departed, tx.now)
        if outcome.again_at is not None:
            await db.postpone(tx, held, outcome.again_at, outcome.reason, counted=False)
        elif outcome.status != "pending":
            await _conclude(tx, held, sender.policy, outcome)
        elif message.attempts > sender.policy.attempts:
            # Claimed, and nothing noted of it, once too often: whatever it does to its sender, it does no more.
            await _conclude(tx, held, sender.policy, Outcome("failed", "unreachable"))
        elif reader.email is None:
            await _conclude(tx, held, sender.policy, Outcome("pending", "no_address"))
        else:
            written = sender.letters.compose(message, reader, people, tx.now)
            envelope = (written.sender, written.recipient, written.to_bytes())
            return envelope if await db.begin_attempt(tx, held, sender.lease_seconds) else None
    return None


async def _hand_over(envelope: Envelope, held: db.Lease, sender: Sender) -> Outcome:
    if held.message.unconfirmed:
        metrics.count_repeated(held.message)
    server = sender.transport.server
    with tracer.start_as_current_span(
        "smtp send",
        kind=SpanKind.CLIENT,
        attributes={
            "server.address": server.host,
            "server.port": server.port,
            "mentorship.message.id": str(held.message.message_id),
            "mentorship.message.kind": str(held.message.kind),
        },
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            await sender.transport.send(*envelope)
        except Rejected:
            span.set_status(Status(StatusCode.ERROR, "refused"))
            return Outcome("failed", "refused")
        except Unreachable:
            span.set_status(Status(StatusCode.ERROR, "unreachable"))
            return Outcome("pending", "unreachable")
        except Unanswered:
            span.set_status(Status(StatusCode.ERROR, "unanswered"))
            return Outcome("pending", "unreachable", answered=False)
        return _SENT


async def _note(database: Database, held: db.Lease, sender: Sender, outcome: Outcome) -> None:
    """Note what the server said, which this sender alone knows: while the database is away it is kept in mind."""
    held = held if outcome.answered else held.unanswered
    clock = asyncio.get_running_loop().time
    give_up = clock() + sender.lease_seconds
    while True:
        try:
            async with database.transaction() as tx:
                return await _conclude(tx, held, sender.policy, outcome)
        except Exception:
            if clock() > give_up:
                raise
        await asyncio.sleep(_NOTE_AGAIN_SECONDS)


async def _conclude(tx: Tx, held: db.Lease, policy: RetryPolicy, outcome: Outcome) -> None:
    """Settle a mail for good, or give it back for another try while the policy has one."""
    if outcome.status == "pending":
        outcome = policy.next(held.message, outcome.reason or "unreachable", tx.now, random.random())  # noqa: S311
    if outcome.again_at is not None:
        await db.postpone(tx, held, outcome.again_at, outcome.reason, counted=True)
    elif await db.mark_settled(tx, held, outcome.status, outcome.reason):
        announce(tx, held.message, outcome)
