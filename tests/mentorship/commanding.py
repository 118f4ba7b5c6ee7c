"""Runs the command as people do: a process of its own, with its output and exit code."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.secured_nats import SecuredNats


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its answer to the shell."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)


class Command:
    """`await command("topology", "drift")`, with what finds NATS and the home folder in the environment."""

    def __init__(self, **environment: str) -> None:
        self._environment = {"COLUMNS": "100", **environment}

    @classmethod
    def signed_in(cls, nats: SecuredNats, user: str, home: Path) -> "Command":
        """The command as one of the NATS users, on a machine whose platform's folder is `home`."""
        return cls(
            MENTORSHIP_HOME=str(home),
            MENTORSHIP_NATS_URL=nats.server.url,
            MENTORSHIP_NATS_CREDENTIALS=str(nats.authority.credential_path(user)),
        )

    async def __call__(self, *arguments: str | Path, stdin: str = "") -> Ran:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mentorship.cli", *map(str, arguments)),
            env={**os.environ, **self._environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(stdin.encode())
        return Ran(process.returncode or 0, out.decode(), err.decode())
