"""A goal: a skill or theme that a member works towards, in per cent."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from contracts.sessions import GoalAchieved, GoalProgressed, GoalSet
from sessions.domain.refusal import Refused


@dataclass(frozen=True, kw_only=True)
class Goal:
    """The state of one goal; its words are kept elsewhere, encrypted."""

    goal_id: UUID
    relationship_id: UUID
    programme_id: UUID
    owner_id: str
    code: str
    progress: int = 0
    achieved_at: datetime | None = None
    version: int = 1

    def advance(self, progress: int) -> tuple["Goal", GoalProgressed]:
        """The goal is `progress` (0-100) per cent along, also when that is less than before."""
        self._must_be_unreached()
        moved = replace(self, progress=progress, version=self.version + 1)
        return moved, GoalProgressed(**moved.public())

    def achieve(self, now: datetime) -> tuple["Goal", GoalAchieved]:
        """The goal is reached."""
        self._must_be_unreached()
        reached = replace(self, progress=100, achieved_at=now, version=self.version + 1)
        return reached, GoalAchieved(**reached.public())

    def _must_be_unreached(self) -> None:
        if self.achieved_at is not None:
            raise Refused("goal_achieved", "the goal is reached already")

    def public(self) -> dict[str, object]:
        """What every event about it says."""
        return {
            "goal_id": self.goal_id,
            "relationship_id": self.relationship_id,
            "programme_id": self.programme_id,
            "owner_id": self.owner_id,
            "code": self.code,
            "progress": self.progress,
        }


def set_goal(goal: Goal) -> tuple[Goal, GoalSet]:
    """A new goal is agreed."""
    return goal, GoalSet(**goal.public())
