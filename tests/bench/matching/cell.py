"""`python -m tests.bench.matching.cell NAME COMPANY OUT`: one engine on one company, in a process of its own.

Everything is imported and compiled on a small company first. The clock runs from the people encoded as arrays to
everybody's mentor, scoring included; memory is the peak above the imported process, encoded people included.
"""

import argparse
import ctypes
import gc
import json
import re
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.matching.company import Company, company
from tests.bench.matching.numpy_scoring import NumpyScorer

OURS = "ours"
MEGABYTE = 2**20
MEMORY = 10 * 2**30
"""Bytes that a cell may take at most: the machine is not its own."""
NO_MEMORY = 75
"""Exit code of one that wanted more."""

Solve = Callable[[], Any]
Prepare = Callable[[Company], tuple[Solve, Callable[[Any], dict[str, Any]]]]
"""People to what the clock runs for, and how its result is read."""


def main() -> None:
    """Measure one cell; the figures go to standard output as JSON, the mentors to a file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("company", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pool", action="store_true", help="pairs among the mentees themselves")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    try:
        sys.stdout.write(json.dumps(_measured(given)))
    except MemoryError:
        sys.exit(NO_MEMORY)


def _measured(given: argparse.Namespace) -> dict[str, float]:
    prepare = (_ours() if given.name == OURS else _peer(given.name)) if not given.pool else _pool(given.name)
    prepare(company(120, 120 if given.pool else 40))[0]()
    idle = _settle()
    began = time.perf_counter()
    solve, read = prepare(Company.load(given.company))
    encoded, worked = time.perf_counter(), time.process_time()
    result = solve()
    seconds, processor = time.perf_counter() - encoded, time.process_time() - worked
    peak = _memory("VmHWM")
    found = read(result)
    np.savez(given.out, **{name: found[name] for name in ("mate", "price") if name in found})
    figures: dict[str, float] = {name: value for name, value in found.items() if isinstance(value, int)}
    figures |= {"seconds": seconds, "processor_seconds": processor, "encoding_seconds": encoded - began}
    return figures | {"megabytes": (peak - idle) / MEGABYTE}


def _ours() -> Prepare:
    ours = import_module("tests.bench.matching.ours")

    def prepare(people: Company) -> tuple[Solve, Callable[[Any], dict[str, Any]]]:
        market, order = ours.market_of(people)
        return lambda: ours.matched(market), lambda result: ours.found(people, order, result)

    return prepare


def _peer(name: str) -> Prepare:
    peers = import_module("tests.bench.matching.peers")

    def prepare(people: Company) -> tuple[Solve, Callable[[Any], dict[str, Any]]]:
        scorer = NumpyScorer(people)
        return lambda: peers.PEERS[name](people, scorer), lambda mate: {"mate": mate}

    return prepare


def _pool(name: str) -> Prepare:
    if name == OURS:
        ours = import_module("tests.bench.matching.pool_ours")

        def prepare(people: Company) -> tuple[Solve, Callable[[Any], dict[str, Any]]]:
            market, order = ours.market_of_pool(people)
            return lambda: ours.paired(market), lambda result: ours.found(order, result)

        return prepare
    peers = import_module("tests.bench.matching.pool_peers")
    return lambda people: (lambda: peers.PEERS[name](people), lambda mate: {"mate": mate})


def _settle() -> int:
    """Give back what the warm-up took; memory in use, from which on the peak is counted anew."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _memory("VmRSS")


def _memory(which: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = re.search(rf"{which}:\s+(\d+) kB", status)
    assert line is not None
    return int(line[1]) * 1024


if __name__ == "__main__":
    main()
