"""Runs the command in this process, with an environment of its own, and gives what it printed and answered."""

import asyncio
import io
import json
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from mentorship.cli import main
from tests.fixtures.services import environment
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


class _OfThisThread(io.StringIO):
    """Takes what this thread prints; a service that runs in the test's own thread logs past it."""

    def __init__(self, others: TextIO) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self._others = others

    def write(self, text: str) -> int:
        return super().write(text) if threading.get_ident() == self._thread else self._others.write(text)


class Command:
    """`await command("topology", "drift")`, with what finds NATS and the home folder in the environment."""

    def __init__(self, **variables: str) -> None:
        self._environment = {"COLUMNS": "100", **variables}

    @classmethod
    def signed_in(cls, nats: SecuredNats, user: str, home: Path) -> "Command":
        """The command as one of the NATS users, on a machine whose platform's folder is `home`."""
        return cls(
            MENTORSHIP_HOME=str(home),
            MENTORSHIP_NATS_URL=nats.server.url,
            MENTORSHIP_NATS_CREDENTIALS=str(nats.authority.credential_path(user)),
        )

    async def __call__(self, *arguments: str | Path) -> Ran:
        # In a thread, since a command runs an event loop of its own.
        return await asyncio.to_thread(self._run, [str(argument) for argument in arguments])

    def _run(self, arguments: list[str]) -> Ran:
        out, err = _OfThisThread(sys.stdout), _OfThisThread(sys.stderr)
        with environment(self._environment), redirect_stdout(out), redirect_stderr(err):
            try:
                main(arguments)
            except SystemExit as exit_:
                code = int(exit_.code or 0)
            else:
                code = 0
        return Ran(code, out.getvalue(), err.getvalue())
