"""Cells of the table: each engine on each size in its own process, killed at its limit, its answer checked."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.matching.cell import MEMORY, NO_MEMORY
from tests.bench.matching.company import Company
from tests.bench.matching.numpy_scoring import NumpyScorer

START = 60
"""Seconds that a process may take beside, to be imported, compiled and handed its people."""
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one engine did with one company; `failed` says why there is nothing else."""

    engine: str
    size: str
    failed: str = ""
    seconds: float = 0.0
    processor_seconds: float = 0.0
    encoding_seconds: float = 0.0
    megabytes: float = 0.0
    matched: int = 0
    points: int = 0
    certified: bool = False
    rounds: int = 0


def run_cell(
    python: Path, engine: str, size: str, data: Path, *, limit: float, pool: bool = False
) -> Cell | dict[str, Any]:
    """The figures that a cell's process gives, or the cell of one that gave none."""
    out = data.with_suffix(".found.npz")
    out.unlink(missing_ok=True)
    command: list[str | Path] = [
        python,
        "-m",
        "tests.bench.matching.cell",
        engine,
        data,
        out,
        *(["--pool"] if pool else []),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=limit + START,
        )
    except subprocess.TimeoutExpired:
        return Cell(engine, size, failed=f"> {limit:.0f} s")
    if done.returncode:
        if done.returncode == NO_MEMORY:
            return Cell(engine, size, failed=f"> {MEMORY >> 30} GiB")
        sys.stderr.write(done.stderr[-2000:])
        return Cell(engine, size, failed="failed")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return Cell(engine, size, failed=f"> {limit:.0f} s") if figures["seconds"] > limit else figures


def referee(figures: dict[str, Any], engine: str, size: str, company: Company, found: Path, *, prove: bool) -> Cell:
    """Count again what an engine claims, in NumPy: rules, capacities, points, and the bound that the prices give."""
    with np.load(found) as kept:
        mate = kept["mate"].astype(np.int64)
        price = kept["price"].astype(np.int64) if "price" in kept else None
    scorer, row = NumpyScorer(company), np.flatnonzero(mate >= 0)
    scores = scorer.pairs(row, mate[row])
    assert (scores >= 0).all(), f"{engine} matched a pair that may not meet"
    assert (np.bincount(mate[row], minlength=company.columns) <= company.capacity).all(), (
        f"{engine} overfilled a mentor"
    )
    certified = price is not None and figures["gap"] == 0
    if price is not None:
        assert figures["total"] == int(scores.sum()), f"{engine} claims another total"
        if prove and certified:
            extra = int(figures["base"])
            certified = scorer.bound(price, extra) == extra * len(row) + int(scores.sum())
    return measured(figures, engine, size, matched=len(row), points=int(scores.sum()), certified=certified)


def measured(figures: dict[str, Any], engine: str, size: str, *, matched: int, points: int, certified: bool) -> Cell:
    """A cell with what its process measured and what its answer is worth."""
    return Cell(
        engine,
        size,
        seconds=figures["seconds"],
        processor_seconds=figures["processor_seconds"],
        encoding_seconds=figures["encoding_seconds"],
        megabytes=figures["megabytes"],
        matched=matched,
        points=points,
        certified=certified,
        rounds=figures.get("rounds", 0),
    )
