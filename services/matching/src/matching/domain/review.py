"""Changes that somebody makes to a run's pairs before they are offered, held to the rules like the engine's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.refusal import BadValue
from matching.domain.scoring import broken_rules, contributions
from matching.domain.solutions import Pair

Kind = Literal["pin", "swap", "remove"]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What an edit takes out of a run's pairs, by number, and what it puts in."""

    dropped: tuple[int, ...]
    added: tuple[tuple[str, str], ...]


def pin(pairs: Sequence[tuple[int, Pair]], mentee: str, mentor: str, *, peers: bool) -> Rewrite:
    """These two belong together; whom they were with instead is free again."""
    if any((pair.mentee, pair.mentor) == (mentee, mentor) for _, pair in pairs):
        raise BadValue("mentor_id", "These two are together in this run already.")
    stands_in = {mentee, mentor} if peers else {mentee}
    return Rewrite(
        tuple(number for number, pair in pairs if stands_in & ({pair.mentee, pair.mentor} if peers else {pair.mentee})),
        ((mentee, mentor),),
    )


def swap(pairs: Sequence[tuple[int, Pair]], mentee: str, other: str) -> Rewrite:
    """Two mentees exchange their mentors."""
    (first, one), (second, another) = _pair_of(pairs, "mentee_id", mentee), _pair_of(pairs, "other_mentee_id", other)
    if first == second:
        raise BadValue("other_mentee_id", "Has to be somebody in another pair.")
    return Rewrite((first, second), ((mentee, another.mentor), (other, one.mentor)))


def remove(pairs: Sequence[tuple[int, Pair]], mentee: str, mentor: str) -> Rewrite:
    """These two are not offered to each other."""
    numbers = tuple(number for number, pair in pairs if (pair.mentee, pair.mentor) == (mentee, mentor))
    if not numbers:
        raise BadValue("mentor_id", "These two are not together in this run.")
    return Rewrite(numbers, ())


def judged(mentee: Profile | None, mentor: Profile | None, frame: Problem) -> Pair:
    """A pair with its score; refuses what a hard rule forbids, naming the rule. A low score is no hard rule here."""
    if mentee is None or mentor is None:
        field = "mentee_id" if mentee is None else "mentor_id"
        raise BadValue(field, "Does not take part in this programme in that role now.")
    for rule in broken_rules(frame, mentee, mentor):
        if rule != "score_min":
            raise BadValue("mentor_id", f"The rule {rule} forbids this pair.")
    given = contributions(mentee, mentor, frame.rules, frame.format, frame.taxonomy)
    parts = {str(name): points for name, points in given.items()}
    return Pair(mentee.employee_id, mentor.employee_id, sum(parts.values()), parts)


def in_order(mentee: str, mentor: str, *, peers: bool) -> tuple[str, str]:
    """Both as a pair has them: among peers the smaller id stands first."""
    return (mentor, mentee) if peers and mentor < mentee else (mentee, mentor)


def count_of(pairs: Iterable[tuple[int, Pair]], name: str, dropped: Sequence[int], *, peers: bool) -> int:
    """In how many of these pairs somebody stands as a mentor, or as a peer, without those that are dropped."""
    return sum(
        1
        for number, pair in pairs
        if number not in dropped and name in ({pair.mentee, pair.mentor} if peers else {pair.mentor})
    )


def _pair_of(pairs: Sequence[tuple[int, Pair]], field: str, mentee: str) -> tuple[int, Pair]:
    for number, pair in pairs:
        if pair.mentee == mentee:
            return number, pair
    raise BadValue(field, "Has nobody in this run.")
