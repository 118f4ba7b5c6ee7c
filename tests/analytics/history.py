"""A made-up but whole history of one programme, as the messages that analytics would hear of it."""

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text

from analytics.adapters.db import metadata
from analytics.subscribers import SUBSCRIPTIONS
from chassis.ids import identity_of
from chassis.subscription import Received
from chassis.transaction import Database
from contracts import matching, notifications, sessions
from contracts.event import Event
from tests import builders

Heard = Received[Any]

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PROGRAMME = UUID("01955e3a-0000-7000-8000-000000000001")
OWNER = "MANAGER-1"
PROJECTIONS = tuple(sorted({table for row in SUBSCRIPTIONS for table in row.tables}))


class History:
    """Says events one after the other, each with the next version of its thing."""

    def __init__(self, programme: UUID = PROGRAMME, seed: int = 0) -> None:
        self.heard: list[Heard] = []
        self.programme = programme
        self.random = random.Random(seed)
        self.now = BEGIN
        self._versions: dict[str, int] = {}
        self._numbers = count(1)
        self._seed = seed

    def id(self) -> UUID:
        """A new id, the same in every run."""
        return uuid5(self.programme, f"{self._seed}/{next(self._numbers)}")

    def wait(self, **duration: float) -> None:
        """Let time pass."""
        self.now += timedelta(**duration)

    def say(self, event: Event) -> Heard:
        """Hear one event."""
        thing = f"{type(event).__module__}/{event.about}/{event.thing_id}"
        self._versions[thing] = self._versions.get(thing, 0) + 1
        event_id = f"{self._seed}-{len(self.heard)}"
        source = "/hr/test" if event.subject.startswith("hr.") else f"/mentorship/{event.subject.split('.')[1]}"
        received = Received(
            event=event,
            id=event_id,
            source=source,
            identity=identity_of(source, event_id),
            time=self.now,
            version=0 if source == "/hr/test" else self._versions[thing],
            subject=event.subject,
        )
        self.heard.append(received)
        return received

    def open(self, **given: Any) -> None:
        """The programme opens."""
        self.say(
            matching.ProgrammeOpened.model_validate(
                {"programme_id": self.programme, "format": "one_on_one", "owner_id": OWNER, "rules_digest": "00"}
                | given
            )
        )

    def hire(self, *people: str, **given: Any) -> None:
        """People join the company and start."""
        for person in people:
            self.say(builders.hired(person, **given))
            self.say(matching.EmployeeActivated(employee_id=person))

    def place(self, person: str, role: str = "mentee", **given: Any) -> dict[str, Any]:
        """Somebody's place in the programme."""
        return {
            "participant_id": uuid5(self.programme, person),
            "programme_id": self.programme,
            "employee_id": person,
            "roles": (role,),
            "capacity": 1,
        } | given

    def enrol(self, *people: str, role: str = "mentee", **given: Any) -> None:
        """People take part."""
        for person in people:
            self.say(matching.ParticipantEnrolled.model_validate(self.place(person, role, **given)))

    def withdraw(self, person: str, role: str = "mentee") -> None:
        """Somebody takes part no longer."""
        self.say(matching.ParticipantWithdrawn.model_validate(self.place(person, role)))

    def offer(self, mentor: str, mentee: str) -> dict[str, Any]:
        """Two people are asked."""
        match = {
            "match_id": self.id(),
            "programme_id": self.programme,
            "format": "one_on_one",
            "members": [{"employee_id": mentor, "role": "mentor"}, {"employee_id": mentee, "role": "mentee"}],
            "status": "proposed",
            "score": 8000,
            "proposed_at": self.now,
            "respond_by": self.now + timedelta(days=7),
            "outstanding": [mentor, mentee],
        }
        self.say(matching.MatchProposed.model_validate(match))
        return match

    def activate(self, match: dict[str, Any]) -> dict[str, Any]:
        """Both accept; the relationship opens."""
        for member in match["members"]:
            answered = {**match, "accepted_by": member["employee_id"], "outstanding": []}
            self.say(matching.MatchAccepted.model_validate(answered))
        self.say(matching.MatchActivated.model_validate({**match, "status": "active", "outstanding": []}))
        relationship = {
            "relationship_id": match["match_id"],
            "programme_id": self.programme,
            "format": "one_on_one",
            "members": match["members"],
            "status": "open",
        }
        self.say(sessions.RelationshipOpened.model_validate(relationship))
        return relationship

    def meet(self, relationship: dict[str, Any], end: str = "held", minutes: int = 60) -> dict[str, Any]:
        """A session is scheduled, moved, and then held, missed or cancelled; or, with `scheduled`, lies ahead."""
        people = [member["employee_id"] for member in relationship["members"]]
        session: dict[str, Any] = {
            "session_id": self.id(),
            "relationship_id": relationship["relationship_id"],
            "programme_id": self.programme,
            "members": people,
            "organizer_id": people[0],
            "starts_at": self.now + timedelta(days=1),
            "timezone": "Europe/Berlin",
            "duration_minutes": 30,
            "status": "scheduled",
            "calendar_sequence": 0,
        }
        self.say(sessions.SessionScheduled.model_validate(session))
        session |= {"calendar_sequence": 1, "duration_minutes": minutes}
        self.say(sessions.SessionRescheduled.model_validate(session))
        if end == "held":
            self.say(sessions.SessionHeld.model_validate({**session, "status": end, "attended": people}))
        elif end == "missed":
            self.say(sessions.SessionMissed.model_validate({**session, "status": end}))
        elif end == "cancelled":
            self.say(sessions.SessionCancelled.model_validate({**session, "status": end, "reason": "by_member"}))
        return session

    def rate(self, session: dict[str, Any], author: str, usefulness: int, fit: int | None = None) -> None:
        """Somebody says how useful a session was."""
        names = ("session_id", "relationship_id", "programme_id")
        given = {name: session[name] for name in names} | {"author_id": author, "usefulness": usefulness, "fit": fit}
        self.say(sessions.FeedbackGiven.model_validate({"feedback_id": self.id(), **given}))

    def aim(self, relationship: dict[str, Any], owner: str, *progress: int) -> None:
        """A goal is set and followed up."""
        goal = {
            "goal_id": self.id(),
            "relationship_id": relationship["relationship_id"],
            "programme_id": self.programme,
            "owner_id": owner,
            "code": "speaking",
        }
        self.say(sessions.GoalSet.model_validate({**goal, "progress": 0}))
        for reached in progress:
            kind = sessions.GoalAchieved if reached == 100 else sessions.GoalProgressed
            self.say(kind.model_validate({**goal, "progress": reached}))

    def message(
        self, person: str, *, kind: str = "match-proposed", failed: bool = False, suppressed: bool = False
    ) -> None:
        """A mail is sent to somebody, or is not."""
        given = {"message_id": self.id(), "employee_id": person, "kind": kind, "channel": "email"}
        if failed:
            self.say(notifications.MessageFailed.model_validate({**given, "reason": "unreachable"}))
        elif suppressed:
            self.say(notifications.MessageSuppressed.model_validate({**given, "reason": "preference"}))
        else:
            self.say(notifications.MessageSent.model_validate({**given, "late_seconds": 0.5}))


def a_whole_history(pairs: int = 8, seed: int = 0) -> History:
    """A programme of `pairs` pairs in which everything happens, one leaver and one who is erased included."""
    history = History(seed=seed)
    history.open()
    mentors, mentees = [f"T{seed}-{n}" for n in range(pairs)], [f"S{seed}-{n}" for n in range(pairs)]
    for number, person in enumerate((*mentors, *mentees)):
        history.hire(person, department=("Sales", "Research")[number % 2], level=number % 11)
    history.enrol(*mentors, role="mentor")
    history.enrol(*mentees, role="mentee")
    history.wait(hours=5)
    _run(history, pairs)
    for number, (mentor, mentee) in enumerate(zip(mentors, mentees, strict=True)):
        _story(history, mentor, mentee, number)
    history.withdraw(mentees[-1])
    history.say(builders.changed(mentors[0], department="Legal"))
    history.say(builders.left(mentors[1]))
    history.say(matching.EmployeeDeparted(employee_id=mentors[1]))
    history.say(builders.erased(mentees[2]))
    history.say(matching.EmployeeDeparted(employee_id=mentees[2]))
    return history


def _run(history: History, pairs: int) -> None:
    run = {"run_id": history.id(), "programme_id": history.programme, "people": 2 * pairs}
    history.say(matching.RunStarted.model_validate({**run, "status": "running"}))
    history.say(matching.RunProgressed.model_validate({**run, "status": "running", "percent": 50}))
    done = {**run, "status": "completed", "pairs": pairs, "total_score": 8000 * pairs, "upper_bound": 8100 * pairs}
    history.say(matching.RunCompleted.model_validate(done))


def _story(history: History, mentor: str, mentee: str, number: int) -> None:
    history.wait(hours=number)
    match = history.offer(mentor, mentee)
    history.message(mentor)
    history.message(mentee, failed=number == 3)
    if number % 4 == 3:
        history.say(matching.MatchDeclined.model_validate({**match, "status": "declined", "declined_by": mentor}))
        run_id, reason = history.id(), "no_candidates"
        place = {**history.place(mentee), "run_id": run_id, "reason": reason}
        history.say(matching.ParticipantUnmatched.model_validate(place))
        return
    relationship = history.activate(match)
    session = history.meet(relationship, ("held", "held", "missed")[number % 3], minutes=45)
    history.meet(relationship, ("scheduled", "cancelled")[number % 2])
    history.rate(session, mentor, 1 + number % 5, 4)
    history.rate(session, mentee, 5 - number % 3)
    history.aim(relationship, mentee, *((40, 100) if number % 2 else (20,)))
    if number == 0:
        closed = {**relationship, "status": "closed", "reason": "completed"}
        history.say(sessions.RelationshipClosed.model_validate(closed))
        history.say(matching.MatchEnded.model_validate({**match, "status": "ended", "reason": "completed"}))


async def deliver(database: Database, heard: Sequence[Heard]) -> None:
    """Give a batch to the handlers that subscribe to it, as the consumers would."""
    for row in SUBSCRIPTIONS:
        mine = [received for received in heard if isinstance(received.event, row.events)]
        if mine:
            async with database.transaction() as tx:
                await row.handler(tx, mine)


async def rows_of(database: Database, tables: Iterable[str] = PROJECTIONS) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the projections, sorted."""
    async with database.transaction() as tx:
        return {
            table: sorted((tuple(row) for row in await tx.connection.execute(text(f"SELECT * FROM {table}"))), key=repr)
            for table in tables
        }


async def empty(database: Database, tables: Iterable[str] = PROJECTIONS) -> None:
    """Empty projections, as a replay does."""
    assert set(tables) <= set(metadata.tables)
    async with database.transaction() as tx:
        for table in tables:
            await tx.connection.execute(text(f"DELETE FROM {table}"))
