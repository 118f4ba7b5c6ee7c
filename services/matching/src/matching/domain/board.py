"""Who suits whom in a programme, kept ready: recommendations and next candidates without working anything out.

The engine takes a hundred megabytes of memory: it comes with the first board, not with the service.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.domain.encoding import Shares, encode
from matching.domain.engine.market import Market
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.rules import Rules

STEP = 40
"""Points that a mentor of one place is charged for each further person who is shown them."""
MOST = 1500
"""Points that anybody is charged at most: a far better mentor is shown all the same."""


class Suggestion(NamedTuple):
    """A mentor for somebody, with what makes the score."""

    mentor_id: str
    score: int
    contributions: dict[str, int]


@dataclass(slots=True)
class Board:
    """The market of a programme and its people; `charge` grows with each person who is shown a mentor."""

    shares: Shares
    rows: dict[str, int]
    columns: tuple[str, ...]
    charge: npt.NDArray[np.int32]
    shown: npt.NDArray[np.int32]
    seen: set[int] = field(default_factory=set)
    """Who was shown whom, as row * columns + column: a number is nothing that the garbage collector looks at."""

    @property
    def market(self) -> Market:
        """Who may be with whom, and how well they fit."""
        return self.shares.market

    def ranking(self, mentee: str) -> list[str]:
        """All mentors whom the rules allow somebody, the best first; of equal ones the first column."""
        from matching.domain.engine.scoring import score_row  # noqa: PLC0415  takes the engine in

        scores = score_row(self.market, self.rows[mentee])
        order = np.argsort(-scores.astype(np.int32), kind="stable")
        allowed = int((scores >= 0).sum())
        return [self.columns[place] for place in order[:allowed].tolist()]

    def best(self, mentee: str, count: int) -> list[tuple[str, int]]:
        """The best mentors, with their scores, less what they are charged for being shown to many."""
        from matching.domain.engine.scoring import top  # noqa: PLC0415  takes the engine in

        places, worth = top(self.market, self.rows[mentee], count, self.charge)
        scores = worth + self.charge[places]
        return [(self.columns[place], score) for place, score in zip(places.tolist(), scores.tolist(), strict=True)]

    def explained(self, mentee: str, found: Sequence[tuple[str, int]], place: dict[str, int]) -> list[Suggestion]:
        """Suggestions with their contributions; `place` is each mentor's column."""
        columns = np.array([place[name] for name, _ in found], np.int32)
        parts = self.shares.between(np.full(len(found), self.rows[mentee], np.int32), columns)
        names = [str(name) for name in parts]
        table = np.stack(list(parts.values()), axis=1).tolist()
        return [
            Suggestion(name, score, dict(zip(names, points, strict=True)))
            for (name, score), points in zip(found, table, strict=True)
        ]

    def show(self, mentee: str, names: Sequence[str], place: dict[str, int]) -> None:
        """Somebody is shown these: each counts once for each person who sees them."""
        first = self.rows[mentee] * len(self.columns)
        unseen = [column for column in (place[name] for name in names) if first + column not in self.seen]
        self.seen.update(first + column for column in unseen)
        self.shown[unseen] += 1
        charge = STEP * self.shown[unseen] // np.maximum(1, self.market.capacity[unseen])
        self.charge[unseen] = np.minimum(MOST, charge)


def board_of(problem: Problem) -> Board:
    """The board of a programme's people."""
    encoded = encode(problem)
    columns = [problem.columns[place] for place in encoded.column_order.tolist()]
    nothing = np.zeros(len(columns), dtype=np.int32)
    return Board(
        shares=Shares.of(problem, encoded),
        rows={problem.mentees[place].employee_id: row for row, place in enumerate(encoded.row_order.tolist())},
        columns=tuple(profile.employee_id for profile in columns),
        charge=nothing.copy(),
        shown=nothing.copy(),
    )


def warm_up() -> None:
    """Ask a board of two people everything that others are asked, so that no request waits for a compiler."""
    board = board_of(Problem("one_on_one", Rules(), (Profile("E", line=(1, 1)),), (Profile("M", line=(2, 2)),)))
    board.ranking("E")
    board.explained("E", board.best("E", 1), {"M": 0})
