"""`python -m chassis.migrate SERVICE`: bring a service's database to its newest revision."""

import asyncio
import importlib
import os
import sys
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, pool
from sqlalchemy.exc import DBAPIError

from chassis.engines import engine_of
from chassis.failures import DRIVER_ERRORS, sqlstate_of

URL_VARIABLE = "MENTORSHIP_MIGRATION_DATABASE_URL"
LOCK_SECONDS = 5.0
"""How long a migration waits for a table that is in use: as long as it does, everybody else waits behind it."""
_LOCK_NOT_AVAILABLE = "55P03"


def config_of(service: str, url: str | None = None) -> Config:
    """Alembic's configuration of a service; without `url` it can only read the scripts."""
    package = importlib.import_module(service)
    config = Config()
    config.set_main_option("script_location", str(Path(str(package.__file__)).parent / "migrations"))
    if url:
        config.attributes["url"] = url
    return config


def upgrade(service: str, url: str) -> None:
    """Migrate to the newest revision. Not to be called from inside an event loop: use `asyncio.to_thread` there."""
    command.upgrade(config_of(service, url), "head")


def run_env(metadata: MetaData) -> None:
    """What a service's `migrations/env.py` does: migrate online, under a lock, in one transaction."""
    given = context.config.attributes.get("connection")
    if given is not None:
        _migrate(given, metadata)
        return
    url = context.config.attributes.get("url") or os.environ[URL_VARIABLE]
    asyncio.run(_migrate_online(url, metadata))


async def _migrate_online(url: str, metadata: MetaData) -> None:
    engine = engine_of(url, poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7310245)")
        await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS * 1000:.0f}ms'")
        await connection.run_sync(_migrate, metadata)
    await engine.dispose()


def _migrate(connection: Connection, metadata: MetaData) -> None:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


def _given_url() -> str:
    """From the environment, or from the file of the same name in lower case in `$MENTORSHIP_SECRETS_DIR`."""
    if URL_VARIABLE in os.environ:
        return os.environ[URL_VARIABLE]
    file = Path(os.environ.get("MENTORSHIP_SECRETS_DIR", "")) / URL_VARIABLE.lower()
    return file.read_text().strip() if file.is_file() else ""


def main(arguments: list[str]) -> int:
    """Exit 0 when the database is at the newest revision, 1 when that cannot be just now, 2 when called wrongly."""
    url = _given_url()
    if len(arguments) != 1 or not url:
        sys.stderr.write(f"usage: {URL_VARIABLE}=postgresql://... python -m chassis.migrate SERVICE\n")
        return 2
    try:
        upgrade(arguments[0], url)
    except (OSError, *DRIVER_ERRORS) as error:  # of the connection; a migration's own come as SQLAlchemy's
        sys.stderr.write(f"The database of {arguments[0]} does not let us in: {str(error) or type(error).__name__}\n")
        return 1
    except DBAPIError as error:
        if sqlstate_of(error) != _LOCK_NOT_AVAILABLE:
            raise
        sys.stderr.write(f"A table of {arguments[0]} is in use for longer than {LOCK_SECONDS:.0f} s: try again.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
