"""How a run is done: who takes part, who may be moved, what it has to reach, and what happens to its outcome."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from contracts.words import no_bool
from matching.domain.rules import Points

Scope = Literal["everybody", "unmatched"]
Mode = Literal["frozen", "free", "minimal_moves"]
FailedFloor = Literal["score_min", "share_matched_min"]

_STRICT = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Floors(BaseModel):
    """What an outcome has to reach, so that it is published without anybody looking at it."""

    model_config = _STRICT

    score_min: Points = 0
    """The worst pair's score."""
    share_matched_min: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The share of those who look for somebody that finds somebody."""


class RunOptions(BaseModel):
    """How a run is done."""

    model_config = _STRICT

    scope: Scope = "everybody"
    """unmatched: only places that are free; everybody: those who have a match too, see mode."""
    mode: Mode = "frozen"
    """frozen: nobody who has an offer or a match is moved; free: everybody may be; minimal_moves: so many at most."""
    moves: Annotated[
        Annotated[int, Field(ge=0, le=1_000_000), BeforeValidator(no_bool)] | None, Field(validate_default=True)
    ] = None
    """minimal_moves: people who may be given somebody else than they have."""
    seconds: Annotated[int, Field(ge=1, le=3600), BeforeValidator(no_bool)] | None = None
    """How long may be searched, asked between steps; what there is by then is the outcome, with its honest gap."""
    floors: Floors = Floors()
    publish: Literal["review", "automatic"] = "review"
    """automatic: publishes by itself if the floors hold, else it stops and says which does not."""
    what_if: bool = False
    """Only to look at and to compare: such a run can never be published."""

    @field_validator("moves")
    @classmethod
    def _moves_are_counted_where_they_are_limited(cls, moves: int | None, info: ValidationInfo) -> int | None:
        limited = info.data.get("mode") == "minimal_moves"
        if limited and moves is None:
            raise ValueError("the mode minimal_moves has to say how many people may be moved")
        if moves is not None and not limited:
            raise ValueError("belongs to the mode minimal_moves")
        return moves

    @field_validator("what_if")
    @classmethod
    def _what_is_only_looked_at_is_not_published(cls, what_if: bool, info: ValidationInfo) -> bool:
        if what_if and info.data.get("publish") == "automatic":
            raise ValueError("a run that is only to look at is never published")
        return what_if

    @property
    def may_move(self) -> bool:
        """Whether people who have an offer or a match may be given somebody else."""
        return self.scope == "everybody" and self.mode != "frozen"


def failed_floor(floors: Floors, *, pairs: int, worst: int, unmatched: int) -> FailedFloor | None:
    """Which floor an outcome does not reach, if any; without anybody to match every share is reached."""
    if pairs and worst < floors.score_min:
        return "score_min"
    looked = pairs + unmatched
    if looked and pairs < floors.share_matched_min * looked:
        return "share_matched_min"
    return None
