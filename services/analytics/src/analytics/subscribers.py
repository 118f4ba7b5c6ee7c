"""What analytics hears, and the projections that each handler keeps."""

from analytics import handlers
from chassis.subscription import Subscription, TimerHandler, project
from contracts.hr import EmployeeChanged, EmployeeErased, EmployeeHired
from contracts.matching import (
    EmployeeActivated,
    EmployeeDeparted,
    MatchAccepted,
    MatchActivated,
    MatchDeclined,
    MatchEnded,
    MatchExpired,
    MatchProposed,
    MatchReminded,
    ParticipantEnrolled,
    ParticipantHeldOut,
    ParticipantUnmatched,
    ParticipantWaitlisted,
    ParticipantWithdrawn,
    ProgrammeClosed,
    ProgrammeOpened,
    RunCompleted,
    RunFailed,
    RunProgressed,
    RunStarted,
)
from contracts.notifications import MessageFailed, MessageSent, MessageSuppressed
from contracts.sessions import (
    FeedbackGiven,
    GoalAchieved,
    GoalProgressed,
    GoalSet,
    RelationshipClosed,
    RelationshipOpened,
    SessionCancelled,
    SessionHeld,
    SessionMissed,
    SessionRescheduled,
    SessionScheduled,
)

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    project(
        EmployeeHired, EmployeeChanged, EmployeeErased, do=handlers.record_employees, tables=("employee", "erased")
    ),
    project(EmployeeActivated, EmployeeDeparted, do=handlers.record_employment, tables=("employment",)),
    project(ProgrammeOpened, ProgrammeClosed, do=handlers.record_programmes, tables=("programme",)),
    project(
        ParticipantEnrolled,
        ParticipantWaitlisted,
        ParticipantHeldOut,
        ParticipantWithdrawn,
        ParticipantUnmatched,
        do=handlers.record_participants,
        tables=("participant", "participant_fact"),
    ),
    project(RunStarted, RunProgressed, RunCompleted, RunFailed, do=handlers.record_runs, tables=("run",)),
    project(
        MatchProposed,
        MatchAccepted,
        MatchReminded,
        MatchActivated,
        MatchDeclined,
        MatchExpired,
        MatchEnded,
        do=handlers.record_matches,
        tables=("match_fact", "match_member"),
    ),
    project(
        RelationshipOpened,
        RelationshipClosed,
        do=handlers.record_relationships,
        tables=("relationship", "relationship_member"),
    ),
    project(
        SessionScheduled,
        SessionRescheduled,
        SessionCancelled,
        SessionHeld,
        SessionMissed,
        do=handlers.record_sessions,
        tables=("session", "session_fact", "session_member"),
    ),
    project(GoalSet, GoalProgressed, GoalAchieved, do=handlers.record_goals, tables=("goal",)),
    project(FeedbackGiven, do=handlers.record_feedback, tables=("feedback_fact",)),
    project(MessageSent, MessageFailed, MessageSuppressed, do=handlers.record_messages, tables=("message_fact",)),
)

TIMERS: dict[str, TimerHandler] = {}
