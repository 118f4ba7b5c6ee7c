"""One process of ours: started with its output in a file, watched, and stopped."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep

from mentorship.local.account import identity


class Child:
    """A process that we start and end; it can be started again after it ended."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path = Path("/"),
        as_account: bool = False,
        stop_signal: int = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.arguments = list(arguments)
        self.log = log
        self.environment = dict(environment) if environment is not None else None
        self.folder = folder
        self.as_account = as_account
        self.stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the process, None before the first start."""
        return None if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How the process ended; None while it runs or before it was started."""
        return None if self._process is None else self._process.poll()

    @property
    def running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process."""
        self.spawn()

    def spawn(self) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches it only through us."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=self.folder,
                start_new_session=True,
                **(identity() if self.as_account else {}),
            )

    def signal(self, number: int) -> None:
        """Send a signal to the process if it still runs."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Whether the process has ended within so many seconds."""
        deadline = monotonic() + seconds
        while self.running:
            if monotonic() > deadline:
                return False
            sleep(0.02)
        return True

    def stop(self, grace: float = 25.0) -> None:
        """Ask the process to end; after `grace` seconds, kill it."""
        self.signal(self.stop_signal)
        if not self.wait(grace):
            self.kill()

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.signal(signal.SIGKILL)
        self.wait(10.0)

    def last_words(self, lines: int = 5) -> str:
        """The end of what the process wrote."""
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 8192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        return ""
