"""Who is offered next when an offer came to nothing."""

from dataclasses import dataclass

from matching.domain.offers import DeclineReason, Match


@dataclass(frozen=True, slots=True)
class OfferPolicy:
    """How a programme makes offers beside its runs."""

    cascade_limit: int = 3
    """How many further offers a mentee gets when one of a run comes to nothing; 0: none."""
    self_match: bool = False
    """Whether a mentee may see recommendations and ask a mentor."""
    version: int = 0


def goes_on_after_decline(match: Match, declined_by: str, reason: DeclineReason) -> bool:
    """Whether the mentee is to be offered somebody else: not if it is the mentee who wants nobody now."""
    if not _has_a_mentee(match):
        return False
    return match.side_of(declined_by).role != "mentee" or reason != "no_time"


def goes_on_after_expiry(match: Match) -> bool:
    """The same after a deadline: not if only the mentee kept silent."""
    if match.status != "expired" or not _has_a_mentee(match):
        return False
    silent = {side.role for side in match.sides if side.answer == "open"}
    return silent != {"mentee"}


def mentee_of(match: Match) -> str:
    """Who looks for somebody in this match."""
    return next(side.employee_id for side in match.sides if side.role == "mentee")


def _has_a_mentee(match: Match) -> bool:
    """Among peers nobody comes first, so nobody is offered next: the next run sees to both."""
    return any(side.role == "mentee" for side in match.sides)
