"""Writing messages, in the transaction that notes that what they tell of was handled."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.ids import uuid7
from chassis.outbox import current_traceparent
from chassis.transaction import Tx
from notifications.adapters import db
from notifications.domain.decisions import decide
from notifications.domain.kinds import CHANNELS
from notifications.domain.messages import Facts, Message, Notice, Outcome, people_in
from notifications.domain.people import Person
from notifications.domain.preferences import chose_against, wants
from notifications.handlers.announcing import announce


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why people are told something now; each person is told once per effect, kind and channel."""

    effect: UUID
    current: Facts
    due_at: datetime | None = None


async def tell(tx: Tx, told: Sequence[Notice], occasion: Occasion) -> None:
    """Write the messages for these notices: those in the app are there at once, mails wait for a sender."""
    if not told:
        return
    await db.hold_erasures(tx)
    involved = {notice.employee_id for notice in told} | set(people_in(occasion.current))
    people = await db.people(tx, involved)
    drafts = list(_drafts(tx, told, occasion, people))
    new = await db.insert(tx, drafts, occasion.effect)
    for draft in drafts:
        if draft.message.message_id in new and draft.outcome.status != "pending":
            announce(tx, draft.message, draft.outcome)


def _drafts(tx: Tx, told: Sequence[Notice], occasion: Occasion, people: Mapping[str, Person]) -> Iterator[db.Draft]:
    departed = {person.employee_id for person in people.values() if person.departed}
    trace = (tx.cause.traceparent if tx.cause else None) or current_traceparent()
    for notice in told:
        reader = people[notice.employee_id]
        for channel in CHANNELS:
            wanted = wants(reader.choices, notice.kind, channel)
            if reader.erased or not (wanted or chose_against(reader.choices, notice.kind, channel)):
                continue
            message = Message(
                message_id=uuid7(),
                effect=occasion.effect,
                employee_id=notice.employee_id,
                kind=notice.kind,
                channel=channel,
                facts=notice.facts,
                created_at=tx.now,
                due_at=occasion.due_at,
                traceparent=trace,
            )
            yield db.Draft(message, _at_once(message, decide(message, occasion.current, reader, departed, tx.now)))


def _at_once(message: Message, outcome: Outcome) -> Outcome:
    return Outcome("sent") if outcome.status == "pending" and message.channel == "in_app" else outcome
