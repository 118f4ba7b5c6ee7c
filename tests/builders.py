"""Builders of events: valid by default, with what a test cares about given by name."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from chassis.ids import uuid7
from contracts.hr import EmployeeChanged, EmployeeErased, EmployeeHired, EmployeeLeft
from contracts.matching import MatchActivated, MatchEnded, MatchProposed, Member, ProgrammeOpened

_versions = count(1_750_000_000_000)
SOON = timedelta(days=7)


def a_version() -> int:
    """A version of an HR record, newer than every one before: epoch milliseconds."""
    return next(_versions)


def _record(employee_id: str, given: dict[str, Any]) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "employee_id": employee_id,
        "version": a_version(),
        "display_name": f"Person {employee_id}",
        "email": f"{employee_id.lower()}@example.com",
        "department": "Engineering",
        "job_title": "Engineer",
        "level": 3,
        "location": "Berlin",
        "timezone": "Europe/Berlin",
        "languages": ("en",),
        "skills": ("python",),
        "hired_on": "2024-01-01",
        "effective_on": "2024-01-01",
    }
    return usual | given


def hired(employee_id: str, **given: Any) -> EmployeeHired:
    """Somebody who joined in 2024."""
    return EmployeeHired.model_validate(_record(employee_id, given))


def changed(employee_id: str, **given: Any) -> EmployeeChanged:
    """The same record again, in a newer version."""
    return EmployeeChanged.model_validate(_record(employee_id, given))


def left(employee_id: str, **given: Any) -> EmployeeLeft:
    """Somebody whose last day is long over."""
    usual = {"employee_id": employee_id, "version": a_version(), "left_on": "2025-01-31", "reason": "voluntary"}
    return EmployeeLeft.model_validate(usual | given)


def erased(employee_id: str, **given: Any) -> EmployeeErased:
    """Somebody to be forgotten."""
    return EmployeeErased.model_validate({"employee_id": employee_id, "version": a_version()} | given)


def pair(mentor: str = "E-mentor", mentee: str = "E-mentee") -> tuple[Member, ...]:
    """A mentor and a mentee."""
    return (Member(employee_id=mentor, role="mentor"), Member(employee_id=mentee, role="mentee"))


def _match(members: Sequence[Member] | None, given: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    usual: dict[str, Any] = {
        "match_id": uuid7(),
        "programme_id": uuid7(),
        "run_id": uuid7(),
        "format": "one_on_one",
        "members": tuple(members or pair()),
        "score": 7500,
        "proposed_at": now,
        "respond_by": now + SOON,
    }
    return usual | given


def match_proposed(members: Sequence[Member] | None = None, **given: Any) -> MatchProposed:
    """An offer that nobody has answered."""
    match = _match(members, given)
    asked = tuple(member.employee_id for member in match["members"])
    return MatchProposed.model_validate({"status": "proposed", "outstanding": asked} | match)


def match_activated(members: Sequence[Member] | None = None, **given: Any) -> MatchActivated:
    """An offer that everybody accepted."""
    return MatchActivated.model_validate({"status": "active"} | _match(members, given))


def match_ended(members: Sequence[Member] | None = None, **given: Any) -> MatchEnded:
    """An active match that is over."""
    return MatchEnded.model_validate({"status": "ended"} | _match(members, given))


def programme_opened(programme_id: UUID | None = None, **given: Any) -> ProgrammeOpened:
    """A programme in which people can enrol."""
    usual = {"programme_id": programme_id or uuid7(), "format": "one_on_one", "rules_digest": "sha256:0"}
    return ProgrammeOpened.model_validate(usual | given)
