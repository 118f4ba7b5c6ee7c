"""A run: from a pool of people to pairs, what proves them, the reasons of those without one, and a report."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.domain.encoding import Encoded, Shares, encode, some_rows
from matching.domain.engine.assignment import Progress, Stop
from matching.domain.engine.market import FULL
from matching.domain.engine.scoring import best
from matching.domain.matchings import Matching, match
from matching.domain.people import Profile
from matching.domain.problems import Names, Problem
from matching.domain.refusal import BadValue
from matching.domain.scoring import contributions, forbidden_by
from matching.domain.solutions import ENGINE, Certificate, Pair, Reason, Solution
from matching.domain.undecided import short_circles, undecided


def solve(problem: Problem, progress: Progress = lambda _: None, stop: Stop = lambda: False) -> Solution:
    """What `solve_encoded` finds."""
    return solve_encoded(problem, progress, stop)[0]


def solve_encoded(
    problem: Problem, progress: Progress = lambda _: None, stop: Stop = lambda: False
) -> tuple[Solution, Encoded | None]:
    """Score, apply the rules, match, explain; `progress` hears percentages as it goes.

    When `stop` says so, what there is by then is the answer, with an honest gap. With the solution comes the market of
    the whole problem, unless some people were settled beforehand.
    """
    problem.must_make_sense()
    pinned = tuple(_pinned(problem))
    rest = undecided(problem)
    encoded = encode(rest)
    _must_be_full(rest, encoded)
    progress(10)
    found = match(rest, encoded, stop, _rising(progress))
    progress(80)
    pairs = tuple(sorted((*pinned, *_explained(rest, encoded, found)), key=_by_names))
    progress(90)
    unmatched = _reasons(problem, rest, encoded, found)
    certificate = _certificate(problem, rest, encoded, found, pinned)
    total = found.total + sum(pair.score for pair in pinned)
    people = len({profile.employee_id for profile in (*problem.mentees, *problem.columns)})
    solution = Solution(
        pairs=pairs,
        unmatched=unmatched,
        people=people,
        total=total,
        # What coverage is short of weighs more than any total can be: nobody has more than one pair of full score.
        upper_bound=max(total, min(total + certificate.gap, FULL * len(problem.mentees))),
        inputs_digest=problem.digest,
        report=_report(problem, pairs, unmatched, certificate),
        certificate=certificate,
    )
    return solution, encoded if rest is problem else None


def _must_be_full(rest: Problem, encoded: Encoded) -> None:
    """Refuses pins that open a circle which cannot have its minimum."""
    for mentor in short_circles(rest, encoded):
        least = rest.rules.circle_min
        raise BadValue("pins", f"{mentor} has pinned mentees, but too few others may join for a circle of {least}.")


def _rising(progress: Progress) -> Progress:
    """The solver's progress as part of the whole; a solver that is asked several times does not go back."""
    highest = 10

    def say(percent: int) -> None:
        nonlocal highest
        highest = max(highest, 10 + min(100, percent) * 7 // 10)
        progress(highest)

    return say


def _pinned(problem: Problem) -> Iterator[Pair]:
    """The pairs that must be; one that a hard rule forbids is refused."""
    row = {profile.employee_id: profile for profile in problem.mentees}
    column = {profile.employee_id: profile for profile in problem.columns}
    for mentee, mentor in problem.ordered_pins():
        rule = forbidden_by(problem, row[mentee], column[mentor])
        if rule is not None:
            raise BadValue("pins", f"{mentee} with {mentor}: the rule {rule} forbids this pair.")
        yield _pair(problem, row[mentee], column[mentor])


def _named(problem: Problem, encoded: Encoded, found: Matching) -> Iterator[tuple[Profile, Profile]]:
    """The people of each pair; peers once, a three as its three pairs."""
    rows, columns = encoded.people(problem)
    for row in np.flatnonzero(found.mate >= 0).tolist():
        mentee, mentor = rows[row], columns[found.mate[row]]
        if problem.format != "peer" or mentee.employee_id < mentor.employee_id:
            yield mentee, mentor
    for three in found.threes:
        for one, other in combinations(three, 2):
            yield rows[one], rows[other]


def _explained(problem: Problem, encoded: Encoded, found: Matching) -> Iterator[Pair]:
    if problem.format == "peer":
        yield from (_pair(problem, one, other) for one, other in _named(problem, encoded, found))
        return
    rows = np.flatnonzero(found.mate >= 0).astype(np.int32)
    columns = found.mate[rows].astype(np.int32)
    parts = Shares.of(problem, encoded).between(rows, columns)
    names = [str(name) for name in parts]
    people, others = encoded.people(problem)
    table = np.stack(list(parts.values()), axis=1)
    for row, column, points, score in zip(
        rows.tolist(), columns.tolist(), table.tolist(), table.sum(axis=1).tolist(), strict=True
    ):
        given = dict(zip(names, points, strict=True))
        yield Pair(people[row].employee_id, others[column].employee_id, score, given)


def _pair(problem: Problem, mentee: Profile, mentor: Profile) -> Pair:
    parts = contributions(mentee, mentor, problem.rules, problem.format, problem.taxonomy)
    names = mentee.employee_id, mentor.employee_id
    first, second = sorted(names) if problem.format == "peer" else names
    return Pair(first, second, sum(parts.values()), {str(name): points for name, points in parts.items()})


def _by_names(pair: Pair) -> Names:
    return pair.mentee, pair.mentor


def _reasons(problem: Problem, rest: Problem, encoded: Encoded, found: Matching) -> dict[str, Reason]:
    """Why somebody has nobody: nobody is allowed, nobody scores enough, or all who do are taken.

    Of a peer who has no place left it is their own place that is taken.
    """
    places = {name for pin in problem.pins for name in pin} | {profile.employee_id for profile in rest.mentees}
    reasons: dict[str, Reason] = {
        profile.employee_id: "all_full" for profile in problem.mentees if profile.employee_id not in places
    }
    alone = found.alone
    column, score = best(replace(some_rows(encoded.market, alone), floor=0), 1)
    for row, candidate, points in zip(alone.tolist(), column[:, 0].tolist(), score[:, 0].tolist(), strict=True):
        name = rest.mentees[encoded.row_order[row]].employee_id
        if candidate < 0:
            reasons[name] = "no_candidates"
        else:
            reasons[name] = "below_floor" if points < problem.rules.score_min else "all_full"
    return dict(sorted(reasons.items()))


def _certificate(
    problem: Problem, rest: Problem, encoded: Encoded, found: Matching, pinned: Sequence[Pair]
) -> Certificate:
    settled = found.base * len(pinned) + sum(pair.score for pair in pinned)
    row = _in_order(problem.mentees, rest.mentees, encoded.row_order, found.row_price)
    column = _in_order(problem.columns, rest.columns, encoded.column_order, found.column_price)
    bounds = found.value + settled, found.upper_bound + settled
    names = [rest.mentees[place].employee_id for place in encoded.row_order.tolist()]
    details = dict(found.details)
    if found.proof == "blossoms":
        details["blossoms"] = [
            {"members": sorted(names[row] for row in members), "price": price} for members, price in found.blossoms
        ]
    if found.cover_price is not None:
        details["cover_price"] = _in_order(problem.mentees, rest.mentees, encoded.row_order, found.cover_price)
    above = None if found.above is None else _certificate(problem, rest, encoded, found.above, pinned)
    return Certificate(found.proof, found.base, *bounds, row, column, details, above)


def _in_order(
    everybody: Sequence[Profile],
    people: Sequence[Profile],
    order: npt.NDArray[np.int32],
    price: npt.NDArray[np.int64],
) -> tuple[int, ...]:
    """Prices in the order of the problem's people; 0 of those who are settled."""
    found = {people[place].employee_id: value for place, value in zip(order.tolist(), price.tolist(), strict=True)}
    return tuple(found.get(profile.employee_id, 0) for profile in everybody)


def _report(
    problem: Problem, pairs: Sequence[Pair], unmatched: dict[str, Reason], certificate: Certificate
) -> dict[str, Any]:
    """Figures of the whole run: sizes, how the scores lie, how the load lies on the mentors."""
    values = np.array([pair.score for pair in pairs], dtype=np.int64)
    deciles = [int(value) for value in np.percentile(values, range(0, 101, 10), method="lower")] if len(values) else []
    load = Counter(pair.mentor for pair in pairs) if problem.format != "peer" else Counter[str]()
    by_load, reasons = Counter(load.values()), Counter(unmatched.values())
    return {
        "engine": ENGINE,
        "objective": problem.rules.objective,
        "certified": certificate.proves_optimal,
        "gap": certificate.gap,
        "mentees": len(problem.mentees),
        "mentors": len(problem.mentors),
        "pinned": len(problem.pins),
        "matched_share": round(1 - len(unmatched) / len(problem.mentees), 4) if problem.mentees else 0.0,
        "mean_score": int(values.mean()) if len(values) else 0,
        "score_deciles": deciles,
        "unmatched_by_reason": {reason: reasons[reason] for reason in sorted(reasons)},
        "mentors_by_load": {str(mentees): by_load[mentees] for mentees in sorted(by_load)},
    }
