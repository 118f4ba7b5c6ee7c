"""What a run is asked: people, rules, and pairs that are settled beforehand."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from contracts.matching import Format
from matching.domain.people import Profile
from matching.domain.refusal import BadValue
from matching.domain.rules import Rules
from matching.domain.skills import NO_TAXONOMY, Taxonomy

Names = tuple[str, str]
"""Employee ids of a mentee and a mentor; of peers in either order."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The people and rules of one run. In a peer programme everybody stands in `mentees` and nobody in `mentors`."""

    format: Format
    rules: Rules
    mentees: tuple[Profile, ...]
    mentors: tuple[Profile, ...] = ()
    earlier: frozenset[Names] = frozenset()
    """Pairs that were already offered to each other, or were partners; kept apart if the rules say so."""
    pins: frozenset[Names] = frozenset()
    """Pairs that must be; in what they leave to be decided their mentees stand no longer."""
    forbids: frozenset[Names] = frozenset()
    """Pairs that must not be."""
    current: frozenset[Names] = frozenset()
    """Pairs that there are already; they matter where `moves` are counted."""
    moves: int | None = None
    """So many mentees of `current` at most may be given somebody else, or nobody; None: all of them."""
    taxonomy: Taxonomy = field(default=NO_TAXONOMY, repr=False)

    @property
    def columns(self) -> tuple[Profile, ...]:
        """Whom the mentees choose from."""
        return self.mentees if self.format == "peer" else self.mentors

    @property
    def skills(self) -> tuple[dict[str, str], dict[str, list[str]]]:
        """What the taxonomy says of the skills that somebody wants or offers: their keys, and which are near which."""
        people = (*self.mentees, *self.mentors)
        used: set[str] = set()
        return self.taxonomy.excerpt(used.union(*(one.skills_wanted | one.skills_offered for one in people)))

    @property
    def digest(self) -> str:
        """SHA-256 over everything that decides the outcome."""
        keys, near = self.skills
        parts: list[Any] = [self.format, self.rules.digest, self.taxonomy.digest, [*keys.items()], [*near.items()]]
        parts += [sorted(pairs) for pairs in (self.earlier, self.pins, self.forbids)]
        if self.moves is not None:
            parts += [sorted(self.current), self.moves]
        # The representation of one list of all this, without ever having the people in it twice.
        found = hashlib.sha256(repr(parts)[:-1].encode())
        for side in (self.mentees, self.mentors):
            found.update(b", [")
            for place, profile in enumerate(side):
                found.update(f"{', ' if place else ''}{_canonical(profile)!r}".encode())
            found.update(b"]")
        found.update(b"]")
        return found.hexdigest()

    def stands_in(self, pairs: frozenset[Names], mentee: str, mentor: str) -> bool:
        """Whether a pair is among `pairs`; peers have no order."""
        return (mentee, mentor) in pairs or (self.format == "peer" and (mentor, mentee) in pairs)

    def places_of(self, mentor: Profile) -> int:
        """How many mentees a mentor may have: in circles no more than the rules allow, whatever room there is."""
        return min(mentor.capacity, self.rules.circle_max) if self.format == "group" else mentor.capacity

    def must_make_sense(self) -> None:
        """Refuses what cannot be meant, by its field; whether pins break a rule is asked where rules are."""
        self.rules.must_suit(self.format)
        if self.format == "peer" and self.mentors:
            raise BadValue("mentors", "Peers all stand on one side.")
        for side, people in (("mentees", self.mentees), ("mentors", self.mentors)):
            for name, times in Counter(profile.employee_id for profile in people).items():
                if times > 1:
                    raise BadValue(side, f"{name} stands there {times} times.")
            for profile in people:
                profile.must_make_sense()
        self._must_have_room()
        if self.moves is not None:
            self._must_count_moves()

    def _must_have_room(self) -> None:
        rows = {profile.employee_id for profile in self.mentees}
        room = {profile.employee_id: self.places_of(profile) for profile in self.columns}
        taken: Counter[str] = Counter()
        for mentee, mentor in self.ordered_pins():
            for name, side in ((mentee, rows), (mentor, room)):
                if name not in side:
                    raise BadValue("pins", f"{mentee} with {mentor}: {name} takes no part.")
            if self.stands_in(self.forbids, mentee, mentor):
                raise BadValue("pins", f"{mentee} with {mentor}: the same pair is forbidden.")
            taken.update((f"row {mentee}", f"column {mentor}"))
            if self.format == "peer":
                taken.update((f"column {mentee}", f"row {mentor}"))
        for place, count in taken.items():
            kind, name = place.split(" ", 1)
            if count > (min(1, room[name]) if self.format == "peer" else 1 if kind == "row" else room[name]):
                raise BadValue("pins", f"{name} has more pinned partners than places.")

    def _must_count_moves(self) -> None:
        """Moves are counted where everybody has a mentor of their own choosing: not in circles, nor among peers."""
        if self.format == "peer" or (self.format == "group" and self.rules.circle_min > 1):
            raise BadValue("options.moves", "Moves are not counted among peers, nor in circles with a minimum size.")
        if self.rules.objective not in {"coverage", "total"} or self.rules.load_charge:
            raise BadValue("options.moves", "Moves are counted for coverage and total alone, without a load_charge.")

    def ordered_pins(self) -> Iterator[Names]:
        """Pins in ascending order."""
        yield from sorted(self.pins)


def peers_in_order(pairs: Iterable[Names]) -> frozenset[Names]:
    """Pairs of peers with the smaller id first."""
    return frozenset((min(pair), max(pair)) for pair in pairs)


_FIELDS = attrgetter(*Profile.__slots__)
_SETS = tuple(
    place for place, name in enumerate(Profile.__slots__) if isinstance(getattr(Profile(""), name), frozenset)
)


def _canonical(profile: Profile) -> list[Any]:
    values = list(_FIELDS(profile))
    for place in _SETS:
        values[place] = sorted(values[place])
    return values
