"""What sessions listens to."""

from chassis.subscription import Subscription, TimerHandler, on, on_batch, project
from contracts.hr import EmployeeErased
from contracts.matching import (
    EmployeeActivated,
    EmployeeDeparted,
    MatchActivated,
    MatchEnded,
    ProgrammeClosed,
    ProgrammeOpened,
)
from sessions import handlers

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    on(MatchActivated, do=handlers.open_relationship),
    on(MatchEnded, do=handlers.close_relationship),
    on(EmployeeDeparted, do=handlers.release_departed),
    on_batch(EmployeeActivated, do=handlers.welcome_arrived),
    on(EmployeeErased, do=handlers.forget_employee),
    project(ProgrammeOpened, ProgrammeClosed, do=handlers.remember_programmes, tables=("programme",)),
)

TIMERS: dict[str, TimerHandler] = {handlers.MISSED: handlers.mark_missed}
