"""What one question costs: the best mentors for one mentee, and one who joins or leaves."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from matching.domain.engine.scoring import top
from tests.bench.matching.company import company
from tests.bench.matching.numpy_scoring import NumpyScorer
from tests.bench.matching.ours import market_of

BEST = 20
ASKED = 500
MICROSECONDS = 1_000_000


def table(rows: int, columns: int, console: Console) -> list[dict[str, Any]]:
    """Median and 99th percentile of each, in microseconds."""
    people = company(rows, columns)
    market, _ = market_of(people)
    scorer = NumpyScorer(people)
    asked = np.random.default_rng(1).integers(0, rows, ASKED)

    def in_numpy(row: int) -> npt.NDArray[np.int64]:
        line = scorer.block(np.array([row]))[0]
        return np.argpartition(line.astype(np.int32), -BEST)[-BEST:]

    found = [
        _timed(f"top {BEST} of {columns:,} mentors for one mentee", lambda row: top(market, row, BEST), asked),
        _timed("the same in NumPy (lines, argpartition)", in_numpy, asked),
    ]
    shown = Table("one question", "p50, us", "p99, us")
    for one in found:
        shown.add_row(one["what"], f"{one['p50']:,.0f}", f"{one['p99']:,.0f}")
    console.print(shown)
    return found


def _timed(what: str, ask: Callable[[int], Any], asked: npt.NDArray[np.int64]) -> dict[str, Any]:
    ask(int(asked[0]))
    times = []
    for row in asked.tolist():
        began = time.perf_counter()
        ask(row)
        times.append(time.perf_counter() - began)
    p50, p99 = np.percentile(times, [50, 99]) * MICROSECONDS
    return {"what": what, "p50": float(p50), "p99": float(p99)}
