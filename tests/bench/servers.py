"""Real servers for a benchmark, on free ports, with every guarantee switched on, and the bench's own tables."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import nats
from nats.aio.client import Client

from chassis.subscription import Subscription
from contracts.event import EVENTS, Event
from mentorship.local.account import give
from mentorship.local.nats import NatsServer
from mentorship.local.postgres import PostgresServer
from mentorship.topology import jetstream
from tests.fixtures.databases import furnish


class BenchMade(Event, subject="mentorship.bench.thing.made.v1", about="item_id"):
    """What the benchmark sends: about 500 bytes."""

    item_id: str
    owner_id: str
    progress: int
    filling: str


class BenchEchoed(Event, subject="mentorship.bench.thing.echoed.v1", about="item_id"):
    """What the benchmark's consumer says of it."""

    item_id: str
    progress: int


for _event in (BenchMade, BenchEchoed):
    del EVENTS[_event.subject]  # no events of the platform

FILLING = "x" * 380

_TABLES = """
CREATE TABLE thing (
    thing_id text PRIMARY KEY, version bigint NOT NULL, owner_id text NOT NULL, progress integer NOT NULL
);
CREATE TABLE alembic_version (version_num text);
INSERT INTO alembic_version VALUES ('bench');
"""


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for the servers' data."""
    folder = Path(tempfile.mkdtemp(prefix="mentorship-bench-"))
    give(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configuration(sync: str) -> "object":
    def configure(server: NatsServer) -> str:
        return (
            f'host: "127.0.0.1"\nport: {server.port}\nhttp: "127.0.0.1:{server.monitor_port}"\nmax_payload: 640KB\n'
            f'jetstream {{ store_dir: "{server.store}"\n {sync}\n max_file_store: 20GB }}\n'
        )

    return configure


@contextmanager
def nats_server(folder: Path, *, sync_always: bool = True) -> Iterator[NatsServer]:
    """A nats-server that syncs each write, or as it does by default (every two minutes)."""
    folder.mkdir(exist_ok=True)
    give(folder)
    server = NatsServer(folder, configure=_configuration("sync_interval: always" if sync_always else ""))  # type: ignore[arg-type]
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def postgres_server(folder: Path) -> Iterator[PostgresServer]:
    """PostgreSQL with its default durability."""
    server = PostgresServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@asynccontextmanager
async def database(server: PostgresServer, name: str) -> AsyncIterator[str]:
    """A database with the chassis tables and the bench's own."""
    admin = await asyncpg.connect(server.admin_url)
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {name}")
    url = f"{server.admin_url.rpartition('/')[0]}/{name}"
    await furnish(url, _TABLES)
    try:
        yield url
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


async def stream(connection: Client, name: str = "BENCH") -> None:
    """The bench's stream, as the platform makes its own."""
    await jetstream.call(
        connection,
        f"STREAM.CREATE.{name}",
        {
            "name": name,
            "subjects": [f"mentorship.{name.lower()}.>"],
            "storage": "file",
            "discard": "new",
            "max_bytes": 4 << 30,
            "duplicate_window": 1_200_000_000_000,
            "allow_atomic": True,
            "num_replicas": 1,
        },
    )


async def durable(connection: Client, service: str, row: Subscription) -> None:
    """The durable of a subscription, made anew from the start of its stream."""
    for name, subjects in row.by_stream.items():
        durable_name = f"{service}-{row.name}"
        await connection.request(f"$JS.API.CONSUMER.DELETE.{name}.{durable_name}", b"")
        await jetstream.call(
            connection,
            f"CONSUMER.DURABLE.CREATE.{name}.{durable_name}",
            {
                "stream_name": name,
                "config": {
                    "durable_name": durable_name,
                    "ack_policy": "explicit",
                    "deliver_policy": "all",
                    "ack_wait": 60_000_000_000,
                    "max_deliver": -1,
                    "max_ack_pending": 10_000,
                    "filter_subjects": list(subjects),
                },
            },
        )


async def connect(server: NatsServer) -> Client:
    """A connection without credentials."""
    return await nats.connect(server.url)
