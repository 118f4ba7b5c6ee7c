"""A real nats-server as a child process, with its data in a folder of ours."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep

from mentorship.local import binaries
from mentorship.local.account import give, owned
from mentorship.local.child import Child
from mentorship.local.ports import free_port
from mentorship.problem import Problem


class NatsServer(Child):
    """A nats-server with JetStream; it keeps its folder and ports over restarts.

    `configure` writes the server's configuration; without one it is an open server. With
    `sync_interval` `always` each message is on disk before it is acknowledged; the server's default
    of two minutes loses acknowledged messages in a power cut.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        monitor_port: int = 0,
        configure: "Callable[[NatsServer], str] | None" = None,
        sync_interval: str = "always",
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.home = owned(folder)
        self.port = port or free_port()
        self.monitor_port = monitor_port or free_port()
        self.configure = configure or open_configuration
        self.sync_interval = sync_interval
        self.configuration = self.home / "nats.conf"
        super().__init__(
            "nats",
            [
                *(str(binaries.nats_server()), "--config", str(self.configuration)),
                *("--ports_file_dir", str(self.home)),
            ],
            log=log or self.home / "nats.log",
            environment=environment,
            folder=self.home,
            as_account=True,
        )

    @property
    def store(self) -> Path:
        """Where the server keeps its streams."""
        return self.home / "store"

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://127.0.0.1:{self.port}"

    def spawn(self) -> None:
        """Write the configuration and start the process, without waiting until it answers."""
        self.configuration.write_text(self.configure(self))
        give(self.configuration)
        for left_over in self.home.glob("nats-server_*.ports"):
            left_over.unlink()
        super().spawn()

    def start(self) -> None:
        """Start the server and return when it answers on its port."""
        self.spawn()
        self.wait_ready()

    def wait_ready(self, seconds: float = 20.0) -> None:
        """Return when the process that we started answers on the port; a Problem where it does not."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            if not self.running:
                raise Problem(f"nats-server ended at once: {self.last_words(1)}")
            if self.answers:
                return
            sleep(0.02)
        self.kill()
        raise Problem(f"nats-server did not answer within {seconds:.0f} s: see {self.log}.")

    @property
    def answers(self) -> bool:
        """Whether the process that we started listens on the port.

        It writes a file that bears its process id once it has its ports, and ends when it cannot have
        them: so it is ours that answers, not somebody else's.
        """
        try:
            ports = json.loads((self.home / f"nats-server_{self.pid}.ports").read_text())
        except (OSError, ValueError):
            return False
        return self.url in ports.get("nats", [])


def open_configuration(server: NatsServer) -> str:
    """A server that anybody on this machine may use, for tests of what needs no users."""
    return (
        f'listen: "127.0.0.1:{server.port}"\n'
        f'http: "127.0.0.1:{server.monitor_port}"\n'
        # Events are limited to 256 KiB; headers and dead letters need room above that.
        "max_payload: 655360\n"
        f'jetstream {{ store_dir: "{server.store}", sync_interval: {server.sync_interval} }}\n'
    )
