"""Programmes, who takes part, runs, and what becomes of offers."""

from collections.abc import Sequence

from analytics.adapters import db
from analytics.handlers.envelope import fact, state
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
    rows = [
        {
            **state(received),
            "programme_id": received.event.programme_id,
            "format": received.event.format,
            "owner_id": received.event.owner_id,
            "open": isinstance(received.event, ProgrammeOpened),
        }
        for received in batch
    ]
    await db.keep_newest(tx, db.programme, rows)


async def record_participants(tx: Tx, batch: Sequence[Received[ParticipantState]]) -> None:
    """Keep who takes part, as what and in which arm, and each enrolment, withdrawal and empty-handed run."""
    await db.hold_erasures(tx)
    places = [
        {
            "participant_id": received.event.participant_id,
            "programme_id": received.event.programme_id,
            "employee_id": received.event.employee_id,
        }
        for received in batch
    ]
    states = [
        {
            **state(received),
            **place,
            "mentor": "mentor" in received.event.roles,
            "mentee": "mentee" in received.event.roles,
            "peer": "peer" in received.event.roles,
            "arm": received.event.arm,
            "enrolled": not isinstance(received.event, ParticipantWaitlisted | ParticipantWithdrawn),
        }
        for received, place in zip(batch, places, strict=True)
    ]
    facts = [{**fact(received), **place} for received, place in zip(batch, places, strict=True)]
    await db.keep_newest(tx, db.participant, states)
    await db.record_once(tx, db.participant_fact, facts)


async def record_runs(tx: Tx, batch: Sequence[Received[RunState]]) -> None:
    """Keep what each run found."""
    rows = [
        {
            **state(received),
            "run_id": received.event.run_id,
            "programme_id": received.event.programme_id,
            "status": received.event.status,
            "people": received.event.people,
            "pairs": received.event.pairs,
            "total_score": received.event.total_score,
            "upper_bound": received.event.upper_bound,
            "seconds": received.event.seconds,
        }
        for received in batch
    ]
    await db.keep_newest(tx, db.run, rows)


async def record_matches(tx: Tx, batch: Sequence[Received[MatchState]]) -> None:
    """Record what became of each offer, and between whom it was."""
    await db.hold_erasures(tx)
    facts = [
        {**fact(received), "match_id": received.event.match_id, "programme_id": received.event.programme_id}
        for received in batch
    ]
    members = [
        {
            "match_id": received.event.match_id,
            "programme_id": received.event.programme_id,
            "employee_id": member.employee_id,
            "role": member.role,
        }
        for received in batch
        for member in received.event.members
    ]
    await db.record_once(tx, db.match_fact, facts)
    await db.record_once(tx, db.match_member, members)
