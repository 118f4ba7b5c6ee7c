"""Why two people are together in a run, or why not; why somebody has nobody, and who would help."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from chassis.access import Caller
from chassis.errors import Missing
from chassis.transaction import Database, Tx
from contracts.matching import Role
from matching.adapters.db import certificates, outcomes, programmes
from matching.adapters.db.places import url_of
from matching.adapters.db.runs import Run
from matching.domain.options import RunOptions
from matching.domain.problems import Problem
from matching.domain.refusal import BadValue
from matching.domain.review import in_order
from matching.domain.scoring import broken_rules, contributions
from matching.handlers.pool import frame_of, pool_of, profiles_of
from matching.handlers.runs import visible_run
from matching.handlers.work import rules_for

if TYPE_CHECKING:
    from matching.domain.explain import Extra, Unmatched

T = TypeVar("T")
ALONE = 2000
"""People without anybody, by employee id, for whom further mentors are looked for at once."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What speaks for a pair and what stands in its way; people as they are now, rules as they were in the run."""

    mentee_id: str
    mentor_id: str
    together: bool
    score: int
    contributions: dict[str, int]
    broken_rules: tuple[str, ...]
    loss: int | None
    """Points that the whole outcome loses at least if these two are put together: proven by the run's prices."""


async def explain_pair(tx: Tx, caller: Caller, run_id: UUID, mentee: str, mentor: str) -> Explanation:
    """Why these two are together in the run, or why not."""
    run = await visible_run(tx, caller, run_id)
    programme = await programmes.find_programme(tx, run.programme_id)
    if programme is None:
        raise Missing
    rules = await rules_for(tx, run, programme)
    peers = programme.format == "peer"
    first, second = in_order(mentee, mentor, peers=peers)
    roles: dict[str, Role] = {first: "peer", second: "peer"} if peers else {first: "mentee", second: "mentor"}
    profiles = await profiles_of(tx, programme, roles)
    for field, name in (("mentee_id", first), ("mentor_id", second)):
        if name not in profiles:
            raise BadValue(field, "Does not take part in this programme in that role now.")
    frame = await frame_of(tx, programme, rules, run.options, roles)
    one, other = profiles[first], profiles[second]
    parts = {
        str(name): points for name, points in contributions(one, other, rules, frame.format, frame.taxonomy).items()
    }
    pairs = {(pair.mentee, pair.mentor) for _, pair in await outcomes.pairs_with(tx, run_id, [first])}
    score = sum(parts.values())
    prices = run.report.get("prices", {})
    found = await certificates.prices_of(tx, run_id, first, second) if prices.get("proof") == "prices" else None
    return Explanation(
        first,
        second,
        (first, second) in pairs,
        score,
        parts,
        tuple(broken_rules(frame, one, other)),
        None if found is None else max(0, sum(found) - prices["base"] - score),
    )


async def explain_unmatched(tx: Tx, caller: Caller, run_id: UUID, employee: str) -> "Unmatched":
    """Why somebody has nobody in a run, and which change of one rule would give them candidates."""
    run = await visible_run(tx, caller, run_id)
    if employee not in await outcomes.unmatched_among(tx, run_id, [employee]):
        raise Missing
    return await asyncio.to_thread(_asked_aside, tx, run, partial(_why_unmatched, employee=employee))


async def explain_shortage(tx: Tx, caller: Caller, run_id: UUID) -> "tuple[int, list[Extra]]":
    """Which further mentors would match most of those who have nobody, and of how many people that was asked."""
    run = await visible_run(tx, caller, run_id)
    names = [name for name, _ in await outcomes.unmatched_page(tx, run_id, "", ALONE)]
    return await asyncio.to_thread(_asked_aside, tx, run, partial(_missing_mentors, names=frozenset(names)))


def _asked_aside(tx: Tx, run: Run, answer: Callable[[Problem], T]) -> T:
    """An answer about everybody in a run's programme, read and worked out in a thread of its own."""
    return asyncio.run(_asked(url_of(tx), tx.state, run, answer))


async def _asked(url: str, state: Mapping[str, Any], run: Run, answer: Callable[[Problem], T]) -> T:
    database = Database(url, "/mentorship/matching", pool=1, state=state)
    try:
        async with database.transaction() as tx:
            programme = await programmes.find_programme(tx, run.programme_id)
            if programme is None:
                raise Missing
            pool = await pool_of(tx, programme, await rules_for(tx, run, programme), RunOptions(mode="free"))
        return answer(pool.problem)
    finally:
        await database.close()


def _why_unmatched(problem: Problem, employee: str) -> "Unmatched":
    person = next((one for one in problem.mentees if one.employee_id == employee), None)
    if person is None:
        raise BadValue("employee_id", "Does not look for anybody in this programme now.")
    from matching.domain.explain import why_unmatched  # noqa: PLC0415  takes the engine in, in this thread

    return why_unmatched(problem, person)


def _missing_mentors(problem: Problem, names: frozenset[str]) -> "tuple[int, list[Extra]]":
    from matching.domain.explain import missing_mentors  # noqa: PLC0415  takes the engine in, in this thread

    alone = [one for one in problem.mentees if one.employee_id in names]
    return len(alone), missing_mentors(problem, alone)
