"""The data folder of the platform on this machine, and what runs on top of it."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import psutil

from mentorship.credentials import write_private
from mentorship.local.databases import SERVICES, owner_of
from mentorship.local.issuer import Issuer
from mentorship.local.secrets import Secrets
from mentorship.problem import Problem

Phase = Literal["starting", "ready", "failed", "stopping", "stopped", "containers"]
"""`containers`: Compose keeps the platform running, and no supervisor of ours."""


@dataclass
class Process:
    """One process under the supervisor, as it was last seen."""

    name: str
    pid: int | None = None
    created: float = 0.0
    state: Literal["starting", "running", "restarting", "stopped"] = "starting"
    restarts: int = 0
    exit_code: int | None = None

    @property
    def alive(self) -> bool:
        """Whether this very process runs; a process id alone may belong to somebody else by now."""
        return self.pid is not None and created_at(self.pid) == self.created


@dataclass
class State:
    """What the supervisor tells of itself."""

    phase: Phase = "stopped"
    doing: str = ""
    problem: str = ""
    pid: int = 0
    created: float = 0.0
    ports: dict[str, int] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    """What listens elsewhere than usual because its usual port is taken."""
    processes: dict[str, Process] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "State":
        """The state as written last; that of a platform that never ran where there is no file."""
        try:
            content: dict[str, Any] = json.loads(path.read_text())
        except (OSError, ValueError):
            return cls()
        processes = {name: Process(**values) for name, values in content.pop("processes", {}).items()}
        return cls(**content, processes=processes)

    def write(self, path: Path) -> None:
        """Replace the file in one step."""
        write_private(path, json.dumps(asdict(self), indent=2) + "\n")


class Home:
    """The data folder: secrets, data of the servers, logs, and the state of the supervisor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @classmethod
    def find(cls) -> "Home":
        """$MENTORSHIP_HOME, or `.mentorship` of the project that we stand in or live in."""
        if named := os.environ.get("MENTORSHIP_HOME"):
            return cls(Path(named))
        for start in (Path.cwd(), Path(__file__).resolve().parent):
            for folder in (start, *start.parents):
                if (folder / "deploy" / "nats" / "topology.yaml").is_file() or (folder / ".mentorship").is_dir():
                    return cls(folder / ".mentorship")
        return cls(Path.cwd() / ".mentorship")

    def create(self) -> None:
        """Make the folder. When we are root the servers' user may pass through it, but not list it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for inner in (self.logs, self.folder / "secrets"):
            inner.mkdir(mode=0o700, exist_ok=True)
        servers = self.folder / "servers"
        servers.mkdir(exist_ok=True)
        servers.chmod(0o711 if os.geteuid() == 0 else 0o700)

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.folder / "logs"

    @property
    def nats_data(self) -> Path:
        """The nats-server's data; `account.owned` decides where it really lies."""
        return self.folder / "servers" / "nats"

    @property
    def postgres_data(self) -> Path:
        """PostgreSQL's data; `account.owned` decides where it really lies."""
        return self.folder / "servers" / "postgres"

    @property
    def nats_folder(self) -> Path:
        """The NATS authority: signing keys, credentials, and this machine's own publishers."""
        return self.folder / "nats"

    @property
    def publishers_file(self) -> Path:
        """The publishers that `mentorship publisher add` added on this machine."""
        return self.nats_folder / "publishers.yaml"

    @property
    def secrets(self) -> Secrets:
        """Every generated secret but NATS's own."""
        return Secrets(self.folder / "secrets")

    @property
    def state_file(self) -> Path:
        """What the supervisor tells of itself."""
        return self.folder / "state.json"

    @property
    def seeded(self) -> Path:
        """Exists once the demo company was published."""
        return self.folder / "seeded"

    def state(self) -> State:
        """The supervisor's last word."""
        return State.read(self.state_file)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Held by the supervisor as long as it lives; the kernel gives it back however it ends."""
        with self._lock_file() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Problem("The platform runs already: `mentorship status` shows it.") from None
            yield

    @property
    def supervised(self) -> bool:
        """Whether a supervisor lives."""
        if not self.folder.is_dir():
            return False
        with self._lock_file() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    @contextmanager
    def _lock_file(self) -> Iterator[int]:
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield handle
        finally:
            os.close(handle)

    def platform(self) -> "Platform":
        """What runs; a Problem where nothing does."""
        state = self.state()
        if not (self.supervised or state.phase == "containers") or not state.ports:
            raise Problem("The platform does not run here: start it with `make up`.")
        return Platform(self, state)


class Platform:
    """The running platform: where each part answers, and with what one signs in."""

    def __init__(self, home: Home, state: State) -> None:
        self.home = home
        self.state = state

    def _at(self, part: str) -> str:
        return f"127.0.0.1:{self.state.ports[part]}"

    @property
    def nats_url(self) -> str:
        return f"nats://{self._at('nats')}"

    @property
    def nats_folder(self) -> Path:
        """The folder of the NATS authority."""
        return self.home.nats_folder

    def credentials(self, user: str) -> Path:
        """The `.creds` file of a NATS user; a Problem where there is no such user."""
        path = self.nats_folder / "creds" / f"{user}.creds"
        if not path.exists():
            raise Problem(f"There is no NATS user {user}: `mentorship publisher add {user}` makes a publisher.")
        return path

    def users(self) -> list[str]:
        """Every NATS user that has a credential."""
        return sorted(path.stem for path in (self.nats_folder / "creds").glob("*.creds"))

    @property
    def supervisor_url(self) -> str:
        """JWKS, received mails and spans."""
        return f"http://{self._at('supervisor')}"

    def service_url(self, service: str) -> str:
        if service not in SERVICES:
            raise Problem(f"There is no service {service}: the services are {', '.join(SERVICES)}.")
        return f"http://{self._at(service)}"

    @property
    def smtp_url(self) -> str:
        return f"smtp://{self._at('smtp')}"

    def database_url(self, service: str, *, owner: bool = False) -> str:
        """The service's database for its own role, or for the role that owns the tables."""
        role = owner_of(service) if owner else service
        password = quote(self.home.secrets.password(role), safe="")
        return f"postgresql://{role}:{password}@{self._at('postgres')}/{service}"

    @property
    def admin_database_url(self) -> str:
        """PostgreSQL for its superuser."""
        password = quote(self.home.secrets.password("postgres"), safe="")
        return f"postgresql://postgres:{password}@{self._at('postgres')}/postgres"

    @property
    def issuer(self) -> Issuer:
        """Signs access tokens that the services of this machine accept."""
        return Issuer(self.home.folder / "secrets", self.supervisor_url)


def running_platform() -> Platform:
    """The platform that runs on this machine; a Problem where none does."""
    return Home.find().platform()


def created_at(pid: int) -> float | None:
    """When a living process was created; None where there is none (or only its remains)."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return process.create_time()
    return None
