"""Dead letters for the operator: found in their stream, their originals fetched, tried again or dropped.

A letter holds no body. The original is read from its own stream at the moment it is looked at or replayed.
"""

import asyncio
import getpass
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError
from pydantic import TypeAdapter, ValidationError

from chassis.cloudevents import Undecodable, decode, describe_invalid
from chassis.deadletters import STREAM, DeadLetter
from contracts.event import EVENTS
from contracts.generate import OWNERS  # noqa: F401  to import the owners is to know every event
from mentorship.problem import Problem
from mentorship.topology import jetstream

UNREADABLE = "unreadable_letter"
"""The class of reason under which a letter is shown that is none, or one of another version."""

_LETTER = TypeAdapter(DeadLetter)
_AT_ONCE = 64
_HANDLING_SECONDS = 30.0


@dataclass(frozen=True)
class Letter:
    """A dead letter and its number in the stream of dead letters."""

    number: int
    service: str
    letter: DeadLetter


@dataclass(frozen=True)
class Wanted:
    """Which letters; what is None matters not."""

    source: str | None = None
    consumer: str | None = None
    reason: str | None = None

    def fits(self, letter: DeadLetter) -> bool:
        """Whether a letter is among those wanted."""
        asked = ((self.source, letter.source), (self.consumer, letter.consumer), (self.reason, letter.reason))
        return all(wanted is None or wanted == actual for wanted, actual in asked)


@dataclass(frozen=True)
class Replayed:
    """What a service answered: `handled` and `duplicate` close the letter, `refused` and `failed` leave it."""

    number: int
    consumer: str
    outcome: str
    reason: str

    @property
    def closed(self) -> bool:
        """Whether the event is done with."""
        return self.outcome in {"handled", "duplicate"}


async def count(nc: Client) -> int:
    """How many letters there are."""
    return int((await jetstream.call(nc, f"STREAM.INFO.{STREAM}"))["state"]["messages"])


async def newest(nc: Client, wanted: Wanted) -> AsyncIterator[Letter]:
    """The letters that fit, the newest first."""
    state = (await jetstream.call(nc, f"STREAM.INFO.{STREAM}"))["state"]
    last = state["last_seq"]
    while last >= max(state["first_seq"], 1):
        first = max(state["first_seq"], last - _AT_ONCE + 1)
        found = await asyncio.gather(*(one(nc, number) for number in range(last, first - 1, -1)))
        for letter in found:
            if letter is not None and wanted.fits(letter.letter):
                yield letter
        last = first - 1


async def one(nc: Client, number: int) -> Letter | None:
    """The letter of that number, or None where there is none (any more)."""
    try:
        message = await nc.jetstream().get_msg(STREAM, number)
    except NotFoundError:
        return None
    service, handler = (message.subject or "...").split(".")[2:4]
    try:
        letter = _LETTER.validate_json(message.data or b"")
    except ValueError:
        letter = _unreadable(f"{service}-{handler}", message)
    return Letter(number, service, letter)


def _unreadable(consumer: str, message: RawStreamMsg) -> DeadLetter:
    """What stands for a letter that nobody can read, so that it hides no other and can be discarded."""
    died_at = message.time.isoformat() if message.time else ""
    return DeadLetter(consumer, "", 0, "", UNREADABLE, 0, "", None, None, None, died_at)


async def original(nc: Client, letter: DeadLetter) -> RawStreamMsg | None:
    """The message that could not be handled, or None where its stream has it no more (its person was erased)."""
    if letter.reason == UNREADABLE:
        return None
    try:
        message = await nc.jetstream().get_msg(letter.stream, letter.sequence)
    except NotFoundError:
        return None
    # A stream that was made anew counts from 1 again: another message may stand there now.
    return message if message.subject == letter.subject and _is_of(message, letter) else None


def faults_of(letter: DeadLetter, body: bytes) -> list[str]:
    """What is wrong with data that could not be read as that of its event, as the events of this version are."""
    event_class = EVENTS.get(letter.subject)
    if letter.reason != "invalid_data" or event_class is None:
        return []
    try:
        event_class.model_validate_json(body)
    except ValidationError as error:
        return [f"{fault['pointer'].strip('/') or 'data'}: {fault['detail']}" for fault in describe_invalid(error)]
    return []


def _is_of(message: RawStreamMsg, letter: DeadLetter) -> bool:
    try:
        found = decode(message.subject or "", message.headers, message.data or b"")
    except Undecodable:
        return letter.event_id is None
    return (found.id, found.source) == (letter.event_id, letter.source)


async def replay(nc: Client, letter: Letter) -> Replayed:
    """Have the service's handler try the original again; a letter that is done with is removed."""
    message = await original(nc, letter.letter)
    if message is None:
        why = UNREADABLE if letter.letter.reason == UNREADABLE else "original_gone"
        return Replayed(letter.number, letter.letter.consumer, "failed", why)
    headers = {name: value for name, value in (message.headers or {}).items() if not name.startswith("Nats-")}
    headers |= {
        "Mentorship-Stream": letter.letter.stream,
        "Mentorship-Sequence": str(letter.letter.sequence),
        "Mentorship-Subject": letter.letter.subject,
        "Mentorship-Requested-By": getpass.getuser(),
    }
    handler = letter.letter.consumer.removeprefix(f"{letter.service}-")
    subject = f"mentorship.replay.{letter.service}.{handler}"
    try:
        answer = await nc.request(subject, message.data or b"", timeout=_HANDLING_SECONDS, headers=headers)
    except nats.errors.NoRespondersError:
        raise Problem(f"{letter.service} does not listen: start it, then replay.") from None
    except (nats.errors.TimeoutError, TimeoutError):
        return Replayed(letter.number, letter.letter.consumer, "failed", "no_answer")
    told: dict[str, Any] = json.loads(answer.data)
    result = Replayed(letter.number, letter.letter.consumer, told["outcome"], told.get("reason", ""))
    if result.closed:
        await discard(nc, letter.number)
    return result


async def discard(nc: Client, number: int) -> None:
    """Remove a letter; its original stays where it is."""
    await jetstream.call(nc, f"STREAM.MSG.DELETE.{STREAM}", {"seq": number})


async def chosen(nc: Client, numbers: list[int], wanted: Wanted, missing: Callable[[int], None]) -> list[Letter]:
    """The letters of these numbers, or where none are given all that fit; the oldest first."""
    if not numbers:
        return sorted([letter async for letter in newest(nc, wanted)], key=lambda letter: letter.number)
    found = []
    for number in sorted(set(numbers)):
        letter = await one(nc, number)
        if letter is None:
            missing(number)
        elif wanted.fits(letter.letter):
            found.append(letter)
    return found
