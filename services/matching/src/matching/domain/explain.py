"""Why somebody has nobody, what would change it, and which further mentors would help most."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.domain.encoding import encode
from matching.domain.engine.scoring import score_row
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.scoring import HardRule, broken_rules, level_gap, score, shared_minutes

_FOR_GOOD = frozenset({"self", "reporting_line", "block", "forbidden", "earlier"})
"""Rules that are about these two people: nobody should relax them for a match."""
_KINDS = 400
"""Kinds of mentors that are tried, at most."""
_LEVELS_AIM = 2


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One change that would give somebody candidates."""

    rule: str
    """The hard rule that alone stands in the way, or `capacity`: one more place of a mentor."""
    value: int | str | None
    """What the rule would have to be for the nearest candidate; for `capacity` the mentor's employee id."""
    candidates: int
    """How many candidates the rule alone keeps away, or how many suitable mentors are full."""
    best_score: int
    """The score of the best of them."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Why somebody has nobody."""

    reason: str
    """`no_candidates`, `below_floor` or `all_full`."""
    broken: dict[str, int]
    """How many of the others each hard rule keeps away; one pair may break several."""
    relaxations: tuple[Relaxation, ...]
    """Changes of one rule alone, the one with the most candidates first; empty if no single one helps."""


def why_unmatched(problem: Problem, person: Profile) -> Unmatched:
    """The reasons of a mentee, or a peer, whom nobody was found for.

    Takes about 20 microseconds for each of the problem's columns.
    """
    broken: Counter[str] = Counter()
    alone: dict[HardRule, list[Profile]] = defaultdict(list)
    suitable = []
    for other in problem.columns:
        rules = [rule for rule in broken_rules(problem, person, other) if rule != "self"]
        if other.employee_id == person.employee_id:
            continue
        broken.update(rules)
        if not rules:
            suitable.append(other)
        elif len(rules) == 1 and rules[0] not in _FOR_GOOD:
            alone[rules[0]].append(other)
    found = [_relaxed(problem, person, rule, others) for rule, others in alone.items()]
    found.sort(key=lambda change: (-change.candidates, change.rule))
    if suitable:
        best = max(suitable, key=lambda other: (_score(problem, person, other), other.employee_id))
        found.insert(0, Relaxation("capacity", best.employee_id, len(suitable), _score(problem, person, best)))
    reason = "all_full" if suitable else "below_floor" if "score_min" in alone else "no_candidates"
    return Unmatched(reason, dict(broken.most_common()), tuple(found))


def _score(problem: Problem, person: Profile, other: Profile) -> int:
    return score(person, other, problem.rules, problem.format, problem.taxonomy)


def _relaxed(problem: Problem, person: Profile, rule: HardRule, others: Sequence[Profile]) -> Relaxation:
    best = max(_score(problem, person, other) for other in others)
    return Relaxation(rule, _nearest(problem, person, rule, others), len(others), best)


def _nearest(problem: Problem, person: Profile, rule: HardRule, others: Sequence[Profile]) -> int | str | None:
    """What the rule would have to say for the first of the others to pass."""
    gaps = [level_gap(person.level, other.level, problem.format) for other in others]
    if rule in {"department", "site", "country"}:
        return "any"
    if rule == "shared_hours_min":
        return max(shared_minutes(person.offset_minutes, other.offset_minutes) for other in others) // 60
    nearest = {
        "level_gap_min": max(gaps),
        "level_gap_max": min(gaps),
        "score_min": max(_score(problem, person, other) for other in others),
        "tenure_days_min": max(min(_tenures(problem, person, other)) for other in others),
    }
    return nearest.get(rule)


def _tenures(problem: Problem, person: Profile, other: Profile) -> list[int]:
    judged = (person, other) if problem.format == "peer" else (other,)
    return [who.tenure_days or 0 for who in judged]


@dataclass(frozen=True, slots=True)
class Extra:
    """A kind of mentor whom the programme lacks."""

    skill: str
    offset_minutes: int
    """UTC offset of the region."""
    level: int
    language: str
    mentors: int
    """How many of this kind."""
    would_match: int
    """How many of those without anybody they could take, after the kinds before this one."""
    mean_score: int


def missing_mentors(problem: Problem, alone: Sequence[Profile], *, most: int = 5) -> list[Extra]:
    """The further mentors who would match most of those who are alone: the kinds that help most, in that order.

    Each kind offers one skill that somebody alone wants, in that person's region and language, at the level the
    programme aims at; it has as many places as mentors have in the middle. Chosen one mentor after the other by how
    many they could take (greedy cover: Nemhauser, Wolsey & Fisher 1978, at least 63 % of the best choice).
    """
    kinds = _kinds(problem, alone)
    if not kinds:
        return []
    places = int(np.median([mentor.capacity for mentor in problem.columns])) if problem.columns else 1
    extra = tuple(replace(kind, employee_id=f"+{number}", capacity=1) for number, kind in enumerate(kinds))
    mentees = tuple(replace(person, capacity=1) for person in alone)
    asked = replace(
        problem, mentees=mentees, mentors=extra, format="reverse" if problem.format == "reverse" else "one_on_one"
    )
    asked = replace(asked, pins=frozenset(), forbids=frozenset(), current=frozenset(), moves=None)
    encoded = encode(asked)
    scores = np.stack([score_row(encoded.market, row) for row in range(encoded.market.rows)]).astype(np.int64)
    chosen: dict[int, list[int]] = {}
    while len(chosen) < most:
        column, taken = _most_helpful(scores, max(1, places))
        if not len(taken):
            break
        chosen.setdefault(column, []).extend([*scores[taken, column].tolist(), -1])
        scores[taken] = -1
    order = encoded.column_order
    return [_extra(kinds[int(order[column])], found) for column, found in chosen.items()]


def _most_helpful(scores: np.ndarray[tuple[int, int], np.dtype[np.int64]], places: int) -> tuple[int, np.ndarray]:
    """The column that could take most rows, by their number and then their scores; and the rows it takes."""
    allowed = np.minimum((scores >= 0).sum(axis=0), places)
    column = int(np.argmax(allowed * 10_001 + np.maximum(scores, 0).max(axis=0, initial=0)))
    best = np.argsort(-scores[:, column], kind="stable")[:places]
    return column, best[scores[best, column] >= 0]


def _extra(kind: Profile, found: Sequence[int]) -> Extra:
    """`found` holds the scores of those whom mentors of this kind take, -1 after each mentor's last."""
    taken = [points for points in found if points >= 0]
    return Extra(
        skill=min(kind.skills_offered, default=""),
        offset_minutes=kind.offset_minutes,
        level=kind.level,
        language=min(kind.languages, default=""),
        mentors=len(found) - len(taken),
        would_match=len(taken),
        mean_score=sum(taken) // len(taken),
    )


def _kinds(problem: Problem, alone: Sequence[Profile]) -> list[Profile]:
    """Mentors who could be for those who are alone: the kinds that most of them ask for."""
    asked: Counter[Profile] = Counter()
    for person in alone:
        for skill in sorted(person.skills_wanted) or [""]:
            asked[_kind(problem, person, skill)] += 1
    return [kind for kind, _ in sorted(asked.items(), key=lambda item: (-item[1], str(item[0])))[:_KINDS]]


def _kind(problem: Problem, person: Profile, skill: str) -> Profile:
    rules = problem.rules
    low, high = rules.level_gap_min, rules.level_gap_max
    gap = _LEVELS_AIM if rules.level_gap_aim is None else rules.level_gap_aim
    gap = max(gap, low) if low is not None else gap
    gap = min(gap, high) if high is not None else gap

    def like(asked: str, own: str) -> str:
        return own if asked == "same" else "elsewhere" if asked == "different" else ""

    return Profile(
        employee_id="",
        level=person.level - gap if problem.format == "reverse" else person.level + gap,
        offset_minutes=person.offset_minutes,
        languages=frozenset(sorted(person.languages)[:1]),
        skills_offered=frozenset({skill} if skill else ()),
        goals=person.goals if len(person.goals) == 1 else frozenset(),
        department=like(rules.department, person.department),
        site=like(rules.site, person.site),
        country=like(rules.country, person.country),
        tenure_days=36_500,
        trained=True,
    )
