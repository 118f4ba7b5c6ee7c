"""One database and two roles per service: an owner that migrates, and a role that only reads and writes rows."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg

SERVICES = ("matching", "sessions", "notifications", "analytics")


def owner_of(service: str) -> str:
    """The role that owns a service's tables."""
    return f"{service}_owner"


async def provision(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Make roles and databases of all services, or bring what is there to the given passwords.

    `passwords` holds one for `<service>` and one for `<service>_owner` of each service.
    """
    async with connected(admin_url) as admin:
        await close_to_others(admin, "postgres")
        await close_to_others(admin, "template1")
        for service in SERVICES:
            await make_roles(admin, service, passwords[service], passwords[owner_of(service)])
            if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", service):
                await make_database(admin, service, service)
    for service in SERVICES:
        await grant_rows(database_url(admin_url, service), service)


async def make_roles(admin: asyncpg.Connection, service: str, password: str, owner_password: str) -> None:
    """Make the two roles of a service, or give them these passwords."""
    for role, secret in ((service, password), (owner_of(service), owner_password)):
        exists = await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
        verb = "ALTER" if exists else "CREATE"
        literal = await admin.fetchval("SELECT quote_literal($1)", secret)
        await admin.execute(
            f"{verb} ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD {literal}"
        )


async def make_database(admin: asyncpg.Connection, name: str, service: str, template: str = "template1") -> None:
    """Make a database that only the service's own roles may connect to."""
    await admin.execute(f'CREATE DATABASE "{name}" OWNER {owner_of(service)} TEMPLATE "{template}"')
    await close_to_others(admin, name)
    await admin.execute(f'GRANT CONNECT ON DATABASE "{name}" TO {service}')


async def close_to_others(admin: asyncpg.Connection, name: str) -> None:
    """Take away what PostgreSQL lets every role do in every database."""
    await admin.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')


async def grant_rows(url: str, service: str) -> None:
    """In one database: the owner owns the schema, the service reads and writes rows of its tables, no more."""
    owner = owner_of(service)
    async with connected(url) as connection:
        await connection.execute(
            "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
            f"ALTER SCHEMA public OWNER TO {owner};"
            f"GRANT USAGE ON SCHEMA public TO {service};"
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
            f" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {service};"
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
            f" GRANT USAGE, SELECT ON SEQUENCES TO {service};"
        )


def database_url(url: str, database: str) -> str:
    """The same server and user, another database."""
    return f"{url.rpartition('/')[0]}/{database}"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that is closed at the end of the block."""
    connection = await asyncpg.connect(url, timeout=20)
    try:
        yield connection
    finally:
        await connection.close()
