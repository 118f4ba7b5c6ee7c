"""Peers: pairs within one pool of people, the same from either side.

Half of a pair's points for skills comes from what each finds at the other; hours and a like level count once. Who
shares no language or too few hours, stands in the other's line or blocks them may not meet.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.bench.matching import company as made

SKILL_WEIGHT = 3500
"""Of each direction."""
LEVEL_WEIGHT, HOURS_WEIGHT = 1500, 1500


@dataclass(frozen=True, slots=True)
class Pool:
    """People of one pool; the skills that they want and offer, and tables of points and gates between their facts."""

    people: made.Company
    level_points: made.Array
    hours_points: made.Array
    hours_gate: npt.NDArray[np.bool_]


def pool(size: int) -> Pool:
    """A pool of so many people: mentees of a made-up company that offer skills too."""
    people = made.company(size, size)
    level = np.arange(made.LEVELS)
    near = np.maximum(6 - np.abs(level[:, None] - level[None, :]), 0)
    hours = made.shared_hours()
    return Pool(people, LEVEL_WEIGHT * near // 6, HOURS_WEIGHT * hours // 8, hours >= made.HOURS_MIN)


def matrix(of: Pool) -> npt.NDArray[np.int16]:
    """Scores of all pairs, -1 where they may not meet: symmetric."""
    people = of.people
    _, zone, _, _ = facts = people.row_facts.T
    person, word, share = made.shares(people.wanted, SKILL_WEIGHT)
    wants = np.zeros(people.wanted.shape, dtype=np.float32)
    wants[person, word] = share
    one_way = (wants @ people.offered.T.astype(np.float32)).astype(np.int16)
    found = one_way + one_way.T
    found += of.level_points[np.ix_(facts[0], facts[0])].astype(np.int16)
    found += of.hours_points[np.ix_(zone, zone)].astype(np.int16)
    speech = people.row_languages.astype(np.float32)
    allowed = of.hours_gate[np.ix_(zone, zone)] & (speech @ speech.T > 0)
    enter, leave = people.row_line.T
    above = (enter[:, None] <= enter[None, :]) & (enter[None, :] < leave[:, None])
    allowed &= ~above & ~above.T
    blocked = people.blocked.T
    allowed[blocked[0], blocked[1]] = allowed[blocked[1], blocked[0]] = False
    return np.where(allowed, found, np.int16(-1))
