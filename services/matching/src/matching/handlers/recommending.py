"""Recommendations: the best mentors for somebody, in one question to the database and without a change to it.

Only where many of the best have no place left, it is asked once more, of those who come after them.
"""

from uuid import UUID

from chassis.access import Caller
from chassis.errors import Missing, Unavailable
from chassis.transaction import Tx
from matching.adapters.db import policies
from matching.adapters.db.policies import Prospects
from matching.domain.board import Suggestion
from matching.domain.programmes import must_be_open
from matching.domain.refusal import Refused
from matching.handlers.boards import Boards
from matching.handlers.programmes import manages

_SPARE = 5
"""How many more are asked for than are to be shown: some have no place."""
_FURTHEST = 400
"""How many of the best are asked for at most where few of them have a place."""


async def recommend(
    tx: Tx, caller: Caller, boards: Boards, programme_id: UUID, mentee: str | None, count: int
) -> list[Suggestion]:
    """The best mentors with a free place for the caller, or for somebody whom a manager names."""
    who, ahead = mentee or caller.subject, count + _SPARE
    while True:
        # What the board knows goes into the question; a board that is not there is asked for by those who may ask.
        found = boards.known(programme_id, who, ahead)
        names = [name for name, _ in found or ()]
        prospects = _allowed(caller, await policies.prospects_of(tx, programme_id, who, names), who)
        if not prospects.asks:
            # A board may be older than that somebody left, and one must not be made for each who never was on it.
            return []
        if found is None:
            best = boards.best(programme_id, who, 1)
            if best is None:
                raise Unavailable("Recommendations are being prepared; ask again.", retry_after=2, code="warming")
            if best:  # the board has come while the database was asked, and with it the names to ask for
                continue
            return []
        free = [one for one in found if one[0] in prospects.free]
        if len(free) >= count or len(found) < ahead or ahead >= _FURTHEST:
            return boards.show(programme_id, who, free[:count])
        ahead *= 4


def _allowed(caller: Caller, prospects: Prospects | None, who: str) -> Prospects:
    if prospects is None:
        raise Missing
    if not manages(caller, prospects):
        if prospects.status == "draft" or who != caller.subject:
            raise Missing
        if not prospects.self_match:
            raise Refused("self_match_off", "In this programme mentors are not asked by mentees.")
    if prospects.format == "peer":
        raise Refused("no_mentors", "Among peers nobody is a mentor.")
    must_be_open(prospects.status)
    return prospects
