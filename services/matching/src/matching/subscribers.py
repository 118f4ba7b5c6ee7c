"""What matching hears, and what it does when time has come."""

from chassis.subscription import Subscription, TimerHandler, on_batch
from contracts.hr import EmployeeChanged, EmployeeErased, EmployeeHired, EmployeeLeft
from matching.handlers.deadlines import (
    EXPIRE,
    EXPIRE_ONE,
    REMIND,
    REMIND_ONE,
    expire_offer,
    expire_offers,
    remind_of_offer,
    remind_of_offers,
)
from matching.handlers.directory import ACT_ON_DAY, act_on_day, keep_directory, note_copies, note_given_up
from matching.handlers.enrolment import (
    ADMIT,
    ENROL,
    ENROL_EVERYBODY,
    RESUME,
    admit_waiting,
    enrol_everybody,
    enrol_some,
    resume_on_time,
)

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    # Everything under HR's subjects: what nobody knows is dead-lettered here, once for the company.
    on_batch(
        EmployeeHired,
        EmployeeChanged,
        EmployeeLeft,
        EmployeeErased,
        do=keep_directory,
        copies=note_copies,
        given_up=note_given_up,
        everything_under="hr.employee.>",
    ),
)

TIMERS: dict[str, TimerHandler] = {
    ACT_ON_DAY: act_on_day,
    ADMIT: admit_waiting,
    ENROL: enrol_some,
    ENROL_EVERYBODY: enrol_everybody,
    EXPIRE: expire_offers,
    EXPIRE_ONE: expire_offer,
    REMIND: remind_of_offers,
    REMIND_ONE: remind_of_offer,
    RESUME: resume_on_time,
}
