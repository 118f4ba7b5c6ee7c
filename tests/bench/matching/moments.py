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
ASKED, CHANGES = 500, 500
CHANGING = (5_000, 1_500)
"""Mentees and mentors of the company that changes."""
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
    found += _changes(market_of(company(*CHANGING))[0])
    names = ("p50", "p99", "cpu_p50", "cpu_p99")
    shown = Table("one question, in microseconds", "p50", "p99", "CPU p50", "CPU p99")
    for one in found:
        shown.add_row(one["what"], *(f"{one[name]:,.0f}" for name in names))
    console.print(shown)
    return found


def _changes(market: Market) -> list[dict[str, Any]]:
    """Mentees who leave and come back, mentors who take one fewer and one more; certified after each."""
    live = LiveMatching(market, assign(market))
    dice = np.random.default_rng(2)
    leaving = dice.choice(market.rows, CHANGES, replace=False)
    kept = [row_of(market, int(row)) for row in leaving]
    open_columns = np.flatnonzero(market.capacity > 1)[:CHANGES]
    for row in dice.choice(np.setdiff1d(np.arange(market.rows), leaving), 20, replace=False).tolist():
        again = row_of(market, row)
        live.leave(row)
        live.join(again)
    found = [
        _timed("a mentee leaves (5k x 1.5k)", live.leave, leaving, warm=False),
        _timed("a mentee joins (5k x 1.5k)", lambda number: live.join(kept[number]), np.arange(CHANGES), warm=False),
        _timed(
            "a mentor takes one mentee fewer (5k x 1.5k)",
            lambda column: live.set_capacity(column, int(market.capacity[column]) - 1),
            open_columns,
            warm=False,
        ),
    ]
    after = live.assignment()
    assert after.gap == 0, "a change has cost the proof"
    return found


def _timed(what: str, ask: Callable[[int], Any], asked: npt.NDArray[np.int64], *, warm: bool = True) -> dict[str, Any]:
    if warm:
        ask(int(asked[0]))
    times, spent = [], []
    for row in asked.tolist():
        began, worked = time.perf_counter(), time.process_time()
        ask(row)
        times.append(time.perf_counter() - began)
        spent.append(time.process_time() - worked)
    p50, p99 = np.percentile(times, [50, 99]) * MICROSECONDS
    cpu50, cpu99 = np.percentile(spent, [50, 99]) * MICROSECONDS
    return {"what": what, "p50": float(p50), "p99": float(p99), "cpu_p50": float(cpu50), "cpu_p99": float(cpu99)}
