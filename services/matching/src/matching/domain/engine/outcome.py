"""What a search of all pairs at once answers: who is where, what that is worth, and how far it is from the best."""

from dataclasses import dataclass

from matching.domain.engine.market import Indices, Points


@dataclass(frozen=True, slots=True)
class Outcome:
    """A matching, and the bound on what any other could be worth.

    The value of a matching is base * pairs + total: with coverage first, `base` outweighs every difference in total.
    """

    mate: Indices
    """Column of each row, -1 without one."""
    score: Points
    """Score of each row with its column, FORBIDDEN without one."""
    base: int
    """What one more pair is worth above its score: 0 where only the total counts."""
    total: int
    upper_bound: int
    """No matching of the same kind has a higher value."""
    rounds: int
    """How often all pairs were priced or, where it takes branching, the steps of that."""

    @property
    def pairs(self) -> int:
        """How many rows have a column."""
        return int((self.mate >= 0).sum())

    @property
    def value(self) -> int:
        """What is maximised."""
        return self.base * self.pairs + self.total

    @property
    def gap(self) -> int:
        """How far the value may be from the best one; 0 is proven optimal."""
        return self.upper_bound - self.value
