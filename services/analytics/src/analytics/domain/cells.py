"""Which figures may be shown so that nobody is singled out: none about one to four people, and none that tells of them.

A figure is hidden if it is about fewer than five people. In a breakdown whose total is known a single hidden cell could
be computed from the rest, so another one is hidden with it; the reader cannot tell which of them was the small one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

FEWEST = 5
"""The smallest number of people that a figure may be about."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many of something, and how many different people stand behind it."""

    value: int
    people: int

    @property
    def is_small(self) -> bool:
        """Whether showing it could single somebody out. That there is nothing says nothing about anybody."""
        return self.value > 0 and self.people < FEWEST


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure as it is shown: its value, or why there is none."""

    value: int | float | None
    hidden: Literal["small_group"] | None = None


HIDDEN = Cell(None, "small_group")
NOTHING = Count(0, 0)


def shown(count: Count) -> Cell:
    """A figure that stands alone: no total of which it is a part is shown anywhere."""
    return HIDDEN if count.is_small else Cell(count.value)


def parted(counts: Mapping[str, Count]) -> dict[str, Cell]:
    """The parts of a whole whose size is known or can be guessed.

    With a small cell at least one large one is hidden, and more until what is hidden is worth two groups; if there is
    not that much, not even empty cells are told. Large ones are taken by name: taken by size, what is still shown would
    bound them, and a reader who knows this rule would often be left with a single possibility.
    """
    hidden = small = {name for name, count in counts.items() if count.is_small}
    if small:
        for name in sorted(name for name, count in counts.items() if count.value and not count.is_small):
            if hidden != small and _people(counts, hidden) >= 2 * FEWEST:
                break
            hidden = hidden | {name}
        if hidden == small or _people(counts, hidden) < 2 * FEWEST:
            hidden = set(counts)
    return {name: HIDDEN if name in hidden else Cell(count.value) for name, count in counts.items()}


def _people(counts: Mapping[str, Count], names: set[str]) -> int:
    return sum(counts[name].people for name in names)


def share(part: Count, whole: Count) -> Cell:
    """A part of a whole that is shown too, so that neither the part nor the rest may be small."""
    rest = Count(max(whole.value - part.value, 0), max(whole.people - part.people, 0))
    return HIDDEN if part.is_small or rest.is_small else Cell(part.value)


def rate(part: str, counts: Mapping[str, Count], cells: Mapping[str, Cell]) -> Cell:
    """What fraction of all `counts` the `part` is, to two decimals, unless it gives a hidden cell away."""
    whole = sum(count.value for count in counts.values())
    if not whole:
        return Cell(None)
    hidden = sum(cells[name].hidden is not None for name in counts)
    if cells[part].hidden or hidden == 1 or max(count.people for count in counts.values()) < FEWEST:
        return HIDDEN
    return Cell(round(counts[part].value / whole, 2))


def average(total: int, count: Count) -> Cell:
    """A mean, to one decimal."""
    if not count.value:
        return Cell(None)
    return HIDDEN if count.is_small else Cell(round(total / count.value, 1))
