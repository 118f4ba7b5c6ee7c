"""Hard rules: pairs that no score can make good, and the programme's own choice of them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from matching.domain.people import BoolArray, IntArray, Profile, column_of, shared
from matching.domain.refusal import BadValue

CRITERIA = ("skills", "goals", "interests", "language", "hours", "wish", "level")
DEFAULT_WEIGHTS = {
    "skills": 4000,
    "goals": 1500,
    "interests": 500,
    "language": 1000,
    "hours": 1000,
    "wish": 1000,
    "level": 1000,
}
WORKDAY_MINUTES = 480
DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Rules:
    """What a programme asks of a pair. Never one's own reporting line, and block lists, hold always."""

    weights: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    """Weight of each criterion; only their ratios matter."""
    level_gap_min: int | None = None
    level_gap_max: int | None = None
    """Levels of the senior above the junior: the mentor's above the mentee's, in a reverse programme below."""
    level_gap_aim: int = 2
    shared_language: bool = False
    shared_hours_min: int = 0
    """Hours of a working day (09:00-17:00 local) that both must share, 0..8."""
    score_min: int = 0
    """Pairs below this score (0..10000) are left unmatched."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.weights) - set(CRITERIA))
        if unknown:
            raise BadValue("rules.weights", f"There is no criterion {unknown[0]!r}; there are {', '.join(CRITERIA)}.")
        if min(self.weights.values(), default=0) < 0 or sum(self.weights.values()) <= 0:
            raise BadValue("rules.weights", "At least one must be above 0 and none below.")
        low, high = self.level_gap_min, self.level_gap_max
        if low is not None and high is not None and low > high:
            raise BadValue("rules.level_gap_min", "Must not be above level_gap_max.")

    @property
    def digest(self) -> str:
        """SHA-256 of the rules: the same rules have the same digest."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def shared_minutes(left: Sequence[Profile], right: Sequence[Profile]) -> IntArray:
    """Minutes of the working day that both share: 0..480, shape (left, right)."""
    apart = (
        np.abs(column_of(p.offset_minutes for p in left) - column_of(p.offset_minutes for p in right).T) % DAY_MINUTES
    )
    found: IntArray = np.maximum(WORKDAY_MINUTES - np.minimum(apart, DAY_MINUTES - apart), 0)
    return found


def level_gap(mentees: Sequence[Profile], mentors: Sequence[Profile], *, reverse: bool) -> IntArray:
    """Levels of the senior side above the junior side; in a reverse programme the mentee is the senior."""
    gap = column_of(p.level for p in mentors).T - column_of(p.level for p in mentees)
    return -gap if reverse else gap


def allowed(
    mentees: Sequence[Profile], mentors: Sequence[Profile], rules: Rules, *, programme_format: str
) -> BoolArray:
    """Which pairs the hard rules let through: shape (mentees, mentors)."""
    held = ~_own_line(mentees, mentors) & ~_blocked(mentees, mentors) & ~_blocked(mentors, mentees).T
    if rules.shared_language:
        held &= shared([p.languages for p in mentees], [p.languages for p in mentors]) > 0
    if rules.shared_hours_min:
        held &= shared_minutes(mentees, mentors) >= rules.shared_hours_min * 60
    gap = level_gap(mentees, mentors, reverse=programme_format == "reverse")
    if programme_format == "peer":
        gap = np.abs(gap)
    if rules.level_gap_min is not None:
        held &= gap >= rules.level_gap_min
    if rules.level_gap_max is not None:
        held &= gap <= rules.level_gap_max
    return held


def _own_line(mentees: Sequence[Profile], mentors: Sequence[Profile]) -> BoolArray:
    """Either one above the other in the organisation, or the same person."""
    enter, leave = column_of(p.line[0] for p in mentees), column_of(p.line[1] for p in mentees)
    other_enter, other_leave = column_of(p.line[0] for p in mentors).T, column_of(p.line[1] for p in mentors).T
    mentee_above = (enter <= other_enter) & (other_enter < leave)
    mentor_above = (other_enter <= enter) & (enter < other_leave)
    return np.asarray(mentee_above | mentor_above, dtype=np.bool_)


def _blocked(blockers: Sequence[Profile], others: Sequence[Profile]) -> BoolArray:
    places = {profile.employee_id: column for column, profile in enumerate(others)}
    found = np.zeros((len(blockers), len(others)), dtype=np.bool_)
    for row, profile in enumerate(blockers):
        for name in profile.blocks:
            if name in places:
                found[row, places[name]] = True
    return found
