"""A real SMTP server that keeps what it is given, or misbehaves as told."""

# ruff: noqa: ARG002  # aiosmtpd calls its hooks with all of this

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from ssl import SSLContext
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from icalendar import Calendar, Component

DROP = "drop"
TAKE_AND_DROP = "take and drop"
"""Answers of a server that hangs up; the second has kept the mail when it does."""


@dataclass
class Sink:
    """Mails in the order they came; `answers` are given to the next recipients and contents instead of 250."""

    url: str = ""
    envelopes: list[Envelope] = field(default_factory=list)
    recipient_answers: deque[str] = field(default_factory=deque)
    content_answers: deque[str] = field(default_factory=deque)
    connections: int = 0
    encrypted: bool = False
    """Whether the last mail came over TLS."""
    signed_in: bool = False
    """Whether its sender gave user and password: "user" and "pass/word"."""

    @property
    def mails(self) -> list[EmailMessage]:
        """What was accepted, parsed."""
        return [message_from_bytes(cast(bytes, one.content), policy=policy.default) for one in self.envelopes]

    def to(self, address: str) -> list[EmailMessage]:
        """What was accepted for one address."""
        return [mail for mail, one in zip(self.mails, self.envelopes, strict=True) if one.rcpt_tos == [address]]

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name and arguments
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_answers:
            return self._answer(server, self.recipient_answers.popleft())
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.content_answers.popleft() if self.content_answers else ""
        if answer in {"", TAKE_AND_DROP}:
            self.envelopes.append(envelope)
            self.signed_in = bool(session.authenticated)
            self.encrypted = cast(asyncio.Transport, server.transport).get_extra_info("ssl_object") is not None
        if answer:
            return self._answer(server, answer)
        return "250 OK"

    def _answer(self, server: SMTP, answer: str) -> str:
        if answer in {DROP, TAKE_AND_DROP}:
            cast(asyncio.Transport, server.transport).abort()
            return "421 gone"
        return answer


def _knows(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    return AuthResult(success=(given.login, given.password) == (b"user", b"pass/word"), handled=False)


@asynccontextmanager
async def listening(tls: SSLContext | None = None, *, implicit: bool = False) -> AsyncIterator[Sink]:
    """A sink on a free port; with `tls` for those alone who encrypt, from the start where that is `implicit`."""
    sink, loop = Sink(), asyncio.get_running_loop()
    starttls = None if implicit else tls

    def protocol() -> SMTP:
        return SMTP(
            sink,
            enable_SMTPUTF8=True,
            loop=loop,
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=_knows,
            auth_require_tls=not implicit,  # it does not know of what is encrypted from the start
        )

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None)
    sink.url = f"{'smtps' if implicit else 'smtp'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield sink
    server.close()
    await server.wait_closed()


def calendar_of(mail: EmailMessage) -> Component:
    """The calendar among the alternatives of a mail, after checking that the attachment is the same."""
    part = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    attachment = next(part for part in mail.walk() if part.get_filename() == "invite.ics")
    inline = Calendar.from_ical(cast(bytes, part.get_payload(decode=True)))
    attached = Calendar.from_ical(cast(bytes, attachment.get_payload(decode=True)))
    assert inline == attached
    assert part.get_param("method") == str(inline["METHOD"])
    return cast(Component, inline)


def event_of(mail: EmailMessage) -> Any:
    """The one entry of a mail's calendar."""
    (event,) = calendar_of(mail).walk("VEVENT")
    return event


def body_of(mail: EmailMessage, subtype: str = "plain") -> str:
    """The text of a mail."""
    part = mail.get_body((subtype,))
    assert part is not None
    return str(part.get_content())
