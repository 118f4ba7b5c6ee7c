"""Sockets whose other end is silent are lost soon, not when the kernel gives up; what shall be encrypted, is."""

import socket
from typing import Any

from nats.aio.client import Client

SILENCE_SECONDS = 15
"""How long a peer may leave bytes unacknowledged."""


def lose_when_silent(transport: Any) -> None:
    """Let the kernel end a TCP connection whose peer acknowledges nothing, where the kernel can (Linux)."""
    opened = transport.get_extra_info("socket") if transport is not None else None
    if (
        opened is not None
        and opened.family in {socket.AF_INET, socket.AF_INET6}
        and hasattr(socket, "TCP_USER_TIMEOUT")
    ):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_SECONDS * 1000)


def is_plain(connection: Client) -> bool:
    """Whether a connection asked for as `tls://` is none: nats-py leaves that to the server."""
    asked, transport = connection.connected_url, connection._transport  # noqa: SLF001  nats-py shows it nowhere else
    writer = getattr(transport, "_io_writer", None)
    return (
        asked is not None
        and asked.scheme == "tls"
        and writer is not None
        and writer.get_extra_info("ssl_object") is None
    )
