"""A local mail server that delivers to nobody: it keeps what it receives, for people and tests to look at."""

import asyncio
import json
import logging
from collections import deque
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 2_000
"""Mails to show; the file holds all of them."""


class Mailbox:
    """Every mail received, one JSON line each in a file, the newest also in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._newest: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._count = 0
        if path.exists():
            with path.open() as lines:
                for line in lines:
                    self._count += 1
                    self._newest.append(json.loads(line))

    def add(self, sender: str, recipients: list[str], content: bytes) -> None:
        """Keep one mail; it is in the file when this returns."""
        message = message_from_bytes(content, policy=policy.default)
        mail = {
            "number": self._count + 1,
            "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "from": sender,
            "to": recipients,
            "subject": str(message.get("Subject", "")),
            "message_id": str(message.get("Message-ID", "")),
            "raw": content.decode("utf-8", errors="replace"),
        }
        with self._path.open("a") as lines:
            lines.write(json.dumps(mail) + "\n")
        self._newest.append(mail)
        self._count += 1

    def newest(self, limit: int, recipient: str = "") -> list[dict[str, Any]]:
        """The newest mails, to one recipient if given, the newest first."""
        wanted = [mail for mail in reversed(self._newest) if not recipient or recipient in mail["to"]]
        return wanted[:limit]

    def __len__(self) -> int:
        return self._count

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """Answer SMTP's DATA, as aiosmtpd wants it named."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        try:
            self.add(envelope.mail_from or "", [str(to) for to in envelope.rcpt_tos], content)
        except OSError:
            return "452 Insufficient system storage"
        return "250 Message accepted for delivery"


async def listen(mailbox: Mailbox, host: str, port: int) -> asyncio.Server:
    """Serve SMTP on a port until the server is closed."""
    # It names every recipient, at a level that whoever looks for something else may switch on.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SMTP(mailbox, hostname="mentorship.local", enable_SMTPUTF8=True), host, port
    )
