"""What the pins of an exported run leave to be decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from matching.domain.verify_scores import Flags, Numbers


@dataclass(frozen=True, slots=True)
class Undecided:
    """What no pin has settled, as the rules and the file have it."""

    rules: Mapping[str, Any]
    rows: Flags
    places: Numbers
    """Of each column."""
    pinned: Numbers
    """Rows that pins have given each column."""
    home: Mapping[int, int] = field(default_factory=dict)
    """Where moves are counted: the column that a row has and could keep."""
    moves: int = 0
    """So many of those rows may leave it."""

    @property
    def coverage(self) -> bool:
        """Whether one more pair comes before all points."""
        return bool(self.rules["objective"] in {"coverage", "fair"})
