"""NATS's protocol for what comes and goes thousands of times a second: what nats-py does, at a third of its price.

`quicken` puts it beneath a connection of nats-py; everything else about that connection stays nats-py's.
"""
# ruff: noqa: SLF001  what is replaced here nats-py shows nowhere else

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import BadHeaderError, ConnectionClosedError, ProtocolError
from nats.protocol.parser import Parser

Take = Callable[[Msg], None]
_Message = tuple[int, bytes, bytes, bytes, bytes | None]
"""Subscription, subject, subject to answer to, payload and headers."""

_VERSION = b"NATS/1.0\r\n"
_LINE = 64 * 1024
"""The longest control line that a server of ours sends."""
_KNOWN = frozenset(
    (
        *("ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time", "ce-entityversion"),
        *("ce-dataschema", "ce-causationid", "content-type", "traceparent"),
        *("Nats-Msg-Id", "Nats-Expected-Stream", "Nats-Batch-Id", "Nats-Batch-Sequence", "Nats-Batch-Commit"),
    )
)
"""Names of headers that need no further look."""
_is_name = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}").fullmatch
_is_token = re.compile(r"[!-9;-~]+").fullmatch


@dataclass(slots=True)
class Outgoing:
    """A message to be stored."""

    subject: str
    head: str
    """Its headers on the wire: lines, each with its end."""
    payload: bytes

    @property
    def headers(self) -> dict[str, str]:
        """The headers by name."""
        return parse_header_lines(self.head.encode())


def command_of(message: Outgoing, reply: str = "", more: str = "") -> bytes:
    """The command that publishes a message with its headers, and with `more` lines of them."""
    head = f"NATS/1.0\r\n{message.head}{more}\r\n".encode()
    size = len(head)
    line = f"HPUB {message.subject} {reply} {size} {size + len(message.payload)}\r\n"
    return b"".join((line.encode(), head, message.payload, b"\r\n"))


def header_lines(headers: Mapping[str, str]) -> str:
    """Message headers on the wire, as nats-py writes them; raises `BadHeaderError` for a name that is none."""
    for name in headers:
        if name not in _KNOWN and not _is_name(name):
            raise BadHeaderError(name)
    return "".join(f"{name}: {' '.join(value.splitlines())}\r\n" for name, value in headers.items())


def parse_header_lines(raw: bytes) -> dict[str, str]:
    """Message headers, as nats-py reads them but without a look at every character."""
    headers = {}
    for line in raw.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if name in _KNOWN or (colon and _is_token(name := name.strip())):
            headers[name] = value.strip()
    return headers


class Arrived(Msg):
    """A message whose headers are read when somebody asks for them."""

    def __init__(self, client: Client, subject: str, reply: str, data: bytes, block: bytes, sid: int) -> None:
        self._client = client
        self.subject = subject
        self.reply = reply
        self.data = data
        self.block = block
        """The headers as they came."""
        self._sid = sid

    @property
    def headers(self) -> dict[str, str]:  # type: ignore[override]
        """The headers by name."""
        return parse_header_lines(self.block[len(_VERSION) :]) if self.block.startswith(_VERSION) else {}


class QuickParser(Parser):
    """Reads messages itself, and hands those of diverted subscriptions over as it finds them.

    Control lines are left to nats-py's own parser.
    """

    def __init__(self, connection: Client) -> None:
        self.diverted: dict[int, Take] = {}
        self._turn = 0
        super().__init__(connection)

    def reset(self) -> None:
        """Forget what was read: there is another connection."""
        self._turn += 1
        super().reset()

    async def parse(self, data: bytes = b"") -> None:
        """Read what has come from the server."""
        data = bytes(self.buf) + data if self.buf else data
        turn, at, end = self._turn, 0, data.find(b"\r\n")
        self.buf = bytearray()
        while end >= 0:
            if data.startswith((b"HMSG ", b"MSG "), at):
                after, left = self._message(data, at, end)
                if left is not None:
                    await self.nc._process_msg(*left)
            else:
                after = end + 2
                await super().parse(data[at:after])
            if turn != self._turn:
                return
            if after < 0:
                break
            at, end = after, data.find(b"\r\n", after)
        if end < 0 and len(data) - at > _LINE:
            raise ProtocolError("nats: unknown protocol")
        self.buf = bytearray(data[at:])

    def _message(self, data: bytes, at: int, end: int) -> tuple[int, _Message | None]:
        """Take the message whose control line ends there, or give it back if nobody diverted it.

        Gives where it ends, too: -1 if it is not all there.
        """
        try:
            # subject, sid, reply if there is one, size of the headers if there are any, size of all
            kind, subject, sid, *reply, size = data[at:end].split()
            head = int(reply.pop()) if kind == b"HMSG" else 0
            begin, number, after = end + 2, int(sid), end + 4 + int(size)
        except (ValueError, IndexError) as error:
            raise ProtocolError("nats: malformed MSG") from error
        if len(data) < after:
            return -1, None
        block, payload = data[begin : begin + head], data[begin + head : after - 2]
        take = self.diverted.get(number)
        if take is None or not reply:
            return after, (number, subject, reply[0] if reply else b"", payload, block or None)
        stats = self.nc.stats
        stats["in_msgs"] += 1
        stats["in_bytes"] += len(payload)
        take(Arrived(self.nc, subject.decode(), reply[0].decode(), payload, block, number))
        return after, None


def quicken(connection: Client) -> None:
    """Let a connection read and write messages the quick way, and survive headers that are none."""
    client: Any = connection
    client._parse_header_lines = parse_header_lines
    parser = QuickParser(connection)
    parser.buf.extend(client._ps.buf)
    client._ps = parser
    read: Callable[[bytes], Awaitable[dict[str, str] | None]] = client._process_headers
    send: Callable[..., Awaitable[None]] = client._send_publish

    async def read_safely(headers: bytes) -> dict[str, str] | None:
        try:
            return await read(headers)
        except (IndexError, ValueError):
            # nats-py would end its reading loop: one malformed message would make every consumer of it deaf.
            return {}

    async def send_quickly(subject: str, reply: str, payload: bytes, size: int, headers: dict[str, str] | None) -> None:
        if headers is None:
            await send(subject, reply, payload, size, None)
            return
        client.stats["out_msgs"] += 1
        client.stats["out_bytes"] += size
        await client._send_command(command_of(Outgoing(subject, header_lines(headers), payload), reply))
        if client._flush_queue is not None and client._flush_queue.empty():
            await client._flush_pending()

    client._process_headers = read_safely
    client._send_publish = send_quickly


def divert(connection: Client, subscription: object, take: Take) -> None:
    """Hand a subscription's messages over without its queue and its task; a connection that is not quick keeps them."""
    parser: Any = connection._ps
    if isinstance(parser, QuickParser):
        parser.diverted[subscription._id] = take  # type: ignore[attr-defined]


def undivert(connection: Client, subscription: object) -> None:
    """Undo `divert`."""
    parser: Any = connection._ps
    if isinstance(parser, QuickParser):
        parser.diverted.pop(subscription._id, None)  # type: ignore[attr-defined]


async def acknowledge(messages: Sequence[Msg]) -> None:
    """Acknowledge JetStream messages of one connection in one go."""
    client: Any = messages[0]._client
    if client.is_closed:
        raise ConnectionClosedError
    commands = [f"PUB {message.reply}  0\r\n\r\n" for message in messages if not message.is_acked]
    client.stats["out_msgs"] += len(commands)
    await client._send_command("".join(commands).encode())
    if client._flush_queue is not None and client._flush_queue.empty():
        await client._flush_pending()
    for message in messages:
        message._ackd = True
