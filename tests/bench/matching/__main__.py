"""`make bench-matching`: the engine beside what others use, in one run; `--small` for a minute, `--json` keeps."""

import argparse
import json
import sys
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.bench.matching import moments, pools
from tests.bench.matching.cell import OURS
from tests.bench.matching.cells import ROOT, Cell, referee, run_cell
from tests.bench.matching.company import company
from tests.bench.matching.environment import peers_python, versions
from tests.bench.matching.peers import PEERS

SIZES = {
    "1k x 300": (1_000, 300),
    "5k x 1.5k": (5_000, 1_500),
    "20k x 5k": (20_000, 5_000),
    "100k x 25k": (100_000, 25_000),
}
POOL_SECONDS = 60.0
GROWTH = 13
"""A size has at least so many times the pairs of the one before it: nobody does it in less than so many times."""
FOLDER = ROOT / ".mentorship" / "bench"
OPTIMAL = {"SciPy linear_sum_assignment, dense", "lapjv, dense", "POT ot.emd, dense", "munkres, dense"}
"""Those that must find the same optimum, where they end."""


def table_of_sizes(sizes: list[str], engines: list[str], limit: float, *, prove: bool) -> list[Cell]:
    """Every engine on every size; who did not end at one size, or cannot end at the next, is not tried there."""
    python, found, beaten = peers_python(FOLDER), [], set[str]()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(sizes) * len(engines))
        for size in sizes:
            people = company(*SIZES[size])
            data = FOLDER / f"{SIZES[size][0]}.npz"
            people.save(data)
            for engine in engines:
                progress.update(task, description=f"{size}: {engine}")
                if engine in beaten:
                    found.append(Cell(engine, size, failed="not tried"))
                else:
                    interpreter = Path(sys.executable) if engine == OURS else python
                    figures = run_cell(interpreter, engine, size, data, limit=limit)
                    if isinstance(figures, dict):
                        figures = referee(figures, engine, size, people, data.with_suffix(".found.npz"), prove=prove)
                    found.append(figures)
                    beaten |= {engine} if figures.failed or figures.processor_seconds * GROWTH > limit else set()
                progress.advance(task)
    return found


def must_agree(cells: list[Cell]) -> None:
    """Where the exact peers end they find what the engine finds, to the point."""
    for _, same in groupby(cells, key=lambda cell: cell.size):
        exact = [cell for cell in same if cell.engine in {OURS, *OPTIMAL} and not cell.failed]
        assert len({(cell.matched, cell.points) for cell in exact}) <= 1, exact


def show(cells: list[Cell], console: Console) -> None:
    """One table, size by size; how much faster the engine is stands in the last column."""
    table = Table(*("size", "engine", "seconds", "CPU s", "MiB", "matched", "points", "of optimum", "proof", "x ours"))
    for size, group in groupby(cells, key=lambda cell: cell.size):
        same = list(group)
        ours = next((cell for cell in same if cell.engine == OURS and not cell.failed), None)
        for cell in same:
            table.add_row(size if cell is same[0] else "", cell.engine, *_figures(cell, ours))
        table.add_section()
    console.print(table)


def _figures(cell: Cell, ours: Cell | None) -> list[str]:
    if cell.failed:
        return [cell.failed, *[""] * 7]
    times = f"{cell.seconds / ours.seconds:,.1f}" if ours else ""
    spent = [f"{cell.seconds:,.3f}", f"{cell.processor_seconds:,.2f}", f"{cell.megabytes:,.0f}"]
    if not cell.matched:
        return [*spent, "", "", "", "scores only", times]
    proof = "gap 0, checked" if cell.certified else "exact, none given" if cell.engine in OPTIMAL else "none"
    share = f"{cell.points / ours.points:.4%}" if ours else ""
    missing = "" if not ours or cell.matched == ours.matched else f" ({cell.matched - ours.matched:+,})"
    return [*spent, f"{cell.matched:,}{missing}", f"{cell.points:,}", share, proof, times]


def _keep(path: Path | None, kept: dict[str, Any]) -> None:
    if path is not None:
        path.write_text(json.dumps(kept, indent=2), encoding="utf-8")


def main() -> int:
    """Measure and print; exit 1 if an engine contradicts another or the referee."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.matching", description=__doc__)
    parser.add_argument("--small", action="store_true", help="1k and 5k only, limits of 20 s")
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES), metavar="SIZE")
    parser.add_argument("--engines", nargs="*", default=[OURS, *PEERS], metavar="ENGINE")
    parser.add_argument("--limit", type=float, default=150.0, help="seconds that a cell may take")
    parser.add_argument("--json", type=Path, metavar="FILE", help="store the figures there too")
    given = parser.parse_args()
    sizes, limit = (list(SIZES)[:2], 20.0) if given.small else (given.sizes, given.limit)
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Any] = {"versions": versions(peers_python(FOLDER))}
    console = Console(width=150)
    cells = table_of_sizes(sizes, given.engines, limit, prove=True)
    show(cells, console)
    _keep(given.json, kept | {"cells": [asdict(cell) for cell in cells]})
    of_pools = pools.table(min(limit, POOL_SECONDS), FOLDER, console, small=given.small)
    single = moments.table(*SIZES["5k x 1.5k" if given.small else "100k x 25k"], console)
    kept |= {"cells": [asdict(cell) for cell in cells], "pools": [asdict(cell) for cell in of_pools], "moments": single}
    _keep(given.json, kept)
    must_agree(cells)
    return 0


if __name__ == "__main__":
    sys.exit(main())
