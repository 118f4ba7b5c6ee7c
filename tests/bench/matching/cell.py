"""`python -m tests.bench.matching.cell NAME COMPANY OUT`: one engine on one company, in a process of its own.

Everything is imported and compiled on a small company first. The clock runs from the people encoded as arrays to
everybody's mentor, scoring included; memory is the peak above the imported process, encoded people included.
"""

import argparse
import ctypes
import gc
import json
import re
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

Solve = Callable[[], Any]
Prepare = Callable[[Company], tuple[Solve, Callable[[Any], dict[str, Any]]]]
"""People to what the clock runs for, and how its result is read."""


def main() -> None:
    """Measure one cell; the figures go to standard output as JSON, the mentors to a file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("company", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    prepare = _ours() if given.name == OURS else _peer(given.name)
    prepare(company(120, 40))[0]()
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
    sys.stdout.write(json.dumps(figures | {"megabytes": (peak - idle) / MEGABYTE}))


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
