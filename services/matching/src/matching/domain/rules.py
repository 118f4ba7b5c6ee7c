"""What a programme asks of a pair: hard rules that no score can make good, and the weights of what makes it better."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core.core_schema import ValidationInfo

from contracts.matching import Format
from contracts.words import no_bool
from matching.domain.refusal import BadValue

Criterion = Literal["skills", "goals", "interests", "wish", "style", "department", "site", "level", "hours", "language"]
CRITERIA: tuple[Criterion, ...] = (
    "skills",
    "goals",
    "interests",
    "wish",
    "style",
    "department",
    "site",
    "level",
    "hours",
    "language",
)
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
FULL = 10_000
"""The highest score, and what the scaled weights add up to."""

Likeness = Literal["any", "same", "different"]
"""Whether both have to have the same of something; what is not known of somebody is neither same nor different."""
Direction = Literal["near", "far"]
Objective = Literal["coverage", "total", "fair", "two_sided"]

Weight = Annotated[int, Field(ge=0, le=1_000_000), BeforeValidator(no_bool)]
Levels = Annotated[int, Field(ge=-100, le=100), BeforeValidator(no_bool)]
Points = Annotated[int, Field(ge=0, le=FULL), BeforeValidator(no_bool)]
Days = Annotated[int, Field(ge=0, le=36_500), BeforeValidator(no_bool)]
Hours = Annotated[int, Field(ge=0, le=8), BeforeValidator(no_bool)]
People = Annotated[int, Field(ge=1, le=50), BeforeValidator(no_bool)]

_STRICT = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Weights(BaseModel):
    """Weight of each criterion; only their ratios matter, and a criterion that is not named counts for nothing."""

    model_config = _STRICT

    skills: Weight = 0
    """Skills that the mentee wants and the mentor offers; a broader, narrower or related one counts half."""
    goals: Weight = 0
    """Goals of the mentee that the mentor shares."""
    interests: Weight = 0
    """Interests of the mentee that the mentor shares."""
    wish: Weight = 0
    """How high one stands on the other's list of wishes."""
    style: Weight = 0
    """The style of mentoring and the way of meeting that the mentee prefers."""
    department: Weight = 0
    """The same department, or another one: see department_distance."""
    site: Weight = 0
    """The same site, half for the same country, or elsewhere: see site_distance."""
    level: Weight = 0
    """How near the gap in level is to level_gap_aim."""
    hours: Weight = 0
    """The share of the working day that both have in common."""
    language: Weight = 0
    """A common language."""

    @model_validator(mode="after")
    def _one_counts(self) -> Self:
        if not any(getattr(self, name) for name in CRITERIA):
            raise ValueError("at least one has to be above 0")
        return self

    def scaled(self, total: int = FULL) -> dict[Criterion, int]:
        """Weights that add up to `total` exactly, by the largest remainder; of equal ones the first criterion's."""
        return dict(zip(CRITERIA, _scaled(tuple(getattr(self, name) for name in CRITERIA), total), strict=True))


@lru_cache(maxsize=1024)
def _scaled(given: tuple[int, ...], total: int) -> tuple[int, ...]:
    whole = sum(given)
    floors = [weight * total // whole for weight in given]
    by_remainder = sorted(range(len(given)), key=lambda place: (-(given[place] * total % whole), place))
    for place in by_remainder[: total - sum(floors)]:
        floors[place] += 1
    return tuple(floors)


class Rules(BaseModel):
    """What a programme asks of a pair.

    Never oneself, never one's own reporting line, and block lists hold always. A rule that asks for something of a
    person holds only if it is known of them: who has no hire date has no tenure.
    """

    model_config = _STRICT

    weights: Weights = Weights(**DEFAULT_WEIGHTS)
    objective: Objective = "coverage"
    """coverage: most pairs, then the highest total; total: the highest total; fair: the best worst pair, then the \
total; two_sided: no two people who would both rather have each other."""
    score_min: Points = 0
    """Pairs below this score are left unmatched."""
    load_charge: Points = 0
    """Points that the second mentee of a mentor costs, the third twice as many, and so on: spreads the load."""
    level_gap_min: Levels | None = None
    """Levels of the senior above the junior, at least; the mentor is the senior, in a reverse programme the mentee. \
Among peers the gap has no sign."""
    level_gap_max: Levels | None = None
    """The same, at most."""
    level_gap_aim: Levels | None = None
    """The best gap in level; null: 2, and 0 among peers."""
    shared_hours_min: Hours = 0
    """Hours of a working day (09:00-17:00 local) that both must share."""
    shared_language: bool = False
    """Both must speak one language at least."""
    department: Likeness = "any"
    site: Likeness = "any"
    country: Likeness = "any"
    department_distance: Annotated[Direction, Field(validate_default=True)] = "near"
    """Whether the same department (near) or another one (far) earns the weight of the department."""
    site_distance: Annotated[Direction, Field(validate_default=True)] = "near"
    """near: the same site earns the weight, the same country half of it; far: the other way round."""
    tenure_days_min: Days = 0
    """Days that a mentor, or a peer, must have been employed."""
    training_required: bool = False
    """Whether a mentor, or a peer, must have done the programme's training."""
    exclude_earlier: bool = True
    """Whether two who were partners, or were offered to each other, are kept apart."""
    circle_min: People = 1
    """Group programmes: a circle that cannot have so many mentees is not opened."""
    circle_max: People = 50
    """Group programmes: mentees of one circle at most; the mentor's own capacity may be lower."""
    threes: bool = False
    """Peer programmes: whether an odd pool may have a group of three."""
    cooling_off_days: Days | None = None
    """Peer programmes: earlier partners may meet again after so many days; null: never."""

    @field_validator("load_charge")
    @classmethod
    def _a_charge_is_weighed(cls, value: int, info: ValidationInfo) -> int:
        if value and info.data.get("objective") == "two_sided":
            raise ValueError("means nothing where the objective is two_sided: lists are not weighed against loads")
        return value

    @field_validator("level_gap_max")
    @classmethod
    def _gap_is_a_range(cls, value: int | None, info: ValidationInfo) -> int | None:
        low = info.data.get("level_gap_min")
        if value is not None and low is not None and low > value:
            raise ValueError("must not be below level_gap_min")
        return value

    @field_validator("country")
    @classmethod
    def _site_lies_in_a_country(cls, value: Likeness, info: ValidationInfo) -> Likeness:
        if value == "different" and info.data.get("site") == "same":
            raise ValueError("'different' contradicts the site, which has to be the same")
        return value

    @field_validator("department_distance")
    @classmethod
    def _a_department_can_earn(cls, value: Direction, info: ValidationInfo) -> Direction:
        never = {"near": "different", "far": "same"}[value]
        if info.data.get("department") == never and _weight(info, "department"):
            raise ValueError(
                f"{value!r} earns nothing where the department has to be {never}; change one or the weight"
            )
        return value

    @field_validator("site_distance")
    @classmethod
    def _a_site_can_earn(cls, value: Direction, info: ValidationInfo) -> Direction:
        never = ("country", "different") if value == "near" else ("site", "same")
        if info.data.get(never[0]) == never[1] and _weight(info, "site"):
            raise ValueError(
                f"{value!r} earns nothing where the {never[0]} has to be {never[1]}; change one or the weight"
            )
        return value

    @field_validator("circle_max")
    @classmethod
    def _circle_is_a_range(cls, value: int, info: ValidationInfo) -> int:
        if info.data.get("circle_min", 1) > value:
            raise ValueError("must not be below circle_min")
        return value

    @field_validator("cooling_off_days")
    @classmethod
    def _cooling_off_needs_exclusion(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("exclude_earlier") is False:
            raise ValueError("means nothing where exclude_earlier is false")
        return value

    @property
    def digest(self) -> str:
        """SHA-256 of the rules: the same rules have the same digest."""
        return hashlib.sha256(json.dumps(self.model_dump(), sort_keys=True).encode()).hexdigest()

    def aim(self, programme_format: Format) -> int:
        """The best gap in level."""
        if self.level_gap_aim is not None:
            return self.level_gap_aim
        return 0 if programme_format == "peer" else 2

    def must_suit(self, programme_format: Format) -> None:
        """Refuses what makes no sense in a programme of this format."""
        if programme_format == "peer":
            if self.load_charge:
                raise BadValue("rules.load_charge", "Among peers nobody bears a load: everybody has one partner.")
            if self.threes and self.objective == "fair":
                raise BadValue("rules.threes", "The fairest pairs are looked for without threes.")
            if self.level_gap_max is not None and self.level_gap_max < 0:
                raise BadValue("rules.level_gap_max", "Among peers the gap has no sign: it is never below 0.")
            if self.objective == "two_sided":
                raise BadValue("rules.objective", "Peers have one side only; two_sided needs two.")
        if programme_format == "group" and self.circle_min > 1:
            if self.load_charge:
                raise BadValue("rules.load_charge", "Circles with a minimum size are to be filled, not kept small.")
            if self.objective == "two_sided":
                raise BadValue("rules.objective", "Lists of both sides know no minimum size; set circle_min to 1.")


def rules_of(given: Mapping[str, Any]) -> Rules:
    """Rules from JSON; the first thing that makes no sense is named, such as `rules.weights.skills`."""
    try:
        return Rules.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, ("rules", *first["loc"])))
        unknown = first["type"] == "extra_forbidden"
        said = "there is no such rule" if unknown else first["msg"].removeprefix("Value error, ")
        raise BadValue(field, said) from error


def _weight(info: ValidationInfo, criterion: Criterion) -> int:
    weights = info.data.get("weights")
    return getattr(weights, criterion) if isinstance(weights, Weights) else 0
