"""How a command reaches NATS: by what it was told, or else the platform that runs on this machine."""

import base64
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import nats
import typer
import uvloop
from nats.aio.client import Client
from nats.errors import Error as NatsError

from chassis.sockets import is_plain
from mentorship.problem import Problem

T = TypeVar("T")

NatsUrl = typer.Option(None, "--nats", envvar="MENTORSHIP_NATS_URL", help="NATS server; else the one that runs here.")
Credentials = typer.Option(
    None, "--credentials", envvar="MENTORSHIP_NATS_CREDENTIALS", help="A .creds file; else that of the platform here."
)


@dataclass(frozen=True)
class Access:
    """A server and the credential to sign in with; None at a server that asks for none."""

    url: str
    credentials: Path | None


def access(user: str, url: str | None, credentials: Path | None) -> Access:
    """What was given, completed from the running platform's own `user`."""
    if url is not None:
        return Access(url, credentials)
    from mentorship.local.home import running_platform

    platform = running_platform()
    return Access(platform.nats_url, credentials or platform.credentials(user))


@asynccontextmanager
async def connected(to: Access) -> AsyncIterator[Client]:
    """A connection until the end of the block; a Problem where the server does not let us in."""
    try:
        connection = await nats.connect(
            [server.strip() for server in to.url.split(",")],
            user_credentials=None if to.credentials is None else str(to.credentials),
            # Each user may hear its own inbox only.
            inbox_prefix="_INBOX" if to.credentials is None else f"_INBOX_{user_of(to.credentials)}",
            connect_timeout=5,
            max_reconnect_attempts=10,
            reconnect_time_wait=0.5,
            # Whoever is refused at first stays so. nats-py would ask again, and after a failure of TLS wait for ever.
            allow_reconnect=False,
            error_cb=_ignored,
        )
        connection.options["allow_reconnect"] = True
    except (NatsError, OSError, TimeoutError) as error:
        raise Problem(f"NATS at {to.url} does not let us in: {str(error) or type(error).__name__}.") from None
    if is_plain(connection):
        await connection.close()
        raise Problem(f"NATS at {to.url} does not let us in: it does not speak TLS.")
    try:
        yield connection
    finally:
        await connection.close()


def user_of(credentials: Path) -> str:
    """The name of the user that a .creds file belongs to."""
    try:
        found = re.search(r"BEGIN NATS USER JWT-+\s+\S+?\.(\S+?)\.", credentials.read_text())
        if found is None:
            raise ValueError
        claims = found[1] + "=" * (-len(found[1]) % 4)
        return str(json.loads(base64.urlsafe_b64decode(claims))["name"])
    except OSError as error:
        raise Problem(f"{credentials} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError):
        raise Problem(f"{credentials} is not a NATS credentials file.") from None


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a command's asynchronous part to its end."""
    # asyncio has a remark on how nats-py ends each connection with TLS.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    return uvloop.run(work())


async def _ignored(_: Exception) -> None:
    """Refusals and lost connections reach the command as errors of what it asked for."""
