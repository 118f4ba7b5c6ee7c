"""Fixtures that every test may ask for: real servers, fresh databases, a provisioned bus, services, tokens."""

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from mentorship.credentials import Authority
from mentorship.local.account import give
from mentorship.local.issuer import Issuer
from mentorship.local.nats import NatsServer
from mentorship.natsserver import ServerSettings, server_config
from tests.fixtures import bus as buses
from tests.fixtures import engine, identity
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner

Token = Callable[..., str]
Bearer = Callable[..., dict[str, str]]
_ROOM = 8 << 30

for _name in [name for name in os.environ if name.startswith(("MENTORSHIP_", "OTEL_"))]:
    if not _name.startswith("MENTORSHIP_TEST_"):
        del os.environ[_name]  # what the developer's shell has set is no part of a test

_PLATFORM = ("tests/journeys/", "tests/chaos/", "tests/mentorship/test_up.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that run the whole platform come first: they wait more than they work, and others fill the time."""
    items.sort(key=lambda item: not item.nodeid.startswith(_PLATFORM))


def pytest_collection_finish() -> None:
    """What the tests are made of is there to stay: the garbage collector need not look at it after each file."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """One process runs the tests of the whole platform one after the other; the others take file by file."""
    return _Scheduling(config, log)


class _Scheduling(LoadFileScheduling):  # type: ignore[misc]  # published without type hints
    def _split_scope(self, nodeid: str) -> str:
        return "platform" if nodeid.startswith(_PLATFORM) else super()._split_scope(nodeid)


def _in_memory() -> Path | None:
    """The folder of shared memory, where a machine has one and as much room as the servers of a run may take."""
    shared = Path("/dev/shm")  # noqa: S108 - `mkdtemp` makes a folder of our own there
    return shared if shared.is_dir() and shutil.disk_usage(shared).free > _ROOM else None


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open() -> Iterator[None]:
    """What a file leaves open is found at its end, not in a later test of another file, or seldom, or never."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """A folder that the servers' unprivileged user can reach, unlike pytest's own; in memory where there is room."""
    folder = Path(tempfile.mkdtemp(prefix="mentorship-tests-", dir=_in_memory()))
    give(folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def scratch(session_folder: Path) -> Iterator[Path]:
    """A fresh folder for the data of servers that a test starts, and may kill, itself."""
    folder = Path(tempfile.mkdtemp(dir=session_folder))
    give(folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(session_folder: Path) -> Iterator[Databases]:
    """A real PostgreSQL: `async with postgres.database("matching") as url` gives a fresh, migrated database."""
    with engine.postgres(session_folder / "postgres") as server:
        yield Databases(server.admin_url)


@pytest.fixture(scope="session")
def authority(session_folder: Path) -> Authority:
    """Who signs the credentials of this session's NATS users."""
    return Authority(session_folder / "authority")


@pytest.fixture(scope="session")
def nats_server(session_folder: Path, authority: Authority) -> Iterator[engine.Nats]:
    """A real nats-server with the platform's configuration; use `bus` to have it empty and provisioned."""

    def configure(server: NatsServer) -> str:
        settings = ServerSettings(
            store=server.store, max_file_store=20 << 30, port=server.port, monitor_port=server.monitor_port
        )
        return server_config(authority, settings)

    with engine.nats(session_folder / "nats", configure) as server:
        yield server


@pytest.fixture
async def bus(nats_server: engine.Nats, authority: Authority) -> AsyncIterator[Bus]:
    """NATS with our streams and users, empty."""
    async with buses.opened(nats_server.url, authority) as bus:
        yield bus


@pytest.fixture(scope="session")
def issuer(session_folder: Path) -> Iterator[Issuer]:
    """The issuer whose tokens the services of a test trust."""
    with identity.issuer(session_folder / "issuer") as issuer:
        yield issuer


@pytest.fixture(scope="session")
def token(issuer: Issuer) -> Token:
    """`token("E1", "employee")`: a signed access token."""

    def sign(subject: str, *roles: str, **claims: object) -> str:
        return issuer.token(subject, roles, **claims)  # type: ignore[arg-type]

    return sign


@pytest.fixture(scope="session")
def bearer(token: Token) -> Bearer:
    """`bearer("E1", "employee")`: the headers of a request with such a token."""

    def headers(subject: str, *roles: str, **claims: object) -> dict[str, str]:
        return {"Authorization": f"Bearer {token(subject, *roles, **claims)}"}

    return headers


@pytest.fixture
def running(bus: Bus, issuer: Issuer) -> Runner:
    """Runs services in this process: with `running(matching.main.service, url)`, `here.client` calls its HTTP side."""
    return Runner(bus, issuer)
