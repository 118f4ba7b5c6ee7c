"""Single offers: the next one when another came to nothing, one that a mentee asks for, partners who are so already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.access import Caller
from chassis.errors import Missing
from chassis.ids import uuid7
from chassis.preconditions import Precondition
from chassis.transaction import Tx
from contracts.matching import Role
from matching.adapters.db import directory, matches, places, policies, programmes
from matching.domain.cascade import OfferPolicy, mentee_of
from matching.domain.offers import Match, Origin, Side, Step, accept, end, propose
from matching.domain.participants import Participant, leave_unmatched
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.programmes import Programme
from matching.domain.refusal import BadValue, Refused
from matching.domain.review import judged
from matching.domain.solutions import Pair
from matching.handlers.boards import Boards
from matching.handlers.deadlines import CASCADE, set_clock_of_one
from matching.handlers.pool import frame_of, profiles_of
from matching.handlers.programmes import managed_programme, visible_programme
from matching.handlers.publishing import is_full, sides_of
from matching.handlers.steps import take_step, take_steps

_TRIED = 5
"""Candidates that are locked together: some may be taken just then."""
_LOOKED_AT = 300
_PATIENCE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Cascade:
    """Looks for the next candidate; a timer, in a transaction of its own."""

    boards: Boards

    async def __call__(self, tx: Tx, match_id: str, payload: dict[str, Any]) -> None:
        """Offer the mentee of a match that came to nothing the best mentor who is left."""
        seen = await matches.find_match(tx, UUID(match_id))
        programme = await programmes.find_programme(tx, seen.programme_id, keep=True) if seen else None
        if seen is None or programme is None or programme.status != "open":
            return
        mentee = mentee_of(seen)
        again = bool(payload.get("again"))
        if not again and await _is_enough(tx, seen, mentee):
            return
        ranking = self.boards.ranking(programme.id, mentee)
        if ranking is None:
            # The scores are being worked out; the timer comes back.
            await tx.schedule(CASCADE, match_id, tx.now + _PATIENCE, payload)
            return
        before = await matches.earlier_partners(tx, programme.id, mentee)
        candidates = [name for name in ranking if name not in before][:_LOOKED_AT]
        free = await policies.free_among(tx, programme.id, candidates)
        tried = [name for name in candidates if name in free][:_TRIED]
        offered = await _offer_first(tx, programme, mentee, tried, seen, "rematch" if again else "cascade")
        if offered is None and tried:
            await tx.schedule(CASCADE, match_id, tx.now + _PATIENCE, payload)


async def _is_enough(tx: Tx, seen: Match, mentee: str) -> bool:
    limit = (await policies.policy_of(tx, seen.programme_id)).cascade_limit
    return await policies.further_offers(tx, seen.programme_id, seen.run_id, mentee) >= limit


async def _offer_first(
    tx: Tx, programme: Programme, mentee: str, tried: Sequence[str], seen: Match, origin: Origin
) -> Match | bool | None:
    """The offer to the first who can take it; nothing if another try may help, false if none will."""
    present = await _lock(tx, programme, [mentee, *tried])
    if mentee not in present:
        return False
    promised = await places.promised_among(tx, [place.id for place in present.values()])
    if promised.get((present[mentee].id, "mentee"), 0) >= present[mentee].capacity_as("mentee"):
        return False
    roles: dict[str, Role] = {mentee: "mentee", **dict.fromkeys(tried, "mentor")}
    profiles = await profiles_of(tx, programme, roles)
    frame = await frame_of(tx, programme, programme.rules, names=roles)
    for name in tried:
        pair = _allowed(frame, profiles, mentee, name)
        sides = sides_of(programme, mentee, name, present)
        if pair and sides and not any(is_full(programme, side, present, promised) for side in sides):
            match = _single(tx, programme, sides, pair.score, origin, seen.run_id)
            await _store(tx, programme, match, pair, propose(match))
            return match
    if not tried and seen.run_id is not None:
        place, event = leave_unmatched(present[mentee], seen.run_id, "all_full")
        tx.publish(event, version=place.version)
        await programmes.bump_participants(tx, [place])
        return False
    return None


async def request_offer(tx: Tx, caller: Caller, programme_id: UUID, mentor: str) -> Match:
    """A mentee asks a mentor: an offer to which the mentee has said yes already."""
    programme = await visible_programme(tx, caller, programme_id)
    if not (await policies.policy_of(tx, programme_id)).self_match:
        raise Refused("self_match_off", "In this programme mentors are not asked by mentees.")
    programme = await programmes.find_programme(tx, programme_id, keep=True) or programme
    programme.must_be_open()
    mentee = caller.subject
    if mentor == mentee:
        raise BadValue("mentor_id", "Nobody is their own mentor.")
    if programme.format == "peer":
        raise Refused("no_mentors", "Among peers nobody is a mentor.")
    present = await _lock(tx, programme, [mentee, mentor])
    if mentee not in present or not present[mentee].capacity_as("mentee"):
        raise Refused("not_a_mentee", "Only who takes part as a mentee can ask.")
    profiles = await profiles_of(tx, programme, {mentee: "mentee", mentor: "mentor"})
    frame = await frame_of(tx, programme, programme.rules, names=[mentee, mentor])
    pair = judged(profiles.get(mentee), profiles.get(mentor), frame)
    sides = sides_of(programme, mentee, mentor, present)
    if sides is None:
        raise BadValue("mentor_id", "Does not take part in this programme now.")
    promised = await places.promised_among(tx, [place.id for place in present.values()])
    for side, whose in zip(sides, ("You have an offer or a mentor", "This mentor has no free place"), strict=True):
        if is_full(programme, side, present, promised):
            raise Refused("capacity_full", f"{whose} already." if side.role == "mentee" else f"{whose} now.")
    match = _single(tx, programme, sides, pair.score, "request", None)
    said = propose(match)
    yes = accept(match, mentee, tx.now)
    return await _store(tx, programme, yes.match, pair, Step(yes.match, said.events + yes.events))


async def rematch(tx: Tx, seen: Match, expected: Precondition) -> Match:
    """End a match that does not fit, and look for somebody else for its mentee."""
    match = await matches.lock_match(tx, seen.id)
    if match is None:
        raise Missing
    expected.check(match.version)
    if match.status != "active":
        raise Refused("match_not_active", f"This match is {match.status}; only an active one is made anew.")
    ended = await take_step(tx, end(match, "not_a_fit"))
    if any(side.role == "mentee" for side in ended.sides):
        await tx.schedule(CASCADE, str(ended.id), tx.now, {"again": True})
    return ended


async def set_policy(
    tx: Tx, caller: Caller, programme_id: UUID, policy: OfferPolicy, expected: Precondition
) -> OfferPolicy:
    """Say how a programme makes offers beside its runs."""
    await managed_programme(tx, caller, programme_id, lock=True)
    before = await policies.policy_of(tx, programme_id)
    expected.check(before.version)
    after = OfferPolicy(policy.cascade_limit, policy.self_match, before.version)
    if after != before or not before.version:
        after = OfferPolicy(policy.cascade_limit, policy.self_match, before.version + 1)
        await policies.save_policy(tx, programme_id, after)
    return after


async def _lock(tx: Tx, programme: Programme, names: Sequence[str]) -> dict[str, Participant]:
    """Those who are employed and take part, locked: employees first, then participants, each in order."""
    active = await directory.active_among(tx, names)
    return await places.lock_named(tx, programme.id, active)


def _allowed(frame: Problem, profiles: Mapping[str, Profile], mentee: str, mentor: str) -> Pair | None:
    try:
        return judged(profiles.get(mentee), profiles.get(mentor), frame)
    except BadValue:
        return None


def _single(
    tx: Tx, programme: Programme, sides: tuple[Side, Side], score: int, origin: Origin, run_id: UUID | None
) -> Match:
    respond_by = tx.now + timedelta(seconds=programme.respond_within_seconds)
    return Match(uuid7(), programme.id, run_id, programme.format, sides, score, tx.now, respond_by, origin=origin)


async def _store(tx: Tx, programme: Programme, match: Match, pair: Pair, step: Step) -> Match:
    await matches.add_matches(tx, [(match, pair.contributions)])
    await take_steps(tx, [step], new=True)
    await set_clock_of_one(tx, match, programme)
    return match
