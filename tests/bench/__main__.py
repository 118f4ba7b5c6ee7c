"""`python -m tests.bench [--full] [--json FILE]`: the speed of the event path as ratios to limits of the same run."""

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.bench import consumer, hops, importing, relay, servers
from tests.bench.processes import answers, start_process, stop_processes


@dataclass(frozen=True, slots=True)
class Result:
    """One ratio: `goal` is a floor, or a ceiling where `at_most`."""

    name: str
    ours: float
    limit: float
    unit: str
    ratio: float
    goal: float
    at_most: bool = False

    @property
    def reached(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    events: int
    posts: int
    seconds: float
    rounds: int
    people: int


SMALL, FULL = Size(8_000, 150, 6, 3, 20_000), Size(40_000, 600, 18, 5, 100_000)


async def of_consumer(folder: Path, size: Size, collector: str) -> list[Result]:
    """The whole consumer against a callback-fed pull and asyncpg: spans and metrics recorded, and exported as well."""
    recorded: list[float] = []
    exported: list[float] = []
    limits: list[float] = []
    with servers.nats_server(folder / "nats") as nats, servers.postgres_server(folder / "postgres") as postgres:
        connection = await servers.connect(nats)
        await servers.stream(connection)
        await consumer.fill(connection, size.events)
        async with servers.database(postgres, "bench") as url:
            for _round in range(size.rounds):
                limits.append(await consumer.limit(connection, url, size.events))
                recorded.append(await consumer.ours(connection, nats.url, url, size.events, None))
                exported.append(await consumer.ours(connection, nats.url, url, size.events, collector))
        await connection.close()
    return [
        _compared("consumer, SQLAlchemy, all telemetry / bare pull, asyncpg", recorded, limits, 0.70),
        _compared("the same with every span exported over OTLP", exported, limits, 0.70),
    ]


async def of_relay(folder: Path, size: Size, _: str) -> list[Result]:
    """The relay with every write synced against the default of a sync every two minutes."""
    always: list[float] = []
    default: list[float] = []
    with (
        servers.postgres_server(folder / "postgres") as postgres,
        servers.nats_server(folder / "always") as one,
        servers.nats_server(folder / "default", sync_always=False) as other,
    ):
        for _round in range(size.rounds):
            for server, found in ((one, always), (other, default)):
                connection = await servers.connect(server)
                await servers.stream(connection)
                async with servers.database(postgres, "bench") as url:
                    found.append(await relay.drain(url, connection, size.events))
                await connection.request("$JS.API.STREAM.DELETE.BENCH", b"")
                await connection.close()
    return [_compared("relay, sync always / relay, default sync", always, default, 0.90)]


async def of_pipeline(folder: Path, size: Size, _: str) -> list[Result]:
    """Relay and consumer against the same rows moved by the database alone."""
    ours: list[float] = []
    limits: list[float] = []
    with servers.nats_server(folder / "nats") as nats, servers.postgres_server(folder / "postgres") as postgres:
        for _round in range(size.rounds):
            for through_nats, found in ((False, limits), (True, ours)):
                connection = await servers.connect(nats)
                await servers.stream(connection)
                await servers.durable(connection, "bench", consumer.SUBSCRIPTION)
                async with servers.database(postgres, "source") as source, servers.database(postgres, "sink") as sink:
                    await relay.fill_outbox(source, size.events)
                    if through_nats:
                        found.append(await relay.pipeline(nats.url, source, sink, size.events))
                    else:
                        found.append(await relay.database_only(source, sink, size.events))
                await connection.request("$JS.API.STREAM.DELETE.BENCH", b"")
                await connection.close()
    return [_compared("relay-to-consumer pipeline / database alone", ours, limits, 0.60)]


async def of_hops(folder: Path, size: Size, _: str) -> list[Result]:
    """Two hops from a POST to the last commit."""
    with servers.nats_server(folder / "nats") as nats, servers.postgres_server(folder / "postgres") as postgres:
        found = await hops.two_hops(folder, postgres, nats, size.posts)
    ratio = found["ours"] / found["bare"]
    return [Result("two hops, p50 / bare prototype", found["ours"], found["bare"], "ms", ratio, 1.5, at_most=True)]


async def of_posts(folder: Path, size: Size, collector: str) -> list[Result]:
    """What tracing costs a POST that writes."""
    with servers.nats_server(folder / "nats") as nats, servers.postgres_server(folder / "postgres") as postgres:
        found = await hops.traced(folder, postgres, nats, size.seconds, collector)
    ratio = found["traced"] / found["untraced"]
    return [Result("POST traced / untraced", found["traced"], found["untraced"], "POST/s", ratio, 0.75)]


async def of_import(folder: Path, size: Size, _: str) -> list[Result]:
    """A first import through the whole platform; its memory is told beside it."""
    seconds, peak, name = await importing.import_company(folder, size.people)
    Console(stderr=True).print(f"the most memory had {name}: {peak:.0f} MB")
    assert peak <= importing.MEGABYTES, f"{name} took {peak:.0f} MB"
    allowed = importing.SECONDS * size.people / 100_000
    title = f"import of {size.people:,} employees / {allowed:.0f} s"
    return [Result(title, seconds, allowed, "s", seconds / allowed, 1.0, at_most=True)]


def _compared(name: str, ours: list[float], limits: list[float], goal: float) -> Result:
    mine, limit = statistics.median(ours), statistics.median(limits)
    ratio = statistics.median(one / other for one, other in zip(ours, limits, strict=True))
    return Result(name, mine, limit, "events/s", ratio, goal)


BENCHES: dict[str, Callable[[Path, Size, str], Awaitable[list[Result]]]] = {
    "consumer": of_consumer,
    "relay": of_relay,
    "pipeline": of_pipeline,
    "hops": of_hops,
    "posts": of_posts,
    "import": of_import,
}


async def measure(names: list[str], size: Size) -> list[Result]:
    """Run the benches one after the other; everything traced goes to a collector that keeps nothing."""
    process, port = start_process("tests.bench.collector", [], {})
    results: list[Result] = []
    try:
        await answers(port)
        collector = f"http://127.0.0.1:{port}"
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("measuring", total=len(names))
            for name in names:
                progress.update(task, description=f"measuring {name}")
                with servers.scratch() as folder:
                    results.extend(await BENCHES[name](folder, size, collector))
                progress.advance(task)
    finally:
        stop_processes([process])
    return results


def main() -> int:
    """Print the table; exit 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which of {', '.join(BENCHES)}; all unless named")
    parser.add_argument("--full", action="store_true", help="measure longer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="store the results there too")
    given = parser.parse_args()
    unknown = set(given.names) - set(BENCHES)
    if unknown:
        parser.error(f"there is no bench {', '.join(sorted(unknown))}")
    results = asyncio.run(measure(given.names or list(BENCHES), FULL if given.full else SMALL))
    table = Table("what", "ours", "limit", "ratio", "goal", "")
    for one in results:
        sign = "<=" if one.at_most else ">="
        figures = (
            f"{one.ours:,.1f} {one.unit}",
            f"{one.limit:,.1f} {one.unit}",
            f"{one.ratio:.2f}",
            f"{sign} {one.goal:.2f}",
        )
        table.add_row(one.name, *figures, "reached" if one.reached else "missed")
    Console(width=130).print(table)
    if given.json:
        given.json.write_text(json.dumps([asdict(one) | {"reached": one.reached} for one in results], indent=2))
    return 0 if all(one.reached for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
