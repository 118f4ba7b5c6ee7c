"""From a POST through two hops to the last commit, and what tracing costs a POST."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx

from mentorship.local.issuer import Issuer
from mentorship.local.nats import NatsServer
from mentorship.local.postgres import PostgresServer
from tests.bench import hop_bare, hop_services, servers
from tests.bench.processes import answers, start_process, stop_processes
from tests.fixtures.identity import issuer as issuing

NAMES = ("hopa", "hopb", "hopc")


@asynccontextmanager
async def processes(
    module: str, urls: Sequence[str], nats_url: str, issuer: Issuer, names: Sequence[str], extra: dict[str, str]
) -> AsyncIterator[str]:
    """Run the processes; gives the URL of the first once it answers."""
    started = []
    try:
        for name, url in zip(names, urls, strict=True):
            environment = extra | {
                "MENTORSHIP_DATABASE_URL": url,
                "MENTORSHIP_NATS_URL": nats_url,
                "MENTORSHIP_ISSUER": issuer.url,
                "MENTORSHIP_JWKS_URL": f"{issuer.url}/.well-known/jwks.json",
            }
            started.append(start_process(module, [name], environment))
        for _, port in started:
            await answers(port)
        yield f"http://127.0.0.1:{started[0][1]}"
    finally:
        stop_processes([process for process, _ in started])


async def latencies(url: str, arrived_url: str, headers: dict[str, str], count: int) -> list[float]:
    """Milliseconds from the POST to the last commit, one after the other."""
    waiting: dict[UUID, asyncio.Event] = {}
    listener = await asyncpg.connect(arrived_url)

    def heard(_c: object, _p: int, _ch: str, payload: object) -> None:
        event = waiting.get(UUID(str(payload)))
        if event:
            event.set()

    await listener.add_listener("arrived", heard)
    found = []
    async with httpx.AsyncClient(headers=headers, timeout=10) as client:
        for number in range(count + 20):
            item = uuid4()
            waiting[item] = asyncio.Event()
            started = time.perf_counter()
            answer = await client.post(f"{url}/v1/items", json={"item_id": str(item), "filling": "x" * 380})
            assert answer.status_code == 201, answer.text
            await asyncio.wait_for(waiting[item].wait(), 30)
            if number >= 20:
                found.append((time.perf_counter() - started) * 1000)
    await listener.close()
    return found


async def posts(url: str, headers: dict[str, str], seconds: float) -> float:
    """POSTs per second with eight callers at once."""
    done = 0
    until = time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal done
        async with httpx.AsyncClient(headers=headers, timeout=10) as client:
            while time.perf_counter() < until:
                body = {"item_id": str(uuid4()), "filling": "x" * 380}
                answer = await client.post(f"{url}/v1/items", json=body)
                assert answer.status_code == 201, answer.text
                done += 1

    await asyncio.gather(*(caller() for _ in range(8)))
    return done / seconds


@asynccontextmanager
async def prepared(postgres: PostgresServer, nats_server: NatsServer) -> AsyncIterator[list[str]]:
    """Three databases with all tables, both streams and both durables."""
    async with AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(servers.database(postgres, name)) for name in NAMES]
        for url in urls:
            database = await asyncpg.connect(url)
            await database.execute(hop_services.TABLES + hop_bare.OUTBOX)
            await database.close()
        connection = await servers.connect(nats_server)
        for name in ("HOPA", "HOPB"):
            await servers.stream(connection, name)
        for name, rows in hop_services.SUBSCRIPTIONS.items():
            for row in rows:
                await servers.durable(connection, name, row)
        try:
            yield urls
        finally:
            for name in ("HOPA", "HOPB"):
                await connection.request(f"$JS.API.STREAM.DELETE.{name}", b"")
            await connection.close()


async def two_hops(folder: Path, postgres: PostgresServer, nats_server: NatsServer, count: int) -> dict[str, float]:
    """p50 in ms of ours and of the bare prototype, measured in turns."""
    found: dict[str, list[float]] = {"ours": [], "bare": []}
    with issuing(folder / "issuer") as issuer:
        headers = {"Authorization": f"Bearer {issuer.token('E1', ('employee',))}"}
        for _ in range(3):
            for kind, module in (("bare", "tests.bench.hop_bare"), ("ours", "tests.bench.hop_services")):
                async with (
                    prepared(postgres, nats_server) as urls,
                    processes(module, urls, nats_server.url, issuer, NAMES, {}) as url,
                ):
                    await asyncio.sleep(1)
                    found[kind] += await latencies(url, urls[2], headers, count // 3)
    return {kind: statistics.median(values) for kind, values in found.items()}


async def traced(
    folder: Path, postgres: PostgresServer, nats_server: NatsServer, seconds: float, collector: str
) -> dict[str, float]:
    """POSTs per second with tracing exported and with the SDK off, measured in turns."""
    settings = {
        "traced": {"OTEL_EXPORTER_OTLP_ENDPOINT": collector},
        "untraced": {"OTEL_SDK_DISABLED": "true"},
    }
    found: dict[str, list[float]] = {kind: [] for kind in settings}
    with issuing(folder / "issuer") as issuer:
        headers = {"Authorization": f"Bearer {issuer.token('E1', ('employee',))}"}
        for _ in range(3):
            for kind, extra in settings.items():
                async with (
                    prepared(postgres, nats_server) as urls,
                    processes("tests.bench.hop_services", urls[:1], nats_server.url, issuer, NAMES[:1], extra) as url,
                ):
                    await posts(url, headers, 1)
                    found[kind].append(await posts(url, headers, seconds / 3))
    return {kind: statistics.median(values) for kind, values in found.items()}
