"""TCP ports of this machine."""

import socket
from collections.abc import Mapping

from mentorship.problem import Problem


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether nobody listens on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now, chosen by the kernel."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


DEFAULTS: dict[str, int] = {
    "nats": 4222,
    "nats-monitor": 8222,
    "postgres": 5433,
    "supervisor": 8080,
    "matching": 8081,
    "sessions": 8082,
    "notifications": 8083,
    "analytics": 8084,
    "matching-worker": 8085,
    "smtp": 1025,
}
"""Where the parts of the platform listen unless the port is taken."""


def choose(asked: Mapping[str, int]) -> dict[str, int]:
    """A port for each part: the one asked for by name, else its usual one, else the next free one.

    A Problem where one that was asked for is taken.
    """
    for name, port in asked.items():
        if name not in DEFAULTS:
            raise Problem(f"There is no part {name}: the parts are {', '.join(DEFAULTS)}.")
        if not 0 < port < 65536:
            raise Problem(f"{port} is no port.")
        if not is_free(port):
            raise Problem(f"Port {port}, asked for {name}, is taken: name another one.")
    chosen: dict[str, int] = dict(asked)
    if len(set(chosen.values())) < len(chosen):
        raise Problem("The same port was asked for twice.")
    for name, usual in DEFAULTS.items():
        if name not in chosen:
            reserved = {*chosen.values(), *(port for other, port in DEFAULTS.items() if other not in {name, *chosen})}
            chosen[name] = next(
                port for port in (usual, *range(usual + 1, 65536)) if port not in reserved and is_free(port)
            )
    return chosen
