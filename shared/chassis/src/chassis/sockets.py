"""Connections whose other end is silent are lost, and soon, not when the kernel gives up after a quarter of an hour."""

import socket
from typing import Any

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
