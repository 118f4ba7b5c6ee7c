"""Fair matching: as many pairs as can be, among those the best worst-off pair, among those the highest total.

Bottleneck assignment by bisection over the floor (Burkard, Dell'Amico & Martello 2012, section 6.2): the floor is
raised as long as as many rows can still be matched. Each step is an exact assignment, so that the last floor which
holds and the first which does not are both proven.
"""

from dataclasses import dataclass, replace

from matching.domain.engine.assignment import Assignment, Progress, Stop, assign
from matching.domain.engine.market import FORBIDDEN, FULL, Market


@dataclass(frozen=True, slots=True)
class FairAssignment:
    """The pairs, and what proves that nobody could have raised the worst of them."""

    assignment: Assignment
    """The highest total among the fairest; its prices are those of the market with `floor`."""
    floor: int
    """The score of the worst pair; 0 without pairs."""
    ceiling: int
    """No matching of as many pairs has a worst pair above this; equal to `floor` where that is proven."""
    proof: Assignment | None
    """With a floor of `ceiling + 1` there are fewer pairs: the assignment that proves it. None where no score is so
    high, or where time ran out."""


def assign_fairly(
    market: Market, *, charge: int = 0, stop: Stop = lambda: False, say: Progress = lambda _: None
) -> FairAssignment:
    """Match with coverage first, then the worst pair, then the total."""
    best = assign(market, charge=charge, stop=stop)
    low, high, proof = worst_of(best), FULL, None
    steps, done = max(1, (high - low).bit_length()), 0
    while low < high and best.pairs and not stop():
        middle = (low + high + 1) // 2
        found = assign(replace(market, floor=max(market.floor, middle)), charge=charge, stop=stop)
        if found.pairs == best.pairs:
            best, low = found, worst_of(found)
        elif found.gap == 0:
            high, proof = middle - 1, found
        else:
            break
        done += 1
        say(min(99, 100 * done // steps))
    return FairAssignment(best, low, high if best.pairs else low, proof)


def worst_of(found: Assignment) -> int:
    """The lowest score of any pair; 0 without pairs."""
    held = found.score[found.score > FORBIDDEN]
    return int(held.min()) if len(held) else 0
