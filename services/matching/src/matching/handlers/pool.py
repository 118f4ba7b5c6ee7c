"""Who may be matched in a programme just now, as the engine sees them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.transaction import Tx
from contracts.matching import Role
from matching.adapters.db import directory, matches, pairs, places, programmes
from matching.adapters.skills import taxonomy_in
from matching.domain.directory import reporting_intervals
from matching.domain.options import RunOptions
from matching.domain.pairs import with_possible_pins
from matching.domain.participants import Participant, Wants
from matching.domain.people import Profile, profile_of
from matching.domain.problems import Problem
from matching.domain.programmes import Programme
from matching.domain.rules import Rules

Lines = Mapping[str, tuple[int, int]]
_WANTS = tuple(field.name for field in fields(Wants))


@dataclass(frozen=True, slots=True)
class Pool:
    """A problem and, in the order of its mentees, who enrolled first (0), second, ..."""

    problem: Problem
    enrolment: tuple[int, ...]
    pins_left_out: dict[str, int]
    """Must-match pairs that cannot be just now, by what forbids them."""


async def pool_of(tx: Tx, programme: Programme, rules: Rules, options: RunOptions) -> Pool:
    """The people of a programme with their free places; with all their places if they may be moved."""
    taken = {} if options.may_move else await programmes.places_promised(tx, programme.id)
    lines = reporting_intervals(await directory.managers_of_all(tx))
    roles: tuple[Role, ...] = ("peer",) if programme.format == "peer" else ("mentee", "mentor")
    sides: dict[Role, list[Profile]] = {role: [] for role in roles}
    ids: dict[str, UUID] = {}
    async for place, record in programmes.participants_with_records(tx, programme.id):
        for role in roles:
            seated = taken.get((place.id, role), 0)
            free = programme.capacity_of(place, role, rules) - seated
            if free > 0:
                profile = _profile(tx.now, place, record, role, free, lines)
                sides[role].append(replace(profile, seated=seated) if seated and role == "mentor" else profile)
                ids[place.employee_id] = place.id
    frame = await frame_of(tx, programme, rules, options)
    if options.moves is not None:
        together = await matches.together_in(tx, programme.id)
        frame = replace(frame, current=frozenset(together), moves=options.moves)
    mentees, mentors = (*map(tuple, sides.values()), ())[:2]
    problem = replace(frame, mentees=mentees, mentors=mentors)
    problem, left_out = with_possible_pins(problem)
    return Pool(problem, _ranks([ids[profile.employee_id] for profile in problem.mentees]), left_out)


async def profiles_of(
    tx: Tx, programme: Programme, names: Mapping[str, Role], among: Collection[str] = ()
) -> dict[str, Profile]:
    """Some people of a programme in the role each of them is to have; who does not take part in it is left out.

    Reporting lines can be compared between them, and between those of all calls with the same `among`.
    """
    lines = reporting_intervals(await places.managers_above(tx, among or names))
    found = {}
    for place, record in await places.with_records(tx, programme.id, names):
        role = names[place.employee_id]
        if capacity := programme.capacity_of(place, role):
            found[place.employee_id] = _profile(tx.now, place, record, role, capacity, lines)
    return found


async def frame_of(
    tx: Tx, programme: Programme, rules: Rules, options: RunOptions | None = None, names: Collection[str] | None = None
) -> Problem:
    """A programme's problem without its people: rules, pairs that must be or must not be, and the taxonomy of skills.

    Who declined each other is not brought together again, whatever the rules say about earlier partners; who has
    each other now may stay so where all may be moved. With `names` only what concerns these people.
    """
    since = None if rules.cooling_off_days is None else tx.now - timedelta(days=rules.cooling_off_days)
    earlier = await matches.earlier_pairs(tx, programme.id, since=since, names=names)
    declined = await matches.earlier_pairs(tx, programme.id, also_partners=False, names=names)
    if options is not None and options.may_move:
        together = await matches.together_in(tx, programme.id)
        earlier, declined = earlier - together, declined - together
    said = await pairs.pairs_in(tx, programme.id)
    forbidden = {(one.mentee_id, one.mentor_id) for one in said if one.kind == "forbidden"}
    pins = {(one.mentee_id, one.mentor_id) for one in said if one.kind == "must_match"}
    return Problem(
        programme.format,
        rules,
        (),
        earlier=frozenset(earlier),
        pins=frozenset(pins),
        forbids=frozenset(forbidden | declined),
        taxonomy=taxonomy_in(tx),
    )


def _profile(now: datetime, place: Participant, record: dict[str, Any], role: Role, free: int, lines: Lines) -> Profile:
    asked = {name: getattr(place.wants, name) for name in _WANTS}
    asked |= {"wishes": place.wants.wishes_as(role), "trained": record.get("trained", False)}
    return profile_of(record, asked, free, lines.get(place.employee_id, (0, 0)), now)


def _ranks(ids: Collection[UUID]) -> tuple[int, ...]:
    """For each id how many are smaller: ids are made in the order of time."""
    place = {one: rank for rank, one in enumerate(sorted(ids))}
    return tuple(place[one] for one in ids)
