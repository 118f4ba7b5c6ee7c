"""How a command reaches a service's database: with the service's own settings, or the platform's on this machine."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import typer

from mentorship.local.databases import SERVICES
from mentorship.problem import Problem

DatabaseUrl = typer.Option(
    None, "--database", envvar="MENTORSHIP_DATABASE_URL", help="Database of the one service; else those that run here."
)
ServiceNames = typer.Option(None, "--service", help="Only this service; repeat for several.")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def database_urls(services: list[str] | None, url: str | None) -> dict[str, str]:
    """The database of each service asked for."""
    if unknown := sorted(set(services or ()) - set(SERVICES)):
        raise Problem(f"There is no service {', '.join(unknown)}: the services are {', '.join(SERVICES)}.")
    if url is not None:
        if services is None or len(services) != 1:
            raise Problem("A database belongs to one service: name it with --service.")
        return {services[0]: url}
    from mentorship.local.home import running_platform

    platform = running_platform()
    return {service: platform.database_url(service) for service in services or SERVICES}


@asynccontextmanager
async def opened(service: str, url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection until the end of the block; a Problem where the database does not answer."""
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        raise Problem(f"The database of {service} does not let us in: {str(error) or type(error).__name__}.") from None
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


def instant(text: str, now: datetime) -> datetime:
    """The instant that `2h`, `3d` (ago) or an ISO date or time means; without an offset it is UTC."""
    if found := re.fullmatch(r"(\d{1,6})([smhd])", text):
        return now - timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise Problem(f"{text} is no time: write 2h, 3d or 2026-05-17T08:00Z.") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
