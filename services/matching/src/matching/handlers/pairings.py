"""Taking over partners who are so already: active matches without an offer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.access import Caller
from chassis.ids import uuid7
from chassis.transaction import Tx
from contracts.matching import Role
from matching.adapters.db import directory, matches, places
from matching.domain.offers import Match, take_over
from matching.domain.participants import Participant
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.programmes import Programme
from matching.domain.refusal import BadValue
from matching.domain.review import in_order, judged
from matching.domain.solutions import Pair
from matching.handlers.pool import frame_of, profiles_of
from matching.handlers.programmes import managed_programme
from matching.handlers.publishing import is_full, sides_of
from matching.handlers.steps import take_steps

AT_ONCE = 1000
"""Rows of one request at most."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one row."""

    index: int
    match_id: UUID | None = None
    field: str = ""
    detail: str = ""


async def import_pairings(tx: Tx, caller: Caller, programme_id: UUID, rows: Sequence[tuple[str, str]]) -> list[Taken]:
    """Take over pairs of (mentee, mentor): each is held to the rules and capacities, the good ones become matches."""
    programme = await managed_programme(tx, caller, programme_id, keep=True)
    programme.must_be_open()
    peers = programme.format == "peer"
    rows = [in_order(*row, peers=peers) for row in rows]
    names = {name for row in rows for name in row}
    active = await directory.active_among(tx, names)
    present = await places.lock_named(tx, programme_id, active)
    house = await _House.open(tx, programme, rows, present)
    taken: list[Taken] = []
    for index, (mentee, mentor) in enumerate(rows):
        try:
            taken.append(Taken(index, house.admit(tx, mentee, mentor).id))
        except BadValue as error:
            taken.append(Taken(index, field=error.field, detail=error.detail))
    await matches.add_matches(tx, house.admitted)
    await take_steps(tx, [take_over(match) for match, _ in house.admitted], new=True)
    return taken


class _House:
    """Who takes part, and how many places are taken as the rows go in one by one."""

    def __init__(
        self,
        programme: Programme,
        present: dict[str, Participant],
        profiles: Mapping[tuple[str, Role], Profile],
        promised: dict[tuple[UUID, Role], int],
        frame: Problem,
    ) -> None:
        self.admitted: list[tuple[Match, dict[str, int]]] = []
        self._programme = programme
        self._present = present
        self._profiles = profiles
        self._promised = promised
        self._frame = frame

    @classmethod
    async def open(
        cls, tx: Tx, programme: Programme, rows: Sequence[tuple[str, str]], present: dict[str, Participant]
    ) -> "_House":
        peers = programme.format == "peer"
        profiles: dict[tuple[str, Role], Profile] = {}
        names = {name for row in rows for name in row}
        for position, role in enumerate[Role](("peer", "peer") if peers else ("mentee", "mentor")):
            wanted: dict[str, Role] = {row[position]: role for row in rows}
            found = await profiles_of(tx, programme, wanted, names)
            profiles |= {(name, role): profile for name, profile in found.items()}
        promised = await places.promised_among(tx, [place.id for place in present.values()])
        # Who has been offered to each other before may well be partners: that is what is taken over.
        frame = replace(await frame_of(tx, programme, programme.rules, names=present), earlier=frozenset())
        return cls(programme, present, profiles, promised, frame)

    def admit(self, tx: Tx, mentee: str, mentor: str) -> Match:
        """A match for these two, or why not."""
        pair = self._judged(mentee, mentor)
        sides = sides_of(self._programme, mentee, mentor, self._present)
        if sides is None:
            raise BadValue("mentee_id" if mentee not in self._present else "mentor_id", "Is not employed now.")
        for field, side in zip(("mentee_id", "mentor_id"), sides, strict=True):
            if is_full(self._programme, side, self._present, self._promised):
                raise BadValue(field, "capacity: has no free place.")
        for side in sides:
            key = side.participant_id, side.role
            self._promised[key] = self._promised.get(key, 0) + 1
        programme = self._programme
        match = Match(uuid7(), programme.id, None, programme.format, sides, pair.score, tx.now, tx.now, origin="import")
        self.admitted.append((take_over(match).match, pair.contributions))
        return match

    def _judged(self, mentee: str, mentor: str) -> Pair:
        if mentee == mentor:
            raise BadValue("mentor_id", "Nobody is their own mentor.")
        roles: tuple[Role, Role] = ("peer", "peer") if self._programme.format == "peer" else ("mentee", "mentor")
        first, second = self._profiles.get((mentee, roles[0])), self._profiles.get((mentor, roles[1]))
        return judged(first, second, self._frame)
