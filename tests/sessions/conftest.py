"""The sessions service over a real database; what it hears is delivered by hand, in whatever order a test wants."""

import json
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from mentorship.local.issuer import Issuer
from sessions.adapters.db import metadata
from sessions.main import service
from sessions.settings import SessionsSettings
from tests.fixtures.databases import Databases
from tests.sessions.here import Here


def write_keys(path: Path, *ids: str) -> Path:
    """A key file with fresh keys of these ids, newest first; keys that are there stay the same."""
    known = {entry["id"]: entry["key"] for entry in json.loads(path.read_text())} if path.exists() else {}
    entries = [{"id": one, "key": known.get(one) or b64encode(secrets.token_bytes(32)).decode()} for one in ids]
    path.write_text(json.dumps(entries))
    return path


@pytest.fixture
def note_keys(tmp_path: Path) -> Path:
    """A key file with one key."""
    return write_keys(tmp_path / "note-keys.json", "k1")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_database(postgres: Databases) -> AsyncIterator[str]:
    """One database of sessions for all of these tests: to empty it is quicker than to make another."""
    async with postgres.database("sessions") as url:
        yield url


@pytest.fixture
async def database_url(postgres: Databases, shared_database: str) -> str:
    """A database of sessions with nothing in it."""
    tables = ", ".join(f'"{table}"' for table in metadata.tables)
    connection = await asyncpg.connect(postgres.owner_url(shared_database))
    await connection.execute(f"TRUNCATE {tables}")
    await connection.close()
    return shared_database


@pytest.fixture
async def here(database_url: str, issuer: Issuer, note_keys: Path) -> AsyncIterator[Here]:
    """The service, answering requests but connected to no bus."""
    settings = SessionsSettings(
        database_url=database_url,
        issuer=issuer.url,
        jwks_url=f"{issuer.url}/.well-known/jwks.json",
        note_keys_file=note_keys,
        missed_grace_minutes=1440,
        requests_per_second=0,
    )
    here = Here(service(settings), issuer)
    try:
        await here.answers()
        yield here
    finally:
        await here.close()
