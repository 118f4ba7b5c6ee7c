"""A real nats-server that only lets in the users of the topology, for the tests of who may do what."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import nats
import pytest_asyncio
from nats.aio.client import Client
from nats.errors import Error as NatsError

from mentorship.credentials import Authority
from mentorship.local.nats import NatsServer
from mentorship.natsserver import ServerSettings, server_config
from mentorship.topology import Topology, apply, load, mint_users

_SENTINEL = "refused.to.everybody"


@dataclass
class Violations:
    """What the server refused a connection, as it words it (in small letters)."""

    texts: list[str] = field(default_factory=list)
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    async def note(self, error: Exception) -> None:
        self.texts.append(str(error).lower())
        if _SENTINEL in self.texts[-1]:
            self._told.set()

    def of(self, action: str, subject: str) -> bool:
        """Whether `publish to` or `subscription to` this subject was refused."""
        return any(f'{action} "{subject.lower()}"' in text for text in self.texts)

    async def all_told(self, connection: Client) -> None:
        """Return when everything that was sent so far is answered.

        The client's own flush may overtake what is still buffered; a subject that nobody may publish to does not.
        """
        await connection.publish(_SENTINEL)
        await asyncio.wait_for(self._told.wait(), 5)


@dataclass
class SecuredNats:
    """The server, whom it trusts, and what it holds."""

    server: NatsServer
    authority: Authority
    topology: Topology
    credentials: dict[str, Path]

    @asynccontextmanager
    async def signed_in(self, user: str, violations: Violations | None = None) -> AsyncIterator[Client]:
        noted = violations or Violations()
        connection = await nats.connect(
            self.server.url,
            user_credentials=str(self.authority.credential_path(user)),
            inbox_prefix=f"_INBOX_{user}".encode(),
            error_cb=noted.note,
            allow_reconnect=False,
        )
        try:
            yield connection
        finally:
            await connection.close()


async def lets_in(url: str, credentials: Path | None) -> bool:
    """Whether the server takes this credential."""
    connection = Client()
    try:
        await connection.connect(
            url, user_credentials=None if credentials is None else str(credentials), allow_reconnect=False
        )
    except NatsError as error:
        if "authorization" not in str(error).lower() or connection._transport is None:
            raise
        # The client leaves the socket of a refused connection open.
        connection._transport.close()  # type: ignore[no-untyped-call]
        with suppress(ConnectionResetError):  # the server may have been quicker
            await connection._transport.wait_closed()  # type: ignore[no-untyped-call]
        return False
    await connection.close()
    return True


@pytest_asyncio.fixture
async def secured_nats(scratch: Path) -> AsyncIterator[SecuredNats]:
    """A fresh server with the committed topology, provisioned by its operator."""
    authority = Authority(scratch / "keys")
    topology = load()

    def configure(server: NatsServer) -> str:
        settings = ServerSettings(
            server.store,
            topology.stored_bytes("home"),
            port=server.port,
            monitor_port=server.monitor_port,
            sync_always=False,
        )
        return server_config(authority, settings)

    server = NatsServer(scratch / "nats", configure=configure)
    secured = SecuredNats(server, authority, topology, mint_users(authority, topology))
    server.start()
    try:
        async with secured.signed_in("operator") as operator:
            await apply(operator, topology, "home")
        yield secured
    finally:
        server.kill()
