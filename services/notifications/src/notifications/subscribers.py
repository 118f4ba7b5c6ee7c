"""What this service listens to, and what it does when a timer is due."""

from chassis.subscription import Subscription, TimerHandler, on, project
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
)
from contracts.sessions import (
    RelationshipClosed,
    RelationshipOpened,
    SessionCancelled,
    SessionHeld,
    SessionMissed,
    SessionRescheduled,
    SessionScheduled,
)
from notifications import handlers

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    project(EmployeeHired, EmployeeChanged, do=handlers.learn_addresses, tables=("address",)),
    project(EmployeeActivated, EmployeeDeparted, do=handlers.learn_presence, tables=("presence",)),
    on(EmployeeErased, do=handlers.forget_person),
    on(
        MatchProposed,
        MatchAccepted,
        MatchReminded,
        MatchActivated,
        MatchDeclined,
        MatchExpired,
        MatchEnded,
        do=handlers.tell_of_match,
    ),
    on(RelationshipOpened, RelationshipClosed, do=handlers.tell_of_relationship),
    on(SessionScheduled, SessionRescheduled, SessionCancelled, SessionHeld, SessionMissed, do=handlers.tell_of_session),
)

TIMERS: dict[str, TimerHandler] = {handlers.REMINDER: handlers.remind}
