"""A TCP proxy of ours between a service and one of its servers: it delays, parts, forgets and resets."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit


@dataclass(eq=False)
class _Link:
    """One connection: the client's side and the server's."""

    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    forgotten: bool = False


class Proxy:
    """Forwards TCP connections to one server, as well as it is let."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self.latency = 0.0
        self._flow = asyncio.Event()
        self._flow.set()
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End every connection and listen no more."""
        self._server.close()
        self.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """The server's URL by way of this proxy."""
        user, at, _ = self._target.netloc.rpartition("@")
        return urlunsplit(self._target._replace(netloc=f"{user}{at}127.0.0.1:{self.port}"))

    def part(self) -> None:
        """Let nothing through in either direction, not even the end of a connection, and close nothing."""
        self._flow.clear()

    def heal(self) -> None:
        """Let everything through again, what was held back first, as TCP does."""
        self.latency = 0.0
        self._flow.set()

    def forget(self) -> None:
        """Lose the present connections without telling either end, as a firewall does that was restarted."""
        for link in self._links:
            link.forgotten = True

    def reset(self) -> None:
        """RST to both ends of every connection."""
        for link in list(self._links):
            _abort(link)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        link = _Link([writer])
        self._links.add(link)
        try:
            await self._serve(link, reader, writer)
        except (OSError, asyncio.CancelledError):
            _abort(link)
        finally:
            self._links.discard(link)
            self._tasks.discard(task)

    async def _serve(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flow.wait()
        far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        link.writers.append(far_writer)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump(link, reader, far_writer))
            group.create_task(self._pump(link, far_reader, writer))

    async def _pump(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b"-"
        while data:
            try:
                data = await reader.read(65536)
            except OSError:
                data = b""
            await asyncio.sleep(self.latency)
            await self._flow.wait()
            if not link.forgotten:
                with suppress(OSError):
                    writer.write(data)
                    await writer.drain()
        while link.forgotten and not writer.is_closing():  # noqa: ASYNC110  nobody could tell it
            await asyncio.sleep(0.1)  # the other end is not to hear of it
        writer.close()


def _abort(link: _Link) -> None:
    for writer in link.writers:
        opened: socket.socket | None = writer.get_extra_info("socket")
        if opened is not None and opened.fileno() >= 0:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    """A proxy before the server of `url` until the end of the block."""
    proxy = Proxy(url)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
