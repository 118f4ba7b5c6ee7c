"""What is told when something happens to a match, a relationship or a session."""

from chassis.subscription import Received
from chassis.transaction import Tx
from contracts.matching import MatchState
from contracts.sessions import RelationshipState, SessionState
from notifications.adapters import db
from notifications.domain import notices
from notifications.handlers.reminders import follow
from notifications.handlers.telling import Occasion, tell


async def tell_of_match(tx: Tx, received: Received[MatchState]) -> None:
    """Tell the people in a match what it needs of them or what became of it."""
    known = await db.learn(tx, received.event, received.version)
    told = notices.of_match(received.event, known.previous)
    await tell(tx, told, Occasion(received.identity, known.current))


async def tell_of_relationship(tx: Tx, received: Received[RelationshipState]) -> None:
    """Tell the people of a relationship that it began or ended."""
    known = await db.learn(tx, received.event, received.version)
    await tell(tx, notices.of_relationship(received.event), Occasion(received.identity, known.current))


async def tell_of_session(tx: Tx, received: Received[SessionState]) -> None:
    """Tell the members of a session of its date, and let its reminders follow it."""
    known = await db.learn(tx, received.event, received.version)
    if known.is_news:
        await follow(tx, received.event, known.previous, received.time)
    await tell(tx, notices.of_session(received.event), Occasion(received.identity, known.current))
