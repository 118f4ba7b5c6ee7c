"""Fair matching: as many pairs as can be, among those the best worst-off pair, among those the highest total.

Bottleneck assignment by bisection over the floor (Burkard, Dell'Amico & Martello 2012, section 6.2), around any solver
that puts coverage first: the floor is raised as long as as many can still be matched.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np

from matching.domain.engine.assignment import Progress, Stop
from matching.domain.engine.market import FULL, Indices, Market
from matching.domain.engine.scoring import score_pairs


class Covering(Protocol):
    """What a solver found that puts coverage first."""

    @property
    def mate(self) -> Indices:
        """Column of each row, -1 without one."""

    @property
    def pairs(self) -> int:
        """How many are matched."""

    @property
    def base(self) -> int:
        """What one more pair is worth above its score."""

    @property
    def upper_bound(self) -> int:
        """No matching has a higher value of base * pairs + total."""


Found = TypeVar("Found", bound=Covering)


@dataclass(frozen=True, slots=True)
class Fairest(Generic[Found]):
    """The fairest matching, and how far that is proven."""

    found: Found
    """The highest total among the fairest; its bound is that of the market with `floor`."""
    floor: int
    """The score of the worst pair; 0 without pairs."""
    ceiling: int
    """No matching of as many pairs has a worst pair above this. Higher than the floor if time ran out, or where a
    bound on coverage is not tight."""
    above: Found | None = None
    """What proves the ceiling: a point above it fewer can be matched."""


def fairest(
    market: Market,
    solve: Callable[[Market], Found],
    *,
    charge: int = 0,
    stop: Stop = lambda: False,
    say: Progress = lambda _: None,
) -> Fairest[Found]:
    """Match with coverage first, then the worst pair, then the total; `solve` puts coverage first.

    With `charge` each further row of a column costs so much more than the one before it.
    """
    best, above = solve(market), None
    if not best.pairs:
        return Fairest(best, 0, 0)
    charges = charge * best.pairs * int(np.minimum(market.capacity, market.rows).max())
    low, high, done = _worst(market, best), FULL, 0
    steps = max(1, (high - low).bit_length())
    while low < high and not stop():
        middle = (low + high + 1) // 2
        found = solve(replace(market, floor=max(market.floor, middle)))
        if found.pairs == best.pairs:
            best, low = found, _worst(market, found)
        elif found.upper_bound < found.base * best.pairs - charges:
            above, high = found, middle - 1
        else:
            break
        done += 1
        say(min(99, 100 * done // steps))
    return Fairest(best, low, high, above)


def _worst(market: Market, found: Covering) -> int:
    held = np.flatnonzero(found.mate >= 0).astype(np.int32)
    return int(score_pairs(market, held, found.mate[held]).min())
