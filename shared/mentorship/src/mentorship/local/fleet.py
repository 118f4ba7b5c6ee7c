"""The processes of the platform on one machine, and the environment of each."""

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from mentorship.credentials import Authority
from mentorship.local.child import Child
from mentorship.local.databases import SERVICES
from mentorship.local.home import Home, Platform, created_at
from mentorship.local.nats import NatsServer
from mentorship.local.postgres import PostgresServer
from mentorship.natsserver import ServerSettings, server_config
from mentorship.topology import DECLARED_PUBLISHERS, load

MARK = "MENTORSHIP_SUPERVISED"
"""Every process that a supervisor starts has its data folder in this variable: so its orphans are known."""

WORKER = "matching-worker"
HEARTBEAT = "MENTORSHIP_HEARTBEAT_FILE"
_ANSWERS_WITHIN = 2.0
_LIVES_WITHIN = 5.0
_BEATS_WITHIN = 30.0


def plain_environment(home: Home) -> dict[str, str]:
    """This process's environment without settings of the platform that happen to stand in it."""
    # Without their bytecode kept, the services would be compiled anew at each start.
    dropped = ("MENTORSHIP_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    topology = {name: os.environ[name] for name in ("MENTORSHIP_TOPOLOGY",) if name in os.environ}
    return {**kept, **topology, "MENTORSHIP_HOME": str(home.folder), MARK: str(home.folder), "PYTHONUNBUFFERED": "1"}


def nats_server(home: Home, ports: Mapping[str, int]) -> NatsServer:
    """The broker, with the users of the topology."""
    authority = Authority(home.nats_folder)
    room = load(local_publishers=home.publishers_file).stored_bytes("home")

    def configure(server: NatsServer) -> str:
        settings = ServerSettings(
            store=server.store, max_file_store=room, port=server.port, monitor_port=server.monitor_port
        )
        return server_config(authority, settings)

    return NatsServer(
        home.nats_data,
        port=ports["nats"],
        monitor_port=ports["nats-monitor"],
        configure=configure,
        log=home.logs / "nats.log",
        environment=plain_environment(home),
    )


def postgres_server(home: Home, ports: Mapping[str, int]) -> PostgresServer:
    """The databases of all services."""
    return PostgresServer(
        home.postgres_data,
        port=ports["postgres"],
        password=home.secrets.password("postgres"),
        log=home.logs / "postgres.log",
        environment=plain_environment(home),
    )


def servers(home: Home, ports: Mapping[str, int]) -> tuple[NatsServer, PostgresServer]:
    """What the services stand on."""
    return nats_server(home, ports), postgres_server(home, ports)


def services(platform: Platform) -> list[Child]:
    """The four services."""
    return [_python(platform, service, ["-m", service], service_environment(platform, service)) for service in SERVICES]


def worker(platform: Platform) -> Child:
    """The process that works matching's runs off."""
    environment = service_environment(platform, "matching")
    own = {
        HEARTBEAT: str(platform.home.folder / f"{WORKER}.heartbeat"),
        "MENTORSHIP_METRICS_PORT": str(platform.state.ports[WORKER]),
        "OTEL_SERVICE_NAME": WORKER,
    }
    return _python(platform, WORKER, ["-m", "matching.worker"], {**environment, **own})


def once(platform: Platform, name: str, arguments: list[str]) -> Child:
    """A process that does one thing and ends."""
    return _python(platform, name, arguments, plain_environment(platform.home))


def service_environment(platform: Platform, service: str) -> dict[str, str]:
    """The environment of a service's process: its own database, its own NATS user, nobody else's."""
    home = platform.home
    own = {
        "MENTORSHIP_DATABASE_URL": platform.database_url(service),
        "MENTORSHIP_NATS_URL": platform.nats_url,
        "MENTORSHIP_NATS_CREDENTIALS": str(platform.credentials(service)),
        "MENTORSHIP_ISSUER": platform.supervisor_url,
        "MENTORSHIP_JWKS_URL": f"{platform.supervisor_url}/.well-known/jwks.json",
        "MENTORSHIP_PORT": str(platform.state.ports[service]),
        "OTEL_SERVICE_NAME": service,
    }
    if service == "matching":
        own["MENTORSHIP_PUBLISHERS_FILE"] = str(platform.nats_folder / DECLARED_PUBLISHERS)
    if service == "sessions":
        own["MENTORSHIP_NOTE_KEYS_FILE"] = str(home.secrets.note_keys)
    if service == "notifications":
        own["MENTORSHIP_SMTP_URL"] = platform.smtp_url
        own["MENTORSHIP_MAIL_FROM"] = "Mentorship <mentorship@company.example>"
        own["MENTORSHIP_PUBLIC_URL"] = platform.service_url(service)
        own["MENTORSHIP_UNSUBSCRIBE_KEY"] = home.secrets.unsubscribe_key
    if not any(name.startswith("OTEL_EXPORTER_OTLP") and name.endswith("ENDPOINT") for name in os.environ):
        own["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = f"{platform.supervisor_url}/v1/traces"
        own.setdefault("OTEL_BSP_SCHEDULE_DELAY", os.environ.get("OTEL_BSP_SCHEDULE_DELAY", "500"))
    return {**plain_environment(home), **own}


def answers(url: str) -> bool:
    """Whether a service says at `/readyz` that it is ready."""
    return _says_yes(f"{url}/readyz", _ANSWERS_WITHIN)


def lives(url: str) -> bool:
    """Whether a service says in time at `/livez` that its loops turn."""
    return _says_yes(f"{url}/livez", _LIVES_WITHIN)


def beats(child: Child) -> bool:
    """Whether a process without a port says that it works: it touches a file again and again."""
    return child.running and _touched(child) >= (created_at(child.pid or 0) or time.time())


def beats_still(child: Child) -> bool:
    """Whether it has touched its file lately."""
    return time.time() - _touched(child) < _BEATS_WITHIN


def _touched(child: Child) -> float:
    try:
        return Path((child.environment or {})[HEARTBEAT]).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _says_yes(url: str, seconds: float) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:  # noqa: S310 - our own URL
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _python(platform: Platform, name: str, arguments: list[str], environment: Mapping[str, str]) -> Child:
    home = platform.home
    return Child(
        name,
        [sys.executable, *arguments],
        log=home.logs / f"{name}.log",
        environment=environment,
        folder=_standing(home),
    )


def _standing(home: Home) -> Path:
    """Beside the data folder: in the project, so that its topology is found."""
    return home.folder.parent
