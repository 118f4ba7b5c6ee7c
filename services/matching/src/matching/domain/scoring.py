"""How well one pair fits and which rule stands in its way: the definition, one pair at a time.

The engine reaches the same numbers from arrays; this is what they have to be. Scores are integers 0..10000, whose
contributions by criterion add up to them exactly.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from contracts.matching import Format
from matching.domain.people import OUTSIDE, Profile
from matching.domain.problems import Problem
from matching.domain.rules import CRITERIA, DAY_MINUTES, FULL, WORKDAY_MINUTES, Criterion, Likeness, Rules
from matching.domain.skills import APART, EQUAL, NEAR, NO_TAXONOMY, Taxonomy

LEVEL_SPAN = 6
"""Levels away from the aim at which the level counts for nothing."""
WISH_RANKS = 10
"""A first wish counts so many tenths, a second one less, ..."""

HardRule = Literal[
    "self",
    "reporting_line",
    "block",
    "earlier",
    "forbidden",
    "shared_hours_min",
    "shared_language",
    "level_gap_min",
    "level_gap_max",
    "department",
    "site",
    "country",
    "tenure_days_min",
    "training_required",
    "score_min",
]


def share(weight: int, number: int, of: int) -> int:
    """Points of part `number` (from 0) of a weight that is split among `of`: they add up to the weight exactly."""
    return weight * (number + 1) // of - weight * number // of


def contributions(
    mentee: Profile, mentor: Profile, rules: Rules, programme_format: Format, taxonomy: Taxonomy = NO_TAXONOMY
) -> dict[Criterion, int]:
    """What each criterion gives a pair. Between peers both directions count half: it is the same from either end."""
    if programme_format != "peer":
        return _one_way(mentee, mentor, rules, programme_format, taxonomy)
    there = _one_way(mentee, mentor, rules, programme_format, taxonomy)
    back = _one_way(mentor, mentee, rules, programme_format, taxonomy)
    return {name: there[name] + back[name] for name in CRITERIA}


def score(
    mentee: Profile, mentor: Profile, rules: Rules, programme_format: Format, taxonomy: Taxonomy = NO_TAXONOMY
) -> int:
    """The sum of a pair's contributions: 0..10000."""
    return sum(contributions(mentee, mentor, rules, programme_format, taxonomy).values())


def skill_points(
    mentee: Profile, mentor: Profile, rules: Rules, programme_format: Format, taxonomy: Taxonomy = NO_TAXONOMY
) -> dict[str, int]:
    """What each skill that the mentee wants gives the pair, by key: the mentee's part of the criterion `skills`."""
    return _skills(_weights(rules, programme_format)["skills"], mentee, mentor, taxonomy)


def forbidden_by(problem: Problem, mentee: Profile, mentor: Profile) -> HardRule | None:
    """The first hard rule that keeps a pair apart, if any does."""
    return next(broken_rules(problem, mentee, mentor), None)


def broken_rules(problem: Problem, mentee: Profile, mentor: Profile) -> Iterator[HardRule]:
    """All hard rules that keep a pair apart."""
    rules = problem.rules
    names = mentee.employee_id, mentor.employee_id
    if names[0] == names[1]:
        yield "self"
    if _nested(mentee.line, mentor.line):
        yield "reporting_line"
    if names[1] in mentee.blocks or names[0] in mentor.blocks:
        yield "block"
    if rules.exclude_earlier and _were_partners(problem, mentee, mentor):
        yield "earlier"
    if problem.stands_in(problem.forbids, *names):
        yield "forbidden"
    yield from _broken_between(mentee, mentor, rules, problem.format)
    judged = (mentee, mentor) if problem.format == "peer" else (mentor,)
    if rules.tenure_days_min and any((who.tenure_days or 0) < rules.tenure_days_min for who in judged):
        yield "tenure_days_min"
    if rules.training_required and not all(who.trained for who in judged):
        yield "training_required"
    if score(mentee, mentor, rules, problem.format, problem.taxonomy) < rules.score_min:
        yield "score_min"


def shared_minutes(one: int, other: int) -> int:
    """Minutes of the working day that two UTC offsets (minutes) share: 0..480."""
    apart = abs(one - other) % DAY_MINUTES
    return max(0, WORKDAY_MINUTES - min(apart, DAY_MINUTES - apart))


def level_gap(mentee: int, mentor: int, programme_format: Format) -> int:
    """Levels of the senior above the junior; in a reverse programme the mentee is the senior, peers have no sign."""
    if programme_format == "peer":
        return abs(mentor - mentee)
    return mentee - mentor if programme_format == "reverse" else mentor - mentee


def _broken_between(mentee: Profile, mentor: Profile, rules: Rules, programme_format: Format) -> Iterator[HardRule]:
    if shared_minutes(mentee.offset_minutes, mentor.offset_minutes) < rules.shared_hours_min * 60:
        yield "shared_hours_min"
    if rules.shared_language and not mentee.languages & mentor.languages:
        yield "shared_language"
    gap = level_gap(mentee.level, mentor.level, programme_format)
    if rules.level_gap_min is not None and gap < rules.level_gap_min:
        yield "level_gap_min"
    if rules.level_gap_max is not None and gap > rules.level_gap_max:
        yield "level_gap_max"
    if not _is_like(mentee.department, mentor.department, rules.department):
        yield "department"
    if not _is_like(mentee.site, mentor.site, rules.site):
        yield "site"
    if not _is_like(mentee.country, mentor.country, rules.country):
        yield "country"


def _weights(rules: Rules, programme_format: Format) -> dict[Criterion, int]:
    """What each criterion can give at most in one direction."""
    return rules.weights.scaled(FULL // 2 if programme_format == "peer" else FULL)


def _one_way(
    mentee: Profile, mentor: Profile, rules: Rules, programme_format: Format, taxonomy: Taxonomy
) -> dict[Criterion, int]:
    weight = _weights(rules, programme_format)
    gap = level_gap(mentee.level, mentor.level, programme_format)
    near_aim = max(0, LEVEL_SPAN - abs(gap - rules.aim(programme_format)))
    minutes = shared_minutes(mentee.offset_minutes, mentor.offset_minutes)
    return {
        "skills": sum(_skills(weight["skills"], mentee, mentor, taxonomy).values()),
        "goals": _words_met(weight["goals"], mentee.goals, mentor.goals),
        "interests": _words_met(weight["interests"], mentee.interests, mentor.interests),
        "wish": weight["wish"] * _wish(mentee, mentor, programme_format) // WISH_RANKS,
        "style": _style(weight["style"], mentee, mentor),
        "department": weight["department"] * _department_quarters(mentee, mentor, rules) // EQUAL,
        "site": weight["site"] * _site_quarters(mentee, mentor, rules) // EQUAL,
        "level": weight["level"] * near_aim // LEVEL_SPAN,
        "hours": weight["hours"] * minutes // WORKDAY_MINUTES,
        "language": weight["language"] if mentee.languages & mentor.languages else 0,
    }


def _skills(weight: int, mentee: Profile, mentor: Profile, taxonomy: Taxonomy) -> dict[str, int]:
    wanted, offered = taxonomy.keys(mentee.skills_wanted), taxonomy.keys(mentor.skills_offered)
    return {
        key: share(weight, number, len(wanted)) * taxonomy.quarters(key, offered) // EQUAL
        for number, key in enumerate(wanted)
    }


def _words_met(weight: int, wanted: Iterable[str], given: frozenset[str]) -> int:
    """Who wants nothing gains nothing from anybody."""
    listed = sorted(wanted)
    return sum(share(weight, number, len(listed)) for number, word in enumerate(listed) if word in given)


def _wish(mentee: Profile, mentor: Profile, programme_format: Format) -> int:
    """Tenths: 10 for a first wish down to 1 for a tenth. A peer's own wish; otherwise the dearer of both sides'."""
    own = _rank(mentee.wishes, mentor.employee_id)
    return own if programme_format == "peer" else max(own, _rank(mentor.wishes, mentee.employee_id))


def _rank(wishes: tuple[str, ...], name: str) -> int:
    return max(0, WISH_RANKS - wishes.index(name)) if name in wishes else 0


def _style(weight: int, mentee: Profile, mentor: Profile) -> int:
    """What the mentee prefers: half met by somebody who has said nothing, and any way of meeting by "either"."""
    mine = "" if mentee.meeting == "either" else mentee.meeting
    theirs = mine if mentor.meeting == "either" else mentor.meeting
    said = [(asked, given) for asked, given in ((mentee.style, mentor.style), (mine, theirs)) if asked]
    points = 0
    for number, (asked, given) in enumerate(said):
        quarters = NEAR if not given else EQUAL if given == asked else APART
        points += share(weight, number, len(said)) * quarters // EQUAL
    return points


def _department_quarters(mentee: Profile, mentor: Profile, rules: Rules) -> int:
    wanted: Likeness = "same" if rules.department_distance == "near" else "different"
    return EQUAL if _is_like(mentee.department, mentor.department, wanted) else APART


def _site_quarters(mentee: Profile, mentor: Profile, rules: Rules) -> int:
    if rules.site_distance == "near":
        fully, half = _is_like(mentee.site, mentor.site, "same"), _is_like(mentee.country, mentor.country, "same")
    else:
        fully = _is_like(mentee.country, mentor.country, "different")
        half = _is_like(mentee.site, mentor.site, "different")
    return EQUAL if fully else NEAR if half else APART


def _is_like(one: str, other: str, asked: Likeness) -> bool:
    """What is not known of somebody is neither the same nor different."""
    return asked == "any" or (bool(one and other) and (one == other) == (asked == "same"))


def _nested(one: tuple[int, int], other: tuple[int, int]) -> bool:
    if OUTSIDE in {one, other}:
        return False
    return one[0] <= other[0] < one[1] or other[0] <= one[0] < other[1]


def _were_partners(problem: Problem, mentee: Profile, mentor: Profile) -> bool:
    names = mentee.employee_id, mentor.employee_id
    return names[1] in mentee.earlier or names[0] in mentor.earlier or problem.stands_in(problem.earlier, *names)
