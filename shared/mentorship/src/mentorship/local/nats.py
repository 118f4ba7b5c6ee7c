"""A real nats-server as a child process, with its data in a folder of ours."""

import json
import socket
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

from mentorship.local import binaries
from mentorship.local.account import give, owned
from mentorship.local.child import Child
from mentorship.local.ports import free_port
from mentorship.problem import Problem


class NatsServer(Child):
    """A nats-server with JetStream; it keeps its folder and port over restarts.

    `configuration` is added to the server's own settings (accounts, users, limits). With
    `sync_interval` `always` each acknowledged message is on disk before it is acknowledged; the
    server's default of two minutes loses acknowledged messages in a power cut.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        monitor_port: int = 0,
        configuration: str = "",
        sync_interval: str = "always",
    ) -> None:
        self.home = owned(folder)
        self.port = port or free_port()
        self.monitor_port = monitor_port or free_port()
        self.configuration = configuration
        self.sync_interval = sync_interval
        self.server_name = f"mentorship-{uuid4().hex[:12]}"
        configured = self.home / "nats.conf"
        super().__init__(
            "nats",
            [str(binaries.nats_server()), "--config", str(configured)],
            log=self.home / "nats.log",
            folder=self.home,
            as_account=True,
        )
        self.configured = configured

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def monitor_url(self) -> str:
        """The server's own figures over HTTP."""
        return f"http://127.0.0.1:{self.monitor_port}"

    def spawn(self) -> None:
        """Write the configuration and start the process, without waiting until it answers."""
        self.configured.write_text(self._settings())
        give(self.configured)
        super().start()

    def start(self) -> None:
        """Start the server and return when it answers on its port."""
        self.spawn()
        self.wait_ready()

    def wait_ready(self, seconds: float = 20.0) -> None:
        """Return when the process that we started answers on the port."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            if not self.running:
                raise Problem(f"nats-server ended at once: {self.last_words(1)}")
            name = self._answering()
            if name == self.server_name:
                return
            if name is not None:
                self.kill()
                raise Problem(f"Another NATS server already answers on port {self.port}.")
            sleep(0.02)
        raise Problem(f"nats-server did not answer within {seconds:.0f} s: see {self.log}.")

    def _settings(self) -> str:
        return (
            f"server_name: {self.server_name}\n"
            f'listen: "127.0.0.1:{self.port}"\n'
            f'http: "127.0.0.1:{self.monitor_port}"\n'
            # Events are limited to 256 KiB by the chassis; headers and batches need room above that.
            "max_payload: 1MB\n"
            f'jetstream {{ store_dir: "{self.home / "store"}", sync_interval: {self.sync_interval} }}\n'
            f"{self.configuration}\n"
        )

    def _answering(self) -> str | None:
        """The name of the server behind the port, which greets each connection with it."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
                greeting = connection.makefile("rb").readline()
            return str(json.loads(greeting.removeprefix(b"INFO "))["server_name"])
        except (OSError, ValueError, KeyError):
            return None
