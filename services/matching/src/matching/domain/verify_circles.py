"""Circles of an exported run: which can be, and what prices on the people say they are worth."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from matching.domain.verify_scores import Flags, Numbers, Scores
from matching.domain.verify_undecided import Undecided


@dataclass(frozen=True, slots=True)
class Circles:
    """Those that can have as many people as they need, and who may be in which."""

    score: npt.NDArray[np.int16]
    """Of each circle with each person, -1 for who may not be in it."""
    least: Numbers
    """People that each circle needs beside those pinned to it."""
    room: Numbers
    sure: Flags
    """Circles that somebody is pinned to: they are there, whatever they cost."""
    possible: bool
    """Whether each of these alone could have as many people as it needs."""

    @classmethod
    def of(cls, scores: Scores, left: Undecided, floor: int) -> Self:
        """The circles of the people and places that no pin has settled."""
        rows, room, least = left.rows, left.places, np.maximum(left.rules["circle_min"] - left.pinned, 0)
        table = np.full((int(rows.sum()), len(room)), -1, np.int16)
        for line, row in zip(table, np.flatnonzero(rows).tolist(), strict=True):
            score, allowed = scores.allowed(row, floor)
            line[:] = np.where(allowed, score, -1)
        room = np.minimum(room, (table >= 0).sum(axis=0))
        can = (room >= least) & (room > 0)
        sure = left.pinned > 0
        possible = bool(((room >= least) | ~sure).all())
        return cls(np.ascontiguousarray(table.T[can]), least[can], room[can], sure[can], possible)

    @property
    def people(self) -> int:
        """How many may be in some circle."""
        return int((self.score >= 0).any(axis=0).sum())

    def reachable(self, people: int) -> int:
        """The most people, at most so many, that whole circles can hold: seven make no two circles of five."""
        return int(np.minimum(self._reach(), people)[: self._most(people)].max(initial=0))

    def worth(self, scale: int, price: Numbers, people: int | None = None) -> int:
        """The most that circles add up to after prices, `scale` to the point; if given, with just so many people."""
        fewest = int(np.searchsorted(self._reach(), people)) + 1 if people else 0
        most = self._most(self.people if people is None else people)
        worth = np.array([self._best(number, scale, price) for number in range(len(self.room))], np.int64)
        best = sorted(worth[~self.sure].tolist(), reverse=True)[: max(0, most - int(self.sure.sum()))]
        needed = fewest - int(self.sure.sum())
        more: int = sum(value for number, value in enumerate(best) if value > 0 or number < needed)
        return int(worth[self.sure].sum()) + more

    def _best(self, number: int, scale: int, price: Numbers) -> int:
        """What one circle adds up to if it opens."""
        line, least = self.score[number].astype(np.int64), int(self.least[number])
        may = line >= 0
        gains = np.sort(line[may] * scale - price[may])[::-1][: int(self.room[number])]
        sums = np.concatenate([[0], np.cumsum(gains)])
        return int(sums[least:].max())

    def _reach(self) -> Numbers:
        return np.cumsum(np.sort(self.room)[::-1])

    def _most(self, people: int) -> int:
        """So many circles at most have as many people as they need."""
        return int(np.searchsorted(np.cumsum(np.sort(self.least)), people, side="right"))
