"""Processes of a benchmark: started on free ports, stopped at its end."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence

Process = subprocess.Popen[bytes]


def start_process(module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Process, int]:
    """Start `python -m module arguments`; gives it and the port it was told to answer on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **environment, "MENTORSHIP_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return process, port


async def answers(port: int) -> None:
    """Return when something accepts connections there; AssertionError after 20 s."""
    for _ in range(400):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise AssertionError(f"nothing answers on port {port}")


def stop_processes(processes: Sequence[Process]) -> None:
    """Ask each to end, and end it."""
    for process in processes:
        process.terminate()
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        process.kill()
