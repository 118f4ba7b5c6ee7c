"""Deciding by hand who has to be matched in a programme and who must not be."""

from collections import Counter
from collections.abc import Sequence

from chassis.transaction import Tx
from contracts.matching import Role
from matching.adapters.db import pairs, programmes
from matching.adapters.db.pairs import PairKind, ProgrammePair
from matching.adapters.skills import taxonomy_in
from matching.domain.options import RunOptions
from matching.domain.pairs import in_order, must_hold
from matching.domain.problems import Problem
from matching.domain.programmes import Programme
from matching.domain.refusal import BadValue
from matching.domain.scoring import HardRule, forbidden_by
from matching.handlers.pool import frame_of, profiles_of


async def decide_pair(
    tx: Tx, programme: Programme, mentee_id: str, mentor_id: str, kind: PairKind, decided_by: str
) -> ProgrammePair:
    """Store a pair of a programme that is locked; one that has to be matched has to be possible."""
    programme.must_not_be_closed()
    if mentee_id == mentor_id:
        raise BadValue("mentor_id", "Nobody is paired with themselves.")
    mentee_id, mentor_id = in_order(programme.format, mentee_id, mentor_id)
    pair = ProgrammePair(mentee_id, mentor_id, kind, decided_by, tx.now)
    if kind == "must_match":
        await _must_be_possible(tx, programme, pair)
        await _must_have_room(tx, programme, pair)
    await pairs.save_pair(tx, programme.id, pair)
    return pair


async def take_back_pair(tx: Tx, programme: Programme, mentee_id: str, mentor_id: str) -> None:
    """Leave two people to the engine again."""
    programme.must_not_be_closed()
    await pairs.drop_pair(tx, programme.id, *in_order(programme.format, mentee_id, mentor_id))


async def broken_rules_of(tx: Tx, programme: Programme, listed: Sequence[ProgrammePair]) -> list[HardRule | None]:
    """For each pair that must be matched the rule that forbids it as things are now, if one does."""
    pins = [one for one in listed if one.kind == "must_match"]
    if not pins:
        return [None] * len(listed)
    first: Role = "peer" if programme.format == "peer" else "mentee"
    second: Role = "peer" if programme.format == "peer" else "mentor"
    names = {name for one in pins for name in (one.mentee_id, one.mentor_id)}
    mentees = await profiles_of(tx, programme, {one.mentee_id: first for one in pins}, names)
    mentors = await profiles_of(tx, programme, {one.mentor_id: second for one in pins}, names)
    frame = await frame_of(tx, programme, programme.rules, RunOptions(mode="free"), names)

    def broken(one: ProgrammePair) -> HardRule | None:
        mentee, mentor = mentees.get(one.mentee_id), mentors.get(one.mentor_id)
        if one.kind != "must_match" or mentee is None or mentor is None:
            return None
        return forbidden_by(frame, mentee, mentor)

    return [broken(one) for one in listed]


async def must_keep_pairs(tx: Tx, programme: Programme) -> None:
    """Refuse rules under which a must-match pair could not be, by the rule that forbids it."""
    for pair in await pairs.pairs_in(tx, programme.id, "must_match"):
        profiles = await profiles_of(tx, programme, _roles(programme, pair))
        if len(profiles) == len({pair.mentee_id, pair.mentor_id}):
            must_hold(_problem(tx, programme), profiles[pair.mentee_id], profiles[pair.mentor_id])


async def _must_be_possible(tx: Tx, programme: Programme, pair: ProgrammePair) -> None:
    roles = _roles(programme, pair)
    profiles = await profiles_of(tx, programme, roles)
    for field, name in (("mentee_id", pair.mentee_id), ("mentor_id", pair.mentor_id)):
        if name not in profiles:
            raise BadValue(field, f"{name} does not take part as {roles[name]}, or not now.")
    must_hold(_problem(tx, programme), profiles[pair.mentee_id], profiles[pair.mentor_id])


async def _must_have_room(tx: Tx, programme: Programme, pair: ProgrammePair) -> None:
    """Refuse more must-match pairs than somebody has places."""
    decided = await pairs.pairs_in(tx, programme.id, "must_match")
    load = _load(
        programme, [one for one in decided if one.mentee_id != pair.mentee_id or one.mentor_id != pair.mentor_id]
    )
    for field, name in (("mentee_id", pair.mentee_id), ("mentor_id", pair.mentor_id)):
        place = await programmes.find_participant(tx, programme.id, name)
        role = _roles(programme, pair)[name]
        if place is not None and load[name, role] >= programme.capacity_of(place, role):
            raise BadValue(field, f"{name} has as many must-match pairs as places already.")


def _load(programme: Programme, decided: Sequence[ProgrammePair]) -> Counter[tuple[str, Role]]:
    return Counter(entry for pair in decided for entry in _roles(programme, pair).items())


def _roles(programme: Programme, pair: ProgrammePair) -> dict[str, Role]:
    """What each of the two is in this programme."""
    if programme.format == "peer":
        return {pair.mentee_id: "peer", pair.mentor_id: "peer"}
    return {pair.mentee_id: "mentee", pair.mentor_id: "mentor"}


def _problem(tx: Tx, programme: Programme) -> Problem:
    return Problem(programme.format, programme.rules, (), taxonomy=taxonomy_in(tx))
