"""The people of a made-up company, from the chief executive down, made one at a time in constant memory.

Each department is a tree in which the reports of the n-th person stand at fixed places, so that managers
are known without keeping anybody.
"""

import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import accumulate

from contracts.hr import EmployeeHired
from mentorship.company.words import (
    DEPARTMENTS,
    FURTHER_LANGUAGES,
    GENERAL_SKILLS,
    INTERESTS,
    NAMES,
    RANKS,
    SITES,
    Department,
    Site,
)

SMALLEST, LARGEST = 50, 100_000

_TODAY = date(2026, 1, 1)  # a fixed day, so that a seed gives the same company whenever it is asked for
_FOUNDED = date(2009, 3, 2)
_ZIPF = 1.05


@dataclass(frozen=True)
class _Place:
    """Where in the organisation somebody stands."""

    number: int
    manager: int | None
    department: Department | None
    height: int
    """Levels of people below; 0 for somebody without reports."""


def people(size: int, seed: int) -> Iterator[EmployeeHired]:
    """`size` employees whose managers come before them; `version` is 0, to be stamped by who publishes them."""
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"a company has {SMALLEST} to {LARGEST} people")
    dice = random.Random(seed)  # noqa: S311  repeatable on purpose
    for place in _organisation(size):
        yield _person(place, dice)


def _organisation(size: int) -> Iterator[_Place]:
    yield _Place(1, None, None, 9)
    start = 2
    for department, count in zip(DEPARTMENTS, _headcounts(size - 1), strict=True):
        for position in range(count):
            manager = start + (position - 1) // department.span if position else 1
            yield _Place(start + position, manager, department, _height(position, count, department.span))
        start += count


def _headcounts(people: int) -> list[int]:
    """People per department: whole numbers that add up, none empty."""
    shares = [department.share for department in DEPARTMENTS]
    ends = [round(people * end / sum(shares)) for end in accumulate(shares)]
    return [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _height(position: int, count: int, span: int) -> int:
    height = 0
    while (position := position * span + 1) < count:
        height += 1
    return height


def _person(place: _Place, dice: random.Random) -> EmployeeHired:
    site = dice.choices(SITES, _weights_of_sites())[0]
    given, family = _name(site, dice)
    level = _level(place, dice)
    return EmployeeHired(
        employee_id=_id(place.number),
        version=0,
        display_name=f"{given} {family}",
        email=_address(given, family, place.number),
        manager_id=None if place.manager is None else _id(place.manager),
        department=place.department.name if place.department else "Executive",
        job_title=_title(place, level, dice),
        level=level,
        location=site.city,
        timezone=site.timezone,
        languages=_languages(site, dice),
        skills=_skills(place.department, level, dice),
        interests=tuple(_popular(INTERESTS, dice.randint(0, 3), dice)),
        hired_on=_hired_on(place.number, level, dice),
    )


def _id(number: int) -> str:
    return f"E{number:06d}"


def _name(site: Site, dice: random.Random) -> tuple[str, str]:
    local = NAMES[site.names] if dice.random() < 0.72 else NAMES[dice.choice(tuple(NAMES))]
    family_from = local if dice.random() < 0.9 else NAMES[dice.choice(tuple(NAMES))]
    return dice.choice(local[0]), dice.choice(family_from[1])


def _address(given: str, family: str, number: int) -> str:
    # The number keeps addresses apart without remembering those given so far.
    return f"{_plain(given)}.{_plain(family)}.{number}@lumen.example"


@cache
def _plain(name: str) -> str:
    folded = (
        unicodedata.normalize("NFKD", name.replace("ß", "ss").translate(str.maketrans("łŁıø", "lLio")))
        .encode("ascii", "ignore")
        .decode()
        .lower()
    )
    return "".join(letter for letter in folded if letter.isalnum())


def _level(place: _Place, dice: random.Random) -> int:
    if place.department is None:
        return 12
    if place.height:
        return min(11, 6 + place.height)
    return dice.choices(range(1, 7), (18, 30, 24, 17, 8, 3))[0]


def _title(place: _Place, level: int, dice: random.Random) -> str:
    if place.department is None:
        return "Chief Executive Officer"
    if place.manager == 1:
        return f"Head of {place.department.name}"
    if place.height:
        return f"{'Director' if place.height > 1 else 'Manager'}, {place.department.name}"
    profession = dice.choices(place.department.professions, _zipf(len(place.department.professions)))[0]
    return f"{RANKS[level - 1]}{profession}"


def _languages(site: Site, dice: random.Random) -> tuple[str, ...]:
    spoken = [language for language in site.languages if language == "en" or dice.random() < 0.8]
    if dice.random() < 0.35:
        spoken += _popular(FURTHER_LANGUAGES, 1, dice)
    return tuple(dict.fromkeys(spoken or site.languages))


def _skills(department: Department | None, level: int, dice: random.Random) -> tuple[str, ...]:
    own = department.skills if department else GENERAL_SKILLS
    deep = _popular(own, dice.randint(2, 4) + level // 3, dice)
    broad = _popular(GENERAL_SKILLS, dice.randint(1, 2) + level // 4, dice)
    return tuple(dict.fromkeys(deep + broad))


def _popular(words: Sequence[str], count: int, dice: random.Random) -> list[str]:
    """Draw with Zipf popularity, each word once; fewer than `count` where draws fall on the same word."""
    return list(dict.fromkeys(dice.choices(words, _zipf(len(words)), k=count)))


def _hired_on(number: int, level: int, dice: random.Random) -> date:
    if number == 1:
        return _FOUNDED
    # Most joined in the last few years; the higher the level, the longer ago.
    days = int(dice.expovariate(1 / (500 + 160 * level)))
    return max(_FOUNDED, _TODAY - timedelta(days=days))


@cache
def _zipf(count: int) -> tuple[float, ...]:
    return tuple(1 / rank**_ZIPF for rank in range(1, count + 1))


@cache
def _weights_of_sites() -> tuple[int, ...]:
    return tuple(site.share for site in SITES)
