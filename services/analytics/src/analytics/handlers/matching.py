"""Programmes, who takes part, runs, and what becomes of offers."""

from collections.abc import Sequence

from analytics.adapters import db
from analytics.handlers.envelope import fact, member, state
from chassis.subscription import Received
from chassis.transaction import Tx
from contracts.matching import (
    MatchState,
    ParticipantState,
    ParticipantWaitlisted,
    ParticipantWithdrawn,
    ProgrammeOpened,
    ProgrammeState,
    RunState,
)


async def record_programmes(tx: Tx, batch: Sequence[Received[ProgrammeState]]) -> None:
    """Keep each programme's format, owner and whether it is open."""
    await db.hold_erasures(tx)
    rows = [{**state(received), "open": isinstance(received.event, ProgrammeOpened)} for received in batch]
    await db.keep_newest(tx, db.programme, rows)


async def record_participants(tx: Tx, batch: Sequence[Received[ParticipantState]]) -> None:
    """Keep who takes part, as what and in which arm, and each enrolment, withdrawal and empty-handed run."""
    await db.hold_erasures(tx)
    states = [
        {
            **state(received),
            "mentor": "mentor" in received.event.roles,
            "mentee": "mentee" in received.event.roles,
            "peer": "peer" in received.event.roles,
            "enrolled": not isinstance(received.event, ParticipantWaitlisted | ParticipantWithdrawn),
        }
        for received in batch
    ]
    await db.keep_newest(tx, db.participant, states)
    await db.record_once(tx, db.participant_fact, [fact(received) for received in batch])


async def record_runs(tx: Tx, batch: Sequence[Received[RunState]]) -> None:
    """Keep what each run found."""
    await db.keep_newest(tx, db.run, [state(received) for received in batch])


async def record_matches(tx: Tx, batch: Sequence[Received[MatchState]]) -> None:
    """Record what became of each offer, and between whom it was."""
    await db.hold_erasures(tx)
    members = [member(received, **dict(one)) for received in batch for one in received.event.members]
    await db.record_once(tx, db.match_fact, [fact(received) for received in batch])
    await db.record_once(tx, db.match_member, members)
