"""A mail as bytes: plain text, HTML, perhaps a calendar entry, and headers that nothing can be injected into."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from uuid import UUID

from notifications.adapters.words import Words, one_line

# Folded by us where it must be: left to itself, the package breaks a long URL away from its header's name.
_POLICY = policy.compat32.clone(linesep="\r\n", max_line_length=0)
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ,.:'-")
_ATOMS = re.compile(r"[A-Za-z0-9'-]+( [A-Za-z0-9'-]+)*")
_ENCODED_WORD_MAX = 75


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one address."""

    message_id: UUID
    sender: str
    sender_name: str
    recipient: str
    recipient_name: str
    date: datetime
    words: Words
    html: str
    calendar: bytes | None = None
    calendar_method: str = "REQUEST"
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further headers, of our own making."""

    def to_bytes(self) -> bytes:
        """The mail as it goes over the wire."""
        mail: Message = _content(self)
        mail["Message-ID"] = f"<{self.message_id}@{ascii_address(self.sender).rpartition('@')[2]}>"
        mail["Date"] = format_datetime(self.date)
        mail["From"] = _mailbox(self.sender_name, self.sender)
        to = _mailbox(self.recipient_name, self.recipient)
        if to.isascii():
            mail["To"] = to
        mail["Subject"] = _encoded(self.words.subject, "Subject")
        # No holiday replies, please (RFC 3834).
        mail["Auto-Submitted"] = "auto-generated"
        for name, value in self.extra.items():
            mail[name] = value
        raw = mail.as_bytes(policy=_POLICY)
        # An address outside ASCII goes as it is (RFC 6532); the email package would encode it beyond recognition.
        return raw if to.isascii() else f"To: {to}\r\n".encode() + raw


def ascii_address(address: str) -> str:
    """The address with its domain as DNS knows it; a local part outside ASCII stays and needs SMTPUTF8."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


def _content(mail: Mail) -> MIMEMultipart:
    alternative = MIMEMultipart("alternative")
    alternative.attach(_text(mail.words.text + "\n", "plain"))
    alternative.attach(_text(mail.html, "html"))
    if mail.calendar is None:
        return alternative
    # Calendars look for the part among the alternatives, people without one for the attachment.
    part = _text(mail.calendar.decode(), "calendar")
    part.set_param("method", mail.calendar_method)
    alternative.attach(part)
    mixed = MIMEMultipart("mixed")
    mixed.attach(alternative)
    attachment = MIMEApplication(mail.calendar, "ics", name="invite.ics")
    attachment.add_header("Content-Disposition", "attachment", filename="invite.ics")
    mixed.attach(attachment)
    return mixed


def _text(content: str, subtype: str) -> MIMEText:
    charset = Charset("utf-8")
    charset.body_encoding = QP
    part = MIMEText("", subtype, "us-ascii")
    del part["Content-Transfer-Encoding"]
    part.set_payload(content, charset)
    return part


def _mailbox(name: str, address: str) -> str:
    """`name <address>`, or the bare address where the name does not fit in one encoded word.

    Python's own parser puts a space between two words of one name, so a longer one would not be read as it was.
    """
    address = "".join(ascii_address(address).split())
    name = " ".join(one_line(name).split())
    word = name if _ATOMS.fullmatch(name) else Charset("utf-8").header_encode(name) if name else ""
    return f"{word} <{address}>" if word and len(word) <= _ENCODED_WORD_MAX else address


def _encoded(text: str, header: str) -> str:
    """Header text in encoded words (RFC 2047), unless it is so plain that no reader can take it for anything else."""
    text = one_line(text)
    if _PLAIN.issuperset(text) and len(text) < 60 and text == text.strip():
        return text
    return Header(text, "utf-8", header_name=header, maxlinelen=76).encode()
