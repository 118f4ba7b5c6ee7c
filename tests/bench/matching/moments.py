"""What one question costs: the best mentors for one mentee, and one who joins or leaves."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from matching.domain.engine.assignment import assign
from matching.domain.engine.live import LiveMatching
from matching.domain.engine.market import Market
from matching.domain.engine.rows import row_of
from matching.domain.engine.scoring import top
from tests.bench.matching.company import company
from tests.bench.matching.numpy_scoring import NumpyScorer
from tests.bench.matching.ours import market_of

BEST = 20
ASKED, CHANGES, SEEDS = 500, 500, 4
CHANGING = {"5k x 1.5k": (5_000, 1_500), "20k x 5k": (20_000, 5_000)}
"""Mentees and mentors of the companies that change."""
MICROSECONDS = 1_000_000

Times = list[tuple[float, float]]
"""Seconds by the clock and of the processor."""


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
    for name, size in CHANGING.items():
        found += _changes(name, market_of(company(*size))[0])
    names = ("p50", "p99", "p99_9", "cpu_p50", "cpu_p99")
    shown = Table("one question, in microseconds", "p50", "p99", "p99.9", "CPU p50", "CPU p99")
    for one in found:
        shown.add_row(one["what"], *(f"{one[name]:,.0f}" for name in names))
    console.print(shown)
    return found


def _changes(size: str, market: Market) -> list[dict[str, Any]]:
    """Mentees who leave and come back, mentors who take one fewer and one more; certified after each."""
    times: dict[str, Times] = {}
    found = assign(market)
    for seed in range(SEEDS):
        live = LiveMatching(market, found)
        for what, spent in _changed(live, market, np.random.default_rng([2, seed])).items():
            times.setdefault(what, []).extend(spent)
        assert live.assignment().gap == 0, "a change has cost the proof"
    return [_shares(f"{what} ({size})", spent) for what, spent in times.items()]


def _changed(live: LiveMatching, market: Market, dice: np.random.Generator) -> dict[str, Times]:
    leaving = dice.choice(market.rows, CHANGES, replace=False)
    kept = [row_of(market, int(row)) for row in leaving]
    open_columns = np.flatnonzero(market.capacity > 1)[: CHANGES // SEEDS]
    for row in dice.choice(np.setdiff1d(np.arange(market.rows), leaving), 20, replace=False).tolist():
        again = row_of(market, row)
        live.leave(row)
        live.join(again)
    return {
        "a mentee leaves": _spent(live.leave, leaving),
        "a mentee joins": _spent(lambda number: live.join(kept[number]), np.arange(CHANGES)),
        "a mentor takes one mentee fewer": _spent(
            lambda column: live.set_capacity(column, int(market.capacity[column]) - 1), open_columns
        ),
    }


def _timed(what: str, ask: Callable[[int], Any], asked: npt.NDArray[np.int64]) -> dict[str, Any]:
    ask(int(asked[0]))
    return _shares(what, _spent(ask, asked))


def _spent(ask: Callable[[int], Any], asked: npt.NDArray[np.int64]) -> Times:
    times = []
    for one in asked.tolist():
        began, worked = time.perf_counter(), time.process_time()
        ask(one)
        times.append((time.perf_counter() - began, time.process_time() - worked))
    return times


def _shares(what: str, times: Times) -> dict[str, Any]:
    wall, cpu = (np.array(times) * MICROSECONDS).T
    p50, p99, most = np.percentile(wall, [50, 99, 99.9]).tolist()
    cpu50, cpu99 = np.percentile(cpu, [50, 99]).tolist()
    return {"what": what, "p50": p50, "p99": p99, "p99_9": most, "cpu_p50": cpu50, "cpu_p99": cpu99}
