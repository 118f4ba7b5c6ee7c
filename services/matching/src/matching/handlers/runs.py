"""Runs: asked for, worked off elsewhere, looked at, published."""

from dataclasses import dataclass
from uuid import UUID

from chassis.access import Caller
from chassis.errors import Missing
from chassis.preconditions import Precondition
from chassis.transaction import Tx
from matching.adapters.db import outcomes, runs
from matching.adapters.db.runs import Run
from matching.domain.options import RunOptions
from matching.domain.problems import Problem
from matching.domain.refusal import Refused
from matching.domain.rules import Rules
from matching.handlers import publishing
from matching.handlers.programmes import managed_programme

AT_ONCE = 1000
"""A run of more pairs and unmatched people than this is published by a worker, in steps."""


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a run's pairs: offered, or left out because somebody is gone or full by now."""

    run: Run
    offered: int
    left_out: int


async def request_run(
    tx: Tx, caller: Caller, programme_id: UUID, run_id: UUID, options: RunOptions, rules: Rules | None
) -> Run:
    """Queue a run of a programme; a worker takes it. With rules of its own it is only to look at."""
    programme = await managed_programme(tx, caller, programme_id, keep=True)
    programme.must_be_open()
    Problem(programme.format, rules or programme.rules, (), moves=options.moves).must_make_sense()
    if rules is None:
        return await runs.add_run(tx, run_id, programme, options, None)
    trial = options.model_copy(update={"what_if": True})
    return await runs.add_run(tx, run_id, programme, trial, rules.model_dump(mode="json"))


async def visible_run(tx: Tx, caller: Caller, run_id: UUID) -> Run:
    """A run of a programme that the caller manages."""
    run = await runs.find_run(tx, run_id)
    if run is None:
        raise Missing
    await managed_programme(tx, caller, run.programme_id)
    return run


async def locked_run(tx: Tx, caller: Caller, run_id: UUID, expected: Precondition) -> Run:
    """The same, kept from changes by others, as the caller has seen it."""
    await visible_run(tx, caller, run_id)
    # Locks in one order everywhere: run, programme, employees, participants, matches.
    run = await runs.find_run(tx, run_id, lock=True)
    if run is None:
        raise Missing
    expected.check(run.state)
    return run


async def publish_run(tx: Tx, caller: Caller, run_id: UUID, expected: Precondition) -> Published:
    """Offer the run's pairs to their people; publishing it again offers nothing more.

    A large run is only marked: a worker publishes it.
    """
    run = await locked_run(tx, caller, run_id, expected)
    programme = await managed_programme(tx, caller, run.programme_id, keep=True)
    if run.status in {"publishing", "published"}:
        return Published(run, 0, 0)
    must_be_publishable(run)
    programme.must_be_open()
    run = await publishing.begin(tx, run, programme)
    if run.pairs + await outcomes.unmatched_count(tx, run_id) > AT_ONCE:
        return Published(run, 0, 0)
    while run.status == "publishing":
        run = await publishing.step(tx, run, programme)
    return Published(run, run.offered, run.left_out)


def must_be_publishable(run: Run) -> None:
    """Refuses a run that has no pairs to offer, or was only to look at."""
    if run.status != "completed":
        raise Refused("run_not_completed", f"The run is {run.status}; only a completed one can be published.")
    if run.options.what_if:
        raise Refused("run_is_what_if", "This run was only to look at; ask for one under the programme's own rules.")
