"""Connections to PostgreSQL through SQLAlchemy, by the same URL that asyncpg and libpq read."""

from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def engine_of(url: str, **options: Any) -> AsyncEngine:
    """An engine for `postgresql://...`, whose `?sslmode=verify-full&sslrootcert=...` counts as it does elsewhere."""
    asked = make_url(url)
    engine = create_async_engine(asked.set(drivername="postgresql+asyncpg"), **options)

    def connect(_: Any, __: Any, ___: Any, arguments: dict[str, Any]) -> None:
        # SQLAlchemy would hand each part of the query to asyncpg as an argument, which knows it in a URL alone.
        for name in asked.query:
            arguments.pop(name, None)
        arguments["dsn"] = url

    event.listen(engine.sync_engine, "do_connect", connect)
    return engine
