"""Handing mail to an SMTP server: one connection, kept while there is work."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
import structlog
from aiosmtplib import SMTPResponse, errors

from notifications.adapters.mail import ascii_address

log = structlog.get_logger()

_PERMANENT = range(500, 600)
_FORM = (
    "must look like smtp://host:25 or smtps://user:password@host:465; ?starttls= is required, offered or never,"
    " and in a password / is written %2F, # is %23, @ is %40"
)


class Rejected(Exception):
    """The server will never take this mail."""


class Unreachable(Exception):
    """The server did not take this mail now."""


class Unanswered(Exception):
    """The server was given the mail, and nobody knows whether it took it."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over: `smtp://` (STARTTLS where offered) or `smtps://`."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: bool = False
    starttls: bool | None = None
    """Required, forbidden, or (None) used where the server offers it."""

    @classmethod
    def of(cls, url: str) -> "Server":
        """Read `smtp[s]://[user:password@]host[:port][?starttls=required|offered|never]`.

        With a password STARTTLS is required unless the URL says otherwise: it must not travel in the clear.
        """
        try:
            return cls._read(url)
        except (KeyError, ValueError):
            # In words of ours alone: what Python says of a wrong port may quote half a password.
            raise ValueError(_FORM) from None

    @classmethod
    def _read(cls, url: str) -> "Server":
        parts = urlsplit(url)
        if not parts.hostname:
            raise ValueError
        tls = {"smtp": False, "smtps": True}[parts.scheme]
        asked = parse_qs(parts.query).get("starttls", ["required" if parts.password else "offered"])[0]
        starttls = {"required": True, "offered": None, "never": False}[asked]
        return cls(
            parts.hostname,
            parts.port or (465 if tls else 25),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            tls,
            False if tls else starttls,
        )


class _Client(aiosmtplib.SMTP):
    """Knows whether the server has been given anything of the mail at hand."""

    contents_begun = False

    async def data(self, message: str | bytes, /, **options: Any) -> SMTPResponse:
        self.contents_begun = True
        return await super().data(message, **options)


class Transport:
    """One sender's connection to the server; not to be shared between tasks."""

    def __init__(self, server: Server, seconds: float = 20.0) -> None:
        self.server = server
        self.seconds = seconds
        self._client: _Client | None = None
        self._trouble: str | None = None

    async def send(self, sender: str, recipient: str, content: bytes) -> None:
        """Hand over one mail; raises `Rejected`, `Unreachable` or `Unanswered`.

        The text of what a server says goes nowhere.
        """
        try:
            async with asyncio.timeout(self.seconds):
                await self._send(sender, recipient, content)
            self._trouble = None
        except errors.SMTPRecipientsRefused as error:
            await self._recover()
            raise _judged(error.recipients[0].code) from None
        except (errors.SMTPSenderRefused, errors.SMTPDataError) as error:
            await self._recover()
            raise _judged(error.code) from None
        except errors.SMTPNotSupported:  # an address outside ASCII, and a server that knows no SMTPUTF8
            await self._recover()
            raise Rejected from None
        # Everything before MAIL FROM, a refused password too, speaks of the server, not of this mail.
        except (errors.SMTPException, OSError, TimeoutError) as error:
            given = self._client is not None and self._client.contents_begun
            await self.close()
            self._tell(error)
            raise (Unanswered if given else Unreachable) from None

    async def rest(self) -> None:
        """Say goodbye while there is nothing to send: servers drop who stays silent."""
        if self._client is not None and self._client.is_connected:
            with suppress(errors.SMTPException, OSError, TimeoutError):
                await self._client.quit(timeout=1)
        await self.close()

    async def close(self) -> None:
        """Give the connection up."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def _send(self, sender: str, recipient: str, content: bytes) -> None:
        if self._client is None or not self._client.is_connected:
            self._client = _Client(
                hostname=self.server.host,
                port=self.server.port,
                username=self.server.username,
                password=self.server.password,
                use_tls=self.server.tls,
                start_tls=self.server.starttls,
                timeout=self.seconds,
            )
            await self._client.connect()
        self._client.contents_begun = False
        recipient = ascii_address(recipient)
        options = [] if recipient.isascii() else ["SMTPUTF8"]
        if options and not self._client.supports_extension("smtputf8"):
            raise errors.SMTPNotSupported("SMTPUTF8")
        await self._client.sendmail(ascii_address(sender), [recipient], content, mail_options=options)

    def _tell(self, error: Exception) -> None:
        """Log what is the matter with the server, once until it takes a mail or something else is the matter."""
        trouble, self._trouble = self._trouble, _trouble_of(error, self.seconds)
        if self._trouble != trouble:
            log.warning("mail_server_fails", server=self.server.host, port=self.server.port, reason=self._trouble)

    async def _recover(self) -> None:
        """Go on with the connection if the server lets us."""
        client = self._client
        try:
            if client is not None and client.is_connected:
                await client.rset()
        except (errors.SMTPException, OSError):
            await self.close()


def _trouble_of(error: Exception, seconds: float) -> str:
    """What is the matter, in words of the system's or the client's, never of the server's."""
    if isinstance(error, errors.SMTPAuthenticationError):
        return f"it refuses the user or the password ({error.code})"
    if isinstance(error, errors.SMTPResponseException):
        return f"it answers {error.code} before it is given a mail"
    if isinstance(error, TimeoutError):
        return f"it does not answer within {seconds:g} s"
    return str(error)


def _judged(code: int) -> Exception:
    return Rejected() if code in _PERMANENT else Unreachable()
