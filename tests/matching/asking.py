"""`python -m tests.matching.asking`: asks one path of a service for one person after the other, on one connection.

It is a process of its own that does as little as can be while the clock runs, so that what is measured waits for
nothing but the service. On stdin one JSON object: host, port, path, headers; on stdout another: seconds of each
request, from its first byte to the last of the answer, and the mentors of each answer.
"""

import json
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any


def ask(given: Mapping[str, Any]) -> dict[str, Any]:
    """Each person's request."""
    asked = [_request(given, headers) for headers in given["headers"]]
    waits, bodies = [], []
    with socket.create_connection((given["host"], given["port"])) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in asked:
            began = time.perf_counter()
            connection.sendall(request)
            head, body = _answer(connection)
            waits.append(time.perf_counter() - began)
            if not head.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(body.decode())
            bodies.append(body)
    return {"waits": waits, "shown": [[one["mentor_id"] for one in json.loads(body)["items"]] for body in bodies]}


def _request(given: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    return f"GET {given['path']} HTTP/1.1\r\nHost: {given['host']}\r\n{''.join(lines)}\r\n".encode()


def _answer(connection: socket.socket) -> tuple[bytes, bytes]:
    """Head and body of an answer that says how long it is."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += _more(connection)
    return head, body


def _more(connection: socket.socket) -> bytes:
    chunk = connection.recv(65_536)
    if not chunk:
        raise SystemExit("The service closed the connection.")
    return chunk


if __name__ == "__main__":
    json.dump(ask(json.load(sys.stdin)), sys.stdout)
