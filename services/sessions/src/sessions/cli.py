"""Commands of sessions: after a new key was put first in the key file, wrap all data keys by it."""

import asyncio
import sys

from chassis.transaction import Database
from sessions.adapters.notes import KeyRing, Notes
from sessions.main import key_ring
from sessions.settings import SessionsSettings


async def rewrap(database: Database, ring: KeyRing) -> int:
    """Wrap every data key by the newest key; how many needed it. What dies on the way goes on when called again."""
    notes, done = Notes(ring), 0
    while True:
        async with database.transaction() as tx:
            wrapped = await notes.rewrap_some(tx)
        if wrapped == 0:
            return done
        done += wrapped


def rewrap_note_keys() -> None:
    """Wrap the keys of all notes by the newest key of the key file; when it finds none to wrap, older keys can go."""
    settings = SessionsSettings()
    done = asyncio.run(_rewrap(settings, key_ring(settings)))
    sys.stdout.write(f"{done} data keys are wrapped anew.\n")


async def _rewrap(settings: SessionsSettings, ring: KeyRing) -> int:
    database = Database(settings.database_url.get_secret_value(), "/mentorship/sessions", pool=1)
    try:
        return await rewrap(database, ring)
    finally:
        await database.close()


if __name__ == "__main__":
    rewrap_note_keys()
