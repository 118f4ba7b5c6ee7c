"""What matching hears, and what it does when time has come."""

from chassis.subscription import Subscription, TimerHandler, on_batch
from contracts.hr import EmployeeChanged, EmployeeErased, EmployeeHired, EmployeeLeft
from matching.handlers.deadlines import EXPIRE, REMIND, expire_offers, remind_of_offers
from matching.handlers.directory import ACT_ON_DAY, act_on_day, keep_directory, note_copies, note_given_up

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
    EXPIRE: expire_offers,
    REMIND: remind_of_offers,
}
