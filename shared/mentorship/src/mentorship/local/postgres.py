"""A real PostgreSQL as a child process, with its data in a folder of ours."""

import contextlib
import secrets
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep

import psutil

from mentorship.local import binaries
from mentorship.local.account import give, identity, owned
from mentorship.local.child import Child
from mentorship.local.ports import free_port
from mentorship.problem import Problem

SETTINGS: dict[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "io_method": "sync",  # three I/O workers less; the data fits the page cache
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

# What a new postmaster says while the last children of a killed one are still ending.
_ENDING = ("pre-existing shared memory block", "is another postmaster")


class PostgresServer(Child):
    """A PostgreSQL whose superuser is `postgres`; it keeps its folder, port and password over restarts."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        password: str = "",
        settings: Mapping[str, str] | None = None,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.home = owned(folder)
        self.port = port or free_port()
        self.password = password or secrets.token_urlsafe(24)
        self.data = self.home / "data"
        options = {**SETTINGS, **(settings or {}), "port": str(self.port)}
        super().__init__(
            "postgres",
            [str(binaries.postgres("postgres")), "-D", str(self.data)]
            + [part for name, value in options.items() for part in ("-c", f"{name}={value}")],
            log=log or self.home / "postgres.log",
            environment=environment,
            folder=self.home,
            as_account=True,
            stop_signal=signal.SIGINT,  # "fast": ends sessions instead of waiting for them
        )

    def url(self, database: str = "postgres", user: str = "postgres", password: str | None = None) -> str:
        """The URL of a database for a user, by default the superuser."""
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def admin_url(self) -> str:
        """The superuser's URL."""
        return self.url()

    def spawn(self) -> None:
        """Make the data folder if there is none and start the process, without waiting."""
        self.initialise()
        self._drop_stale_lock()
        super().spawn()

    def start(self) -> None:
        """Start the server and return when it answers on its port."""
        self.spawn()
        self.wait_ready()

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Return when the process that we started answers on the port; a Problem where it does not."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            if not self.running:
                self._again_or_fail()
            elif self.answers:
                return
            sleep(0.02)
        raise Problem(f"PostgreSQL did not answer within {seconds:.0f} s: see {self.log}.")

    def _again_or_fail(self) -> None:
        words = self.last_words(4)
        if not any(sign in words for sign in _ENDING):
            fatal = [line.partition("FATAL:")[2].strip() for line in words.splitlines() if "FATAL:" in line]
            raise Problem(f"PostgreSQL ended at once: {(fatal or [words])[-1]}.")
        sleep(0.2)
        super().spawn()

    @property
    def answers(self) -> bool:
        """Whether the process that we started accepts connections on the port.

        The server writes its process id, port and state to a file of its data folder, and it ends
        when it cannot have the port: so it is ours that answers, not somebody else's.
        """
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return (lines[0].strip(), lines[3].strip(), lines[7].strip()) == (str(self.pid), str(self.port), "ready")
        except (OSError, IndexError):
            return False

    def _drop_stale_lock(self) -> None:
        """Remove the lock of a server that is gone, when its process id now belongs to another program."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            with contextlib.suppress(psutil.NoSuchProcess):
                if psutil.Process(pid).name() == "postgres":
                    return
            (self.data / "postmaster.pid").unlink()

    def initialise(self) -> None:
        """Make the data folder if there is none."""
        if (self.data / "PG_VERSION").exists():
            return
        secret = self.home / "superuser"
        secret.touch(mode=0o600)
        give(secret)
        secret.write_text(self.password)
        done = subprocess.run(
            [
                *(str(binaries.postgres("initdb")), "-D", str(self.data), "--username=postgres"),
                *("--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--no-instructions"),
                *("--locale-provider=builtin", "--locale=C.UTF-8"),
            ],
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            **identity(),
        )
        secret.unlink()
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise Problem(f"PostgreSQL could not make its data folder {self.data}: {' '.join(last)}")
