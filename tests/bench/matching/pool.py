"""Peers: pairs within one pool of people, the same from either side.

Both directions of skills count, a like level and shared hours once. Who shares no language or too few hours, stands in
the other's line or blocks them may not meet. NumPy alone: the peers' own environment reads this module too.
"""

import numpy as np
import numpy.typing as npt

from tests.bench.matching import company as made

SKILL_WEIGHT = 3500
"""Of each direction."""
LEVEL_WEIGHT, HOURS_WEIGHT = 1500, 1500


def level_points() -> made.Array:
    """Points of two levels."""
    level = np.arange(made.LEVELS)
    near = np.maximum(6 - np.abs(level[:, None] - level[None, :]), 0)
    found: made.Array = (LEVEL_WEIGHT * near // 6).astype(np.int32)
    return found


def hours_points() -> made.Array:
    """Points of two time zones."""
    return (HOURS_WEIGHT * made.shared_hours() // 8).astype(np.int32)


def gates(people: made.Company) -> npt.NDArray[np.bool_]:
    """Who may meet whom by hours, language and blocks; the reporting line is asked elsewhere."""
    zone, speech = people.row_facts[:, 1], people.row_languages.astype(np.float32)
    allowed = (made.shared_hours() >= made.HOURS_MIN)[np.ix_(zone, zone)] & (speech @ speech.T > 0)
    one, other = people.blocked.T
    allowed[one, other] = allowed[other, one] = False
    np.fill_diagonal(allowed, val=False)
    return allowed


def matrix(people: made.Company) -> npt.NDArray[np.int16]:
    """Scores of all pairs of a company's mentees, who offer what its mentors do; -1 where they may not meet."""
    level, zone = people.row_facts[:, 0], people.row_facts[:, 1]
    person, word, share = made.shares(people.wanted, SKILL_WEIGHT)
    wants = np.zeros(people.wanted.shape, dtype=np.float32)
    wants[person, word] = share
    one_way = (wants @ people.offered.T.astype(np.float32)).astype(np.int16)
    found = one_way + one_way.T
    found += level_points().astype(np.int16)[np.ix_(level, level)]
    found += hours_points().astype(np.int16)[np.ix_(zone, zone)]
    enter, leave = people.row_line.T
    above = (enter[:, None] <= enter[None, :]) & (enter[None, :] < leave[:, None])
    return np.where(gates(people) & ~above & ~above.T, found, np.int16(-1))
