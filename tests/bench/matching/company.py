"""Made-up companies to match: people as arrays, drawn from a seed, for every engine the same.

200 skills of Zipf popularity in families of five, 20 departments, 8 levels, 60 sites, 24 time zones, 12 languages,
one organisation tree, 0.1 blocked pairs per mentee, mentors with 1 to 5 places; about a third of all pairs may meet.
NumPy alone: the peers' own environment reads this module too.
"""

from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.int32]
Flags = npt.NDArray[np.uint8]

SKILLS, GOALS, INTERESTS, FAMILY = 200, 24, 40, 5
DEPARTMENTS, LEVELS, SITES, ZONES, LANGUAGES = 20, 8, 60, 24, 12
SKILL_WEIGHT, GOAL_WEIGHT, INTEREST_WEIGHT, LEVEL_WEIGHT, HOURS_WEIGHT = 4500, 1500, 500, 1000, 1000
DEPARTMENT_WEIGHT, SITE_WEIGHT = 500, 500
WISH_POINTS = (500, 450, 400)
HOURS_MIN = 2
LEVEL_GAP_MAX = 5
LEVEL_AIM = 2


@dataclass(frozen=True, slots=True)
class Company:
    """Mentees (rows) and mentors (columns). Flags are 0 or 1 of shape (people, vocabulary)."""

    wanted: Flags
    offered: Flags
    row_goals: Flags
    column_goals: Flags
    row_interests: Flags
    column_interests: Flags
    row_languages: Flags
    column_languages: Flags
    row_facts: Array
    """(level, zone, department, site) of each mentee."""
    column_facts: Array
    row_line: Array
    """(enter, leave) in a walk of the organisation tree."""
    column_line: Array
    capacity: Array
    wishes: Array
    """(mentee, mentor, points), by mentee and then mentor."""
    blocked: Array
    """(mentee, mentor), by mentee and then mentor."""
    level_points: Array
    """[mentee's level, mentor's level]"""
    department_points: Array
    site_points: Array
    hours_points: Array

    @property
    def rows(self) -> int:
        """How many mentees."""
        return len(self.row_facts)

    @property
    def columns(self) -> int:
        """How many mentors."""
        return len(self.column_facts)

    def save(self, path: Path) -> None:
        """Keep it for another process."""
        with path.open("wb") as file:
            np.savez(file, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` kept."""
        with np.load(path) as kept:
            return cls(**{field.name: kept[field.name] for field in fields(cls)})


def company(rows: int, columns: int, seed: int = 1) -> Company:
    """Draw a company of so many mentees and mentors."""
    dice = np.random.default_rng([seed, rows, columns])
    row_facts, column_facts = _facts(dice, rows, senior=False), _facts(dice, columns, senior=True)
    line = _tree(dice, np.concatenate([row_facts[:, 0], column_facts[:, 0]]))
    return Company(
        wanted=_flags(dice, rows, SKILLS, 2, 6),
        offered=_flags(dice, columns, SKILLS, 3, 10),
        row_goals=_flags(dice, rows, GOALS, 1, 3),
        column_goals=_flags(dice, columns, GOALS, 2, 6),
        row_interests=_flags(dice, rows, INTERESTS, 1, 5),
        column_interests=_flags(dice, columns, INTERESTS, 1, 5),
        row_languages=_flags(dice, rows, LANGUAGES, 1, 4),
        column_languages=_flags(dice, columns, LANGUAGES, 2, 4),
        row_facts=row_facts,
        column_facts=column_facts,
        row_line=line[:rows],
        column_line=line[rows:],
        capacity=dice.integers(1, 6, columns, dtype=np.int32),
        **_particular(dice, rows, columns),
        **_tables(dice),
    )


def _flags(dice: np.random.Generator, people: int, size: int, low: int, high: int) -> Flags:
    """Each person's `low` to `high` different words, popular ones more often: the first of Gumbel's race win."""
    weight = np.log(1 / np.arange(1, size + 1))
    found = np.zeros((people, size), dtype=np.uint8)
    for start in range(0, people, 10_000):
        block = found[start : start + 10_000]
        keys = weight + dice.gumbel(size=block.shape)
        order = np.argsort(-keys, axis=1)[:, :high]
        count = dice.integers(low, high + 1, len(block))
        taken = np.arange(high) < count[:, None]
        np.put_along_axis(block, order, taken.astype(np.uint8), axis=1)
    return found


def _facts(dice: np.random.Generator, people: int, *, senior: bool) -> Array:
    shape = np.arange(LEVELS, dtype=np.float64)
    odds = 0.7**shape if not senior else 0.75 ** np.abs(shape - 5)
    level = dice.choice(LEVELS, people, p=odds / odds.sum())
    site = dice.integers(0, SITES, people)
    # Sites lie in time zones, most of them in a few.
    zones = np.sort(np.r_[np.arange(ZONES), np.repeat([0, 1, 2, 3, 18, 6], 6)])
    return np.stack([level, zones[site], dice.integers(0, DEPARTMENTS, people), site], axis=1).astype(np.int32)


def _tree(dice: np.random.Generator, level: npt.NDArray[np.int32]) -> Array:
    """Intervals of a tree in which everybody has up to eight reports, the senior nearer to the root."""
    people, width = len(level), 8
    node = np.argsort(dice.normal(scale=0.7, size=people) - level, kind="stable")
    parent = (np.arange(people) - 1) // width
    size = np.ones(people, dtype=np.int64)
    starts = [1]
    while starts[-1] < people:
        starts.append(starts[-1] * width + 1)
    depths = [np.arange(first, min(last, people)) for first, last in pairwise(starts)]
    for here in reversed(depths):
        np.add.at(size, parent[here], size[here])
    before = np.cumsum(size) - size  # of all nodes of lower number; siblings stand side by side
    enter = np.ones(people, dtype=np.int64)
    for here in depths:
        above = parent[here]
        enter[here] = enter[above] + 1 + before[here] - before[above * width + 1]
    line = np.zeros((people, 2), dtype=np.int32)
    line[node] = np.stack([enter, enter + size], axis=1)
    return line


def _particular(dice: np.random.Generator, rows: int, columns: int) -> dict[str, Array]:
    """Wishes of a third of the mentees, up to three each, and a tenth as many blocked pairs as mentees."""
    wishing = dice.random(rows) < 1 / 3
    mentor = dice.integers(0, columns, (rows, 3))
    count = dice.integers(1, 4, rows) * wishing
    row, rank = np.nonzero(np.arange(3) < count[:, None])
    wishes = np.stack([row, mentor[row, rank], np.array(WISH_POINTS)[rank]], axis=1)
    blocked = np.stack([dice.integers(0, rows, rows // 10), dice.integers(0, columns, rows // 10)], axis=1)
    _, first = np.unique(wishes[:, 0] * columns + wishes[:, 1], return_index=True)
    return {"wishes": wishes[first].astype(np.int32), "blocked": np.unique(blocked, axis=0).astype(np.int32)}


def _tables(dice: np.random.Generator) -> dict[str, Array]:
    """Points of two levels, departments (by distance), sites (by distance) and zones (by shared hours)."""
    level = np.arange(LEVELS)
    away = np.abs(level[None, :] - level[:, None] - LEVEL_AIM)
    place = dice.random((SITES, 2))
    far = np.hypot(*(place[:, None] - place[None, :]).transpose(2, 0, 1))
    unlike = dice.integers(0, 6, (DEPARTMENTS, DEPARTMENTS))
    unlike = np.minimum(unlike, unlike.T) * (1 - np.eye(DEPARTMENTS, dtype=np.int64))
    return {
        "level_points": (LEVEL_WEIGHT * np.maximum(6 - away, 0) // 6).astype(np.int32),
        "department_points": (DEPARTMENT_WEIGHT * unlike // 5).astype(np.int32),
        "site_points": (SITE_WEIGHT * (1 - np.minimum(far, 1))).astype(np.int32),
        "hours_points": (HOURS_WEIGHT * shared_hours() // 8).astype(np.int32),
    }


def shared_hours() -> Array:
    """Hours of an eight-hour day that each two zones share."""
    zone = np.arange(ZONES)
    apart = np.abs(zone[:, None] - zone[None, :])
    found: Array = np.maximum(8 - np.minimum(apart, ZONES - apart), 0).astype(np.int32)
    return found


def shares(flags: Flags, weight: int) -> tuple[Array, Array, Array]:
    """A weight split evenly over each person's words, the first ones getting the rest: (people, words, shares)."""
    person, word = np.nonzero(flags)
    count = np.bincount(person, minlength=len(flags))
    place = np.arange(len(person)) - np.repeat(np.cumsum(count) - count, count)
    share = weight // count[person] + (place < weight % count[person])
    return person.astype(np.int32), word.astype(np.int32), share.astype(np.int32)


def credit(offered: Flags) -> Flags:
    """Quarters of credit: 4 for a skill that is offered, 2 for one of the same family."""
    people = len(offered)
    family = offered.reshape(people, SKILLS // FAMILY, FAMILY).max(axis=2)
    found: Flags = np.maximum(offered * 4, np.repeat(family, FAMILY, axis=1) * 2).astype(np.uint8)
    return found


def distinct(flags: Flags) -> tuple[Flags, npt.NDArray[np.int64]]:
    """The different lines, and which of them each person has."""
    number = flags.astype(np.int64) @ (1 << np.arange(flags.shape[1]))
    _, first, which = np.unique(number, return_index=True, return_inverse=True)
    return flags[first], which.reshape(-1)
