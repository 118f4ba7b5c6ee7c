"""What a run's outcome means for people: how scores and load are spread, who is reached, and who would rather swap.

Figures only, never a person: groups of fewer than five people are shown together, so that nobody can be told apart.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.domain.encoding import Encoded, encode
from matching.domain.engine.comparison import compare
from matching.domain.engine.market import FULL
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.solutions import Solution

SMALL = 5
"""A group of fewer people is not shown by itself."""
GROUPINGS = ("department", "site", "level")
Numbers = npt.NDArray[np.int64]

_NOBODY = -1


def fairness(
    problem: Problem, solution: Solution, enrolment: Sequence[int], encoded: Encoded | None = None
) -> dict[str, Any]:
    """The fairness report of a run; `enrolment` says of each mentee how many enrolled before."""
    mate, score = _mates(problem, solution)
    return {
        "scores": spread(np.array([pair.score for pair in solution.pairs], dtype=np.int64)),
        "load": load(_loads(problem, mate)),
        "coverage": {name: coverage(problem.mentees, mate != _NOBODY, name) for name in GROUPINGS},
        **_compared(problem, mate, score, enrolment, encode(problem) if encoded is None else encoded),
    }


def spread(scores: Numbers) -> dict[str, Any]:
    """How scores 0..10000 are spread: deciles from the lowest to the highest, and pairs by each thousand."""
    if not len(scores):
        return {"worst": 0, "mean": 0, "deciles": [], "histogram": [0] * 10}
    counts, _ = np.histogram(scores, bins=10, range=(0, 10_000))
    deciles = np.percentile(scores, range(0, 101, 10), method="lower")
    return {
        "worst": int(scores.min()),
        "mean": int(scores.mean()),
        "deciles": [int(value) for value in deciles],
        "histogram": [int(count) for count in counts],
    }


def load(loads: Numbers) -> dict[str, Any]:
    """How many partners each of those who could have some has; the Gini coefficient is 0 when all have as many."""
    by_load = Counter(loads.tolist())
    return {
        "gini": gini(loads),
        "max": int(loads.max(initial=0)),
        "mean": round(float(loads.mean()), 3) if len(loads) else 0.0,
        "people_by_load": {str(many): by_load[many] for many in sorted(by_load)},
    }


def gini(values: Numbers) -> float:
    """The Gini coefficient of numbers of 0 or more: 0 all the same, near 1 one has everything."""
    total = int(values.sum())
    if not total:
        return 0.0
    ordered = np.sort(values)
    ranks = np.arange(1, len(ordered) + 1)
    return round(float(2 * (ranks * ordered).sum() / (len(ordered) * total) - (len(ordered) + 1) / len(ordered)), 4)


def coverage(people: Sequence[Profile], matched: npt.NDArray[np.bool_], grouping: str) -> list[dict[str, Any]]:
    """How many of each group found somebody; small groups stand together, with the next one if need be."""
    sizes: dict[str | None, list[int]] = defaultdict(lambda: [0, 0])
    for profile, found in zip(people, matched.tolist(), strict=True):
        value = getattr(profile, grouping, None)
        count = sizes[None if value in {None, ""} else str(value)]
        count[0] += 1
        count[1] += found
    return [
        {"group": name, "people": size, "matched": found, "share": round(found / size, 4)}
        for name, size, found in shown_groups(sizes)
    ]


def shown_groups(sizes: Mapping[str | None, Sequence[int]]) -> list[tuple[str, int, int]]:
    """(group, people, matched), in which the small ones are one group `others`; nothing if even they are too few."""
    large = {name: (count[0], count[1]) for name, count in sizes.items() if name is not None and count[0] >= SMALL}
    hidden = [(count[0], count[1]) for name, count in sizes.items() if name not in large]
    # What is hidden could be told from the total: it has to be many people too.
    while hidden and sum(size for size, _ in hidden) < SMALL and large:
        hidden.append(large.pop(min(large, key=lambda name: (large[name], name))))
    shown = [(name, *large[name]) for name in sorted(large)]
    people = sum(size for size, _ in hidden)
    if people >= SMALL:
        shown.append(("others", people, sum(found for _, found in hidden)))
    return shown


def _mates(problem: Problem, solution: Solution) -> tuple[Numbers, Numbers]:
    """The column of each row, or -1, and the score of that pair, or -1."""
    place = {profile.employee_id: number for number, profile in enumerate(problem.mentees)}
    column = {profile.employee_id: number for number, profile in enumerate(problem.columns)}
    mate = np.full(len(problem.mentees), _NOBODY, dtype=np.int64)
    score = np.full(len(problem.mentees), _NOBODY, dtype=np.int64)
    for pair in solution.pairs:
        ways = [(pair.mentee, pair.mentor)]
        if problem.format == "peer":
            ways.append((pair.mentor, pair.mentee))
        for one, other in ways:
            if score[place[one]] < pair.score:
                mate[place[one]], score[place[one]] = column[other], pair.score
    return mate, score


def _loads(problem: Problem, mate: Numbers) -> Numbers:
    return np.bincount(mate[mate != _NOBODY], minlength=len(problem.columns)).astype(np.int64)


def _compared(
    problem: Problem, mate: Numbers, score: Numbers, enrolment: Sequence[int], encoded: Encoded
) -> dict[str, dict[str, Any] | int]:
    """Pairs who would both rather have each other, and what first come, first served would have given."""
    peers = problem.format == "peer"
    capacity = np.array([profile.capacity for profile in problem.columns], dtype=np.int64)[encoded.column_order]
    free = np.minimum(capacity, 1) if peers else capacity.copy()
    had = free.copy()
    place = np.empty(len(encoded.row_order), np.int32)
    place[encoded.row_order] = np.arange(len(place), dtype=np.int32)
    order = place[np.argsort(np.asarray(enrolment, dtype=np.int64), kind="stable")]
    asked = _thresholds(problem, mate, score)[encoded.column_order]
    blocking, served = compare(encoded.market, order, score[encoded.row_order], asked, free, peers=peers)
    queue = {
        "pairs": len(served),
        "total_score": int(served.sum()),
        "worst_score": int(served.min(initial=FULL)) if len(served) else 0,
        "gini": gini(had - free),
    }
    return {"blocking_pairs": blocking // 2 if peers else blocking, "first_come_first_served": queue}


def _thresholds(problem: Problem, mate: Numbers, score: Numbers) -> Numbers:
    """What a pair has to score at each column to be better than what it has; free places take anything."""
    if problem.format == "peer":
        return score
    capacity = np.array([profile.capacity for profile in problem.columns], dtype=np.int64)
    worst = np.full(len(capacity), np.iinfo(np.int64).max)
    matched = mate != _NOBODY
    np.minimum.at(worst, mate[matched], score[matched])
    worst[(_loads(problem, mate) < capacity)] = _NOBODY
    return worst
