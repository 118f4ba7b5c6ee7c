"""From a message to the mail that carries it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from contracts.sessions import SessionState
from notifications.adapters import calendar
from notifications.adapters.mail import Mail
from notifications.adapters.words import Writer
from notifications.domain.kinds import CALENDAR, RULES, Kind
from notifications.domain.messages import Message
from notifications.domain.people import Person
from notifications.domain.unsubscribing import Signer


@dataclass(frozen=True, slots=True)
class Letters:
    """Composes mails in the platform's name."""

    writer: Writer
    mail_from: str
    public_url: str = ""
    signer: Signer | None = None
    """Without it, or without a public URL, mails carry no unsubscribe header."""

    def compose(self, message: Message, reader: Person, people: Mapping[str, Person], now: datetime) -> Mail:
        """The mail of a message to somebody whose address is known."""
        name, sender = parseaddr(self.mail_from)
        words = self.writer.write(message.kind, message.facts, reader, people, now)
        url = self._unsubscribe_url(message)
        return Mail(
            message_id=message.message_id,
            sender=sender,
            sender_name=name,
            recipient=reader.email or "",
            recipient_name=reader.name or "",
            date=now,
            words=words,
            html=self.writer.page(words, url),
            calendar=self._calendar(message, people, sender),
            calendar_method="CANCEL" if message.kind is Kind.SESSION_CANCELLED else "REQUEST",
            extra=_one_click(url) if url else {},
        )

    def _calendar(self, message: Message, people: Mapping[str, Person], sender: str) -> bytes | None:
        if message.kind not in CALENDAR or not isinstance(message.facts, SessionState):
            return None
        session = message.facts
        members = [people[member] for member in session.members if member in people]
        reachable = [person for person in members if person.email and not person.departed and not person.erased]
        words = self.writer.write_calendar(session, people)
        return calendar.entry(session, reachable, sender, words, message.created_at)

    def _unsubscribe_url(self, message: Message) -> str | None:
        if self.signer is None or not self.public_url or "email" in RULES[message.kind].always:
            return None
        return f"{self.public_url.rstrip('/')}/v1/unsubscribe/{self.signer.token(message.employee_id, message.kind)}"


def _one_click(url: str) -> dict[str, str]:
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
