"""Looking through a run before it is published: its pairs are pinned, swapped and removed, each change by whom."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from chassis.access import Caller
from chassis.preconditions import Precondition
from chassis.transaction import Tx
from contracts.matching import Role
from matching.adapters.db import outcomes, places, runs
from matching.adapters.db.outcomes import Edit
from matching.adapters.db.runs import Run
from matching.domain.people import Profile
from matching.domain.programmes import Programme
from matching.domain.refusal import BadValue
from matching.domain.review import Kind, Rewrite, count_of, in_order, judged, pin, remove, swap
from matching.domain.solutions import Pair
from matching.handlers.pool import frame_of, profiles_of
from matching.handlers.programmes import managed_programme
from matching.handlers.runs import locked_run, must_be_publishable

Numbered = Sequence[tuple[int, Pair]]


class Change(NamedTuple):
    """What somebody wants to be different."""

    kind: Kind
    mentee_id: str
    mentor_id: str = ""
    other_mentee_id: str = ""


async def edit_run(tx: Tx, caller: Caller, run_id: UUID, change: Change, expected: Precondition) -> Run:
    """Change a run's pairs; nothing that a hard rule or a capacity forbids."""
    run = await locked_run(tx, caller, run_id, expected)
    programme = await managed_programme(tx, caller, run.programme_id, keep=True)
    must_be_publishable(run)
    peers = programme.format == "peer"
    names = [name for name in change[1:] if name]
    pairs = await outcomes.pairs_with(tx, run_id, names)
    rewrite = _rewrite(change, pairs, peers=peers)
    if change.kind == "swap":
        pairs = await outcomes.pairs_with(tx, run_id, [name for added in rewrite.added for name in added])
    added = await _judged(tx, run, programme, pairs, rewrite)
    await outcomes.drop_pairs(tx, run_id, rewrite.dropped)
    for pair in added:
        await outcomes.put_pair(tx, run_id, pair, "pinned" if change.kind == "pin" else "swapped")
    await outcomes.leave_alone(tx, run_id, _apart(pairs, rewrite, peers=peers), peers=peers)
    return await _note(tx, run, caller, change, rewrite)


def _rewrite(change: Change, pairs: Numbered, *, peers: bool) -> Rewrite:
    if change.kind == "swap":
        return swap(pairs, change.mentee_id, change.other_mentee_id)
    both = in_order(change.mentee_id, change.mentor_id, peers=peers)
    return pin(pairs, *both, peers=peers) if change.kind == "pin" else remove(pairs, *both)


def _apart(pairs: Numbered, rewrite: Rewrite, *, peers: bool) -> list[str]:
    """Who looked for somebody and was in a pair that is taken out."""
    dropped = [pair for number, pair in pairs if number in rewrite.dropped]
    return [name for pair in dropped for name in ((pair.mentee, pair.mentor) if peers else (pair.mentee,))]


async def _judged(tx: Tx, run: Run, programme: Programme, pairs: Numbered, rewrite: Rewrite) -> list[Pair]:
    """The new pairs with their scores, if the rules and the people's capacities allow them."""
    peers = programme.format == "peer"
    roles: dict[str, Role] = {}
    for mentee, mentor in rewrite.added:
        roles |= {mentee: "peer", mentor: "peer"} if peers else {mentee: "mentee", mentor: "mentor"}
    profiles = await profiles_of(tx, programme, roles)
    frame = await frame_of(tx, programme, programme.rules, run.options, roles)
    added = []
    for mentee, mentor in rewrite.added:
        first, second = in_order(mentee, mentor, peers=peers)
        added.append(judged(profiles.get(first), profiles.get(second), frame))
    if not run.options.may_move:
        await _must_have_room(tx, programme, pairs, rewrite, profiles)
    return added


async def _must_have_room(
    tx: Tx, programme: Programme, pairs: Numbered, rewrite: Rewrite, profiles: dict[str, Profile]
) -> None:
    peers = programme.format == "peer"
    found = await places.find_named(tx, programme.id, profiles)
    taken = await places.promised_among(tx, [place.id for place in found.values()])
    for mentee, mentor in rewrite.added:
        role: Role = "peer" if peers else "mentor"
        used = taken.get((found[mentor].id, role), 0) + count_of(pairs, mentor, rewrite.dropped, peers=peers)
        used += sum(1 for one in rewrite.added if mentor in (one if peers else one[1:])) - 1
        if used >= profiles[mentor].capacity:
            raise BadValue("mentor_id", f"capacity: all {profiles[mentor].capacity} places of the mentor are taken.")
        if taken.get((found[mentee].id, "peer" if peers else "mentee"), 0):
            raise BadValue("mentee_id", "capacity: has an offer or a match already.")


async def _note(tx: Tx, run: Run, caller: Caller, change: Change, rewrite: Rewrite) -> Run:
    edition = run.edition + 1
    mentor = change.mentor_id or rewrite.added[0][1]
    edit = Edit(edition, change.kind, change.mentee_id, mentor, change.other_mentee_id or None, caller.subject, tx.now)
    await outcomes.add_edit(tx, run.id, edit)
    pairs, total, worst = await outcomes.figures_of(tx, run.id)
    return await runs.change_run(tx, run, edition=edition, pairs=pairs, total_score=total, worst_score=worst)
