"""The table of peers: pairs within one pool, beside networkx and rustworkx."""

import sys
from itertools import groupby
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.bench.matching.cell import OURS
from tests.bench.matching.cells import Cell, measured, run_cell
from tests.bench.matching.company import Company, company
from tests.bench.matching.environment import peers_python
from tests.bench.matching.pool import matrix
from tests.bench.matching.pool_peers import PEERS

SIZES = {"300": 300, "1k": 1_000, "5k": 5_000, "20k": 20_000}


def table(limit: float, folder: Path, console: Console, *, small: bool) -> list[Cell]:
    """Every engine on every pool as far as it goes; they agree wherever two of them end."""
    python, cells, beaten = peers_python(folder), list[Cell](), set[str]()
    for size in list(SIZES)[: 2 if small else None]:
        people = company(SIZES[size], SIZES[size])
        data = folder / f"pool-{SIZES[size]}.npz"
        people.save(data)
        for engine in (OURS, *PEERS):
            if engine in beaten:
                cells.append(Cell(engine, size, failed="not tried"))
                continue
            interpreter = Path(sys.executable) if engine == OURS else python
            figures = run_cell(interpreter, engine, size, data, limit=limit, pool=True)
            cell = figures if isinstance(figures, Cell) else _checked(figures, engine, size, people, data)
            beaten |= {engine} if cell.failed else set()
            cells.append(cell)
    _show(cells, console)
    for _, same in groupby(cells, key=lambda cell: cell.size):
        assert len({(cell.matched, cell.points) for cell in same if not cell.failed}) <= 1
    return cells


def _checked(figures: dict[str, float], engine: str, size: str, people: Company, data: Path) -> Cell:
    with np.load(data.with_suffix(".found.npz")) as kept:
        mate = kept["mate"].astype(np.int64)
    held = np.flatnonzero(mate >= 0)
    assert (mate[mate[held]] == held).all(), f"{engine} gave somebody who has another"
    scores = matrix(people)[held, mate[held]].astype(np.int64)
    assert (scores >= 0).all(), f"{engine} paired two who may not meet"
    points, certified = int(scores.sum()) // 2, figures.get("gap") == 0
    return measured(figures, engine, size, matched=len(held), points=points, certified=certified)


def _show(cells: list[Cell], console: Console) -> None:
    shown = Table(*("peers", "engine", "seconds", "CPU s", "MiB", "matched", "points", "proof", "x ours"))
    for size, group in groupby(cells, key=lambda cell: cell.size):
        same = list(group)
        ours = same[0]
        for cell in same:
            first = size if cell is ours else ""
            if cell.failed:
                shown.add_row(first, cell.engine, cell.failed)
                continue
            figures = (f"{cell.seconds:,.3f}", f"{cell.processor_seconds:,.2f}", f"{cell.megabytes:,.0f}")
            proof = "gap 0" if cell.certified else "exact, none given"
            times = "" if ours.failed else f"{cell.seconds / ours.seconds:,.1f}"
            shown.add_row(first, cell.engine, *figures, f"{cell.matched:,}", f"{cell.points:,}", proof, times)
        shown.add_section()
    console.print(shown)
