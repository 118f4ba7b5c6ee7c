"""People and rules drawn at random, few and much alike, so that every kind of coincidence happens."""

from random import Random
from typing import Any, get_args

from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.matching import Format
from matching.domain.people import MEETINGS, Profile
from matching.domain.problems import Problem
from matching.domain.rules import CRITERIA, Rules
from matching.domain.skill_tables import read_taxonomy

FORMATS: tuple[Format, ...] = get_args(Format)
TAXONOMY = read_taxonomy(
    ["code,label,synonyms,broader,related\n", "s,a,A1|A2,,\n", "t,b,,s,\n", "u,c,,s,t\n", "v,d,D1,,u\n"]
)
NAMES = [f"E{number}" for number in range(8)]
_SKILLS = ("a", "a1", "a 2", "b", "c", "d", "d1", "e", "f")
_PLACES = (("", ""), ("berlin", ""), ("berlin, de", "de"), ("bonn, de", "de"), ("paris, fr", "fr"), ("", "fr"))
_CHOICES: dict[str, tuple[Any, ...]] = {
    "score_min": (0, 0, 0, 1, 3000, 6000),
    "level_gap_min": (None, None, -2, 0, 1),
    "level_gap_max": (None, None, 1, 5),
    "level_gap_aim": (None, -1, 0, 4),
    "shared_hours_min": (0, 0, 1, 6),
    "shared_language": (False, False, True),
    "department": ("any", "any", "same", "different"),
    "site": ("any", "any", "same", "different"),
    "country": ("any", "any", "same", "different"),
    "department_distance": ("near", "far"),
    "site_distance": ("near", "far"),
    "tenure_days_min": (0, 0, 200),
    "training_required": (False, False, True),
    "exclude_earlier": (False, True),
    "circle_max": (2, 50),
}
"""What rules may be, the harmless more often than the strict, so that some pairs are left."""


def person(dice: Random, name: str) -> Profile:
    """Somebody."""
    others = [other for other in NAMES if other != name]
    site, country = dice.choice(_PLACES)
    enter = dice.randint(0, 30)
    line = dice.choice([(0, 0), (enter, enter + dice.randint(1, 4))])
    return Profile(
        employee_id=name,
        level=dice.randint(0, 9),
        offset_minutes=dice.choice([-720, -480, -60, 0, 60, 330, 345, 600, 840]),
        languages=_some(dice, "xyz", 2),
        interests=_some(dice, "abcdefgh", 5),
        skills_wanted=_some(dice, _SKILLS, 6),
        skills_offered=_some(dice, _SKILLS, 6),
        goals=_some(dice, "abcdefgh", 5),
        wishes=tuple(dice.sample(others, dice.randint(0, 5))),
        blocks=_some(dice, others, 1),
        capacity=dice.randint(0, 3),
        line=line,
        department=dice.choice(["", "it", "hr"]),
        site=site,
        country=country,
        tenure_days=dice.choice([None, 0, 300, 400]),
        trained=dice.random() < 0.7,
        style=dice.choice(["", "coaching", "advising"]),
        meeting=dice.choice(["", *MEETINGS]),
        earlier=_some(dice, others, 1),
    )


def rule_set(dice: Random) -> Rules:
    """Rules that do not contradict themselves."""
    weights = {name: dice.choice([0, 1, dice.randint(0, 10_000)]) for name in CRITERIA} | {"skills": 1}
    while True:
        # Few rules at a time: with all of them at once nobody may meet anybody.
        named = dice.sample(list(_CHOICES), dice.randint(0, 6))
        try:
            return Rules.model_validate({"weights": weights} | {name: dice.choice(_CHOICES[name]) for name in named})
        except ValidationError:
            continue


def problem(seed: int, programme_format: Format) -> Problem:
    """Up to eight people, some of them on both sides, and rules for them."""
    dice = Random(seed)
    people = tuple(person(dice, name) for name in dice.sample(NAMES, dice.randint(0, len(NAMES))))
    split = dice.randint(0, len(people))
    twice = dice.randint(0, len(people) - split)
    peers = programme_format == "peer"
    return Problem(
        programme_format,
        rule_set(dice),
        people if peers else people[: split + twice],
        () if peers else people[split:],
        earlier=_pairs(dice),
        forbids=_pairs(dice),
        taxonomy=TAXONOMY,
    )


def problems(*formats: Format) -> st.SearchStrategy[Problem]:
    """Problems of these formats, or of any; drawn from a seed, which is much quicker than drawing each part."""
    return st.builds(problem, st.integers(0, 2**32), st.sampled_from(formats or FORMATS))


def _some(dice: Random, words: Any, most: int) -> frozenset[str]:
    return frozenset(dice.sample(list(words), dice.randint(0, most)))


def _pairs(dice: Random) -> frozenset[tuple[str, str]]:
    return frozenset((dice.choice(NAMES), dice.choice(NAMES)) for _ in range(dice.randint(0, 3)))
