"""A match from its offer to its end: a machine of states whose every step returns the events it makes."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.event import Event
from contracts.matching import (
    EndReason,
    Format,
    MatchAccepted,
    MatchActivated,
    MatchDeclined,
    MatchEnded,
    MatchExpired,
    MatchProposed,
    MatchReminded,
    MatchStatus,
    Member,
    Role,
)
from matching.domain.refusal import Refused

Answer = Literal["open", "accepted", "declined"]
DeclineReason = Literal["not_a_fit", "no_time", "other", "unsaid"]
Origin = Literal["run", "cascade", "request", "rematch", "import"]


@dataclass(frozen=True, slots=True)
class Side:
    """One member of a match, the place in the programme that they take up, and their answer."""

    employee_id: str
    role: Role
    participant_id: UUID
    answer: Answer = "open"


@dataclass(frozen=True, slots=True)
class Match:
    """Two people who are asked whether they want each other, or who have said yes."""

    id: UUID
    programme_id: UUID
    run_id: UUID | None
    format: Format
    sides: tuple[Side, ...]
    score: int
    proposed_at: datetime
    respond_by: datetime
    status: MatchStatus = "proposed"
    version: int = 1
    origin: Origin = "run"
    """How it came about: by a run, after another offer came to nothing, asked for, after a poor fit, or taken over."""

    @property
    def members(self) -> tuple[Member, ...]:
        """The people and their roles, as the events name them."""
        return tuple(Member(employee_id=side.employee_id, role=side.role) for side in self.sides)

    @property
    def outstanding(self) -> tuple[str, ...]:
        """Who has not answered yet; nobody once it is settled."""
        return (
            tuple(side.employee_id for side in self.sides if side.answer == "open") if self.status == "proposed" else ()
        )

    @property
    def is_open(self) -> bool:
        """Whether it still binds anybody: an offer or an active match."""
        return self.status in {"proposed", "active"}

    def side_of(self, employee_id: str) -> Side:
        """The member's side; refuses anybody else."""
        for side in self.sides:
            if side.employee_id == employee_id:
                return side
        raise Refused("not_a_member", "Only its members can answer for a match.")


@dataclass(frozen=True, slots=True)
class Step:
    """A match after a step and what is to be said of it, each event with the version it makes."""

    match: Match
    events: tuple[tuple[Event, int], ...] = ()


def propose(match: Match) -> Step:
    """Ask everybody."""
    return Step(match, ((MatchProposed(**_state(match)), match.version),))


def take_over(match: Match) -> Step:
    """Two who are partners already: active without an offer."""
    sides = tuple(replace(side, answer="accepted") for side in match.sides)
    active = replace(match, sides=sides, status="active")
    return Step(active, ((MatchActivated(**_state(active)), active.version),))


def accept(match: Match, employee_id: str, now: datetime) -> Step:
    """One member says yes; the last yes activates. Saying it twice says nothing more."""
    side = match.side_of(employee_id)
    if side.answer == "accepted" and match.is_open:
        return Step(match)
    _must_be_answerable(match, now)
    match = _answered(match, employee_id, "accepted")
    accepted = MatchAccepted(**_state(match), accepted_by=employee_id)
    if match.outstanding:
        return Step(match, ((accepted, match.version),))
    active = replace(match, status="active", version=match.version + 1)
    return Step(active, ((accepted, match.version), (MatchActivated(**_state(active)), active.version)))


def decline(match: Match, employee_id: str, reason: DeclineReason, now: datetime) -> Step:
    """One member says no, also after a yes as long as it is only an offer."""
    side = match.side_of(employee_id)
    if match.status == "declined" and side.answer == "declined":
        return Step(match)
    _must_be_answerable(match, now)
    match = replace(_answered(match, employee_id, "declined"), status="declined")
    event = MatchDeclined(**_state(match), declined_by=employee_id, reason=reason)
    return Step(match, ((event, match.version),))


def expire(match: Match, now: datetime) -> Step:
    """The deadline has passed; nothing happens to what is settled or not due yet."""
    if match.status != "proposed" or now < match.respond_by:
        return Step(match)
    match = replace(match, status="expired", version=match.version + 1)
    return Step(match, ((MatchExpired(**_state(match)), match.version),))


def remind(match: Match, now: datetime) -> Step:
    """The deadline is near: name those who have not answered."""
    if match.status != "proposed" or now >= match.respond_by:
        return Step(match)
    match = replace(match, version=match.version + 1)
    return Step(match, ((MatchReminded(**_state(match)), match.version),))


def end(match: Match, reason: EndReason) -> Step:
    """It is over, for whatever reason; ending what has ended says nothing more."""
    if match.status == "ended":
        return Step(match)
    if not match.is_open:
        raise Refused("match_settled", f"This match is {match.status} already.")
    match = replace(match, status="ended", version=match.version + 1)
    return Step(match, ((MatchEnded(**_state(match), reason=reason), match.version),))


def has_room(capacity: int, taken: int) -> bool:
    """Whether one more fits; `taken` counts active matches and offers that the person has accepted."""
    return taken < capacity


def _must_be_answerable(match: Match, now: datetime) -> None:
    if match.status != "proposed":
        raise Refused("match_settled", f"This match is {match.status} already.")
    if now >= match.respond_by:
        raise Refused("offer_expired", "The time to answer this offer is over.")


def _answered(match: Match, employee_id: str, answer: Answer) -> Match:
    sides = tuple(replace(side, answer=answer) if side.employee_id == employee_id else side for side in match.sides)
    return replace(match, sides=sides, version=match.version + 1)


def _state(match: Match) -> dict[str, object]:
    return {
        "match_id": match.id,
        "programme_id": match.programme_id,
        "run_id": match.run_id,
        "format": match.format,
        "members": match.members,
        "status": match.status,
        "score": match.score,
        "proposed_at": match.proposed_at,
        "respond_by": match.respond_by,
        "outstanding": match.outstanding,
    }
