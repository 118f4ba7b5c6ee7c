"""A first import: from the command to the last employee in matching and in analytics, and the memory that it takes."""

import asyncio
import time
from pathlib import Path

import asyncpg
import psutil

from tests.fixtures.machine import Machine, started

SECONDS, MEGABYTES = 60.0, 300.0
"""What an import of 100,000 people may take."""


async def import_company(folder: Path, people: int) -> tuple[float, float, str]:
    """Seconds, and the most memory (RSS, MB) that any process had, with its name. The company's file is made before."""
    with started(folder / "platform") as machine:
        company = folder / "company.csv"
        made = machine.run("company", "--size", str(people), "--seed", "1", "--out", str(company))
        assert made.returncode == 0, made.stderr
        peaks: dict[str, float] = {}
        watch = asyncio.create_task(_watch(machine, peaks))
        begun = time.perf_counter()
        command = asyncio.create_task(asyncio.to_thread(machine.run, "import", str(company)))
        await asyncio.gather(*(_has(machine, service, people) for service in ("matching", "analytics")))
        seconds = time.perf_counter() - begun
        imported = await command
        assert imported.returncode == 0, imported.stdout + imported.stderr
        watch.cancel()
        name, peak = max(peaks.items(), key=lambda item: item[1])
        return seconds, peak, name


async def _watch(machine: Machine, peaks: dict[str, float]) -> None:
    """Note the most memory of each service, ten times a second; PostgreSQL and NATS are not ours to shrink."""
    while True:
        for name, process in machine.home.state().processes.items():
            if process.pid is None or name in {"nats", "postgres"}:
                continue
            try:
                family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
                size = max(one.memory_info().rss for one in family) / 1e6
            except psutil.Error:
                continue
            peaks[name] = max(peaks.get(name, 0.0), size)
        await asyncio.sleep(0.1)


async def _has(machine: Machine, service: str, people: int) -> None:
    connection = await asyncpg.connect(machine.platform.database_url(service))
    try:
        while await connection.fetchval("SELECT count(*) FROM employee") < people:  # noqa: ASYNC110  others fill it
            await asyncio.sleep(0.25)
    finally:
        await connection.close()
