"""A service's role reads and writes rows of its tables: it changes no table, sees no other database, becomes nobody.

The server is provisioned by the code that `make up` and Compose run, and migrated as they migrate it.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from chassis.migrate import upgrade
from mentorship import containers
from mentorship.credentials import Authority
from mentorship.local import databases, fleet, prepare
from mentorship.local.account import give
from mentorship.local.databases import SERVICES, connected, owner_of
from mentorship.local.home import Home, Platform, State
from mentorship.local.ports import DEFAULTS
from mentorship.topology import load, mint_users
from tests.fixtures import engine

DEFINING = (
    "CREATE TABLE sneaked (id integer)",
    "CREATE TEMPORARY TABLE sneaked (id integer)",
    "CREATE VIEW sneaked AS SELECT 1",
    "CREATE SEQUENCE sneaked",
    "CREATE TYPE sneaked AS ENUM ('a')",
    "CREATE FUNCTION sneaked() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA sneaked",
    "DROP EXTENSION plpgsql",
    "CREATE INDEX sneaked ON outbox (subject)",
    "CREATE RULE sneaked AS ON INSERT TO outbox DO INSTEAD NOTHING",
    "CREATE TRIGGER sneaked BEFORE INSERT ON outbox EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE POLICY sneaked ON outbox",
    "CREATE PUBLICATION sneaked FOR TABLE outbox",
    "CREATE STATISTICS sneaked ON id, subject FROM outbox",
    "ALTER TABLE outbox ADD COLUMN sneaked integer",
    "ALTER TABLE outbox DISABLE TRIGGER ALL",
    "ALTER SCHEMA public RENAME TO sneaked",
    "COMMENT ON TABLE outbox IS 'sneaked'",
    "DROP TABLE outbox",
    "DROP SCHEMA public CASCADE",
    "TRUNCATE outbox",
)
BECOMING_OTHERS = (
    "SET ROLE postgres",
    "SET ROLE {owner}",
    "SET ROLE {other}",
    "SET SESSION AUTHORIZATION postgres",
    "SET SESSION AUTHORIZATION {owner}",
    "GRANT {owner} TO {role}",
    "GRANT pg_read_all_data TO {role}",
    "ALTER ROLE {role} SUPERUSER",
    "ALTER ROLE {role} CREATEDB",
    "ALTER ROLE {role} CREATEROLE",
    "ALTER ROLE {role} BYPASSRLS",
    "ALTER ROLE {owner} PASSWORD 'sneaked'",
    "ALTER ROLE {other} PASSWORD 'sneaked'",
    "ALTER ROLE postgres PASSWORD 'sneaked'",
    "CREATE ROLE sneaked LOGIN",
    "DROP ROLE {other}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT ALL ON TABLES TO {role}",
    "ALTER TABLE outbox OWNER TO {role}",
    "REASSIGN OWNED BY {owner} TO {role}",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_shadow",
    "SELECT * FROM pg_user_mapping",
)
ADMINISTERING = (
    "CREATE DATABASE sneaked",
    "DROP DATABASE {other}",
    "ALTER DATABASE {role} RENAME TO sneaked",
    "ALTER DATABASE {role} SET log_statement = 'all'",
    "CREATE TABLESPACE sneaked LOCATION '/tmp'",
    "ALTER SYSTEM SET fsync = off",
    "SET log_statement = 'all'",
    "SET session_replication_role = replica",
    "LOAD 'auto_explain'",
    "COPY outbox TO PROGRAM 'cat'",
    "COPY outbox (subject) FROM '/etc/passwd'",
    "COPY outbox TO '/tmp/sneaked'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('/etc/passwd')",
    "SELECT * FROM pg_ls_dir('/')",
    "SELECT pg_stat_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT pg_switch_wal()",
    "SELECT pg_promote()",
    "SELECT pg_stat_reset()",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT pg_create_physical_replication_slot('sneaked')",
    "SELECT pg_create_logical_replication_slot('sneaked', 'pgoutput')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'the superuser'",
    "CREATE EVENT TRIGGER sneaked ON ddl_command_start EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE FOREIGN DATA WRAPPER sneaked",
    "CREATE LANGUAGE sneaked HANDLER plpgsql_call_handler",
    "CREATE SUBSCRIPTION sneaked CONNECTION 'dbname=matching' PUBLICATION p WITH (connect = false)",
    "CREATE FUNCTION sneaked() RETURNS integer LANGUAGE c AS 'libc', 'getpid'",
)


@dataclass(frozen=True)
class Server:
    """The provisioned server, and what its roles are let in with."""

    admin_url: str
    passwords: dict[str, str]

    def url(self, role: str, database: str, password: str = "") -> str:
        """A database for a role."""
        host = self.admin_url.rpartition("@")[2].partition("/")[0]
        return f"postgresql://{role}:{password or self.passwords[role]}@{host}/{database}"


@pytest.fixture(scope="module")
def home(session_folder: Path) -> Home:
    """A data folder with generated secrets."""
    home = Home(session_folder / "roles-home")
    home.create()
    home.secrets.make_all()
    mint_users(Authority(home.nats_folder), load())
    State(phase="ready", ports=dict(DEFAULTS)).write(home.state_file)
    return home


@pytest.fixture(scope="module")
def server(session_folder: Path, home: Home) -> Iterator[Server]:
    """A server of its own, since the generated passwords would lock the other tests out of theirs."""
    folder = session_folder / "roles"
    folder.mkdir()
    give(folder)
    with engine.postgres(folder) as postgres:
        server = Server(postgres.admin_url, home.secrets.database_passwords())
        asyncio.run(databases.provision(server.admin_url, server.passwords))
        for service in SERVICES:
            upgrade(service, server.url(owner_of(service), service))
        yield server


async def granted(connection: asyncpg.Connection, role: str, attempts: tuple[str, ...]) -> list[str]:
    """What of this was not refused for want of a privilege; nothing of it stays."""
    names = {"role": role, "owner": owner_of(role), "other": next(name for name in SERVICES if name != role)}
    succeeded = []
    for attempt in attempts:
        statement = attempt.format(**names)
        try:
            # Some of it cannot run in a transaction, and is refused before that matters.
            await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            continue
        except asyncpg.PostgresError as error:
            succeeded.append(f"{statement}: {type(error).__name__} {error}")
        else:
            succeeded.append(statement)
    return succeeded


@pytest.mark.parametrize("attempts", [DEFINING, BECOMING_OTHERS, ADMINISTERING], ids=["define", "become", "administer"])
@pytest.mark.parametrize("role", SERVICES)
async def test_a_services_role_is_refused_everything_but_rows(
    server: Server, role: str, attempts: tuple[str, ...]
) -> None:
    admin = await asyncpg.connect(server.admin_url, server_settings={"application_name": "the superuser"})
    try:
        async with connected(server.url(role, role)) as connection:
            assert await granted(connection, role, attempts) == []
        assert await admin.fetchval("SELECT 1") == 1, "the superuser's connection was ended"
    finally:
        await admin.close()


@pytest.mark.parametrize("role", [*SERVICES, *map(owner_of, SERVICES)])
async def test_a_role_gets_into_its_own_database_alone(server: Server, role: str) -> None:
    own = role.removesuffix("_owner")
    for database in ({*SERVICES} - {own}) | {"postgres", "template1"}:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(server.url(role, database))
    async with connected(server.url(role, own)) as connection:
        assert await connection.fetchval("SELECT current_database()") == own


@pytest.mark.parametrize("role", SERVICES)
async def test_nobody_becomes_an_owner_with_what_a_service_has(server: Server, role: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.url(owner_of(role), role, server.passwords[role]))
    for password in ("", "sneaked", "throw-away", owner_of(role)):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url(owner_of(role), role).replace(server.passwords[owner_of(role)], password))


async def test_no_role_is_a_member_of_another_or_has_any_attribute(server: Server) -> None:
    ours = [*SERVICES, *map(owner_of, SERVICES)]
    async with connected(server.admin_url) as admin:
        members = (
            "SELECT count(*) FROM pg_auth_members WHERE member = ANY($1::regrole[]) OR roleid = ANY($1::regrole[])"
        )
        assert await admin.fetchval(members, ours) == 0
        attributes = "rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
        assert await admin.fetch(f"SELECT rolname FROM pg_roles WHERE rolname = ANY($1) AND ({attributes})", ours) == []


@pytest.mark.parametrize("role", SERVICES)
async def test_a_service_reads_and_writes_the_rows_of_all_of_its_tables(server: Server, role: str) -> None:
    async with connected(server.url(role, role)) as connection:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert len(tables) > 6
        for (table,) in tables:
            await connection.execute(f'SELECT * FROM "{table}" LIMIT 1; DELETE FROM "{table}" WHERE false')
            rights = "has_table_privilege($1, 'INSERT') AND has_table_privilege($1, 'UPDATE')"
            assert await connection.fetchval(f"SELECT {rights}", f'"{table}"')
            assert not await connection.fetchval(
                "SELECT has_table_privilege($1, 'TRUNCATE, REFERENCES, TRIGGER')", f'"{table}"'
            )


async def test_the_owner_can_define_tables_so_that_the_refusals_above_mean_something(server: Server) -> None:
    async with connected(server.url(owner_of("matching"), "matching")) as owner:
        transaction = owner.transaction()
        await transaction.start()
        await owner.execute("CREATE TABLE sneaked (id integer); ALTER TABLE outbox ADD COLUMN sneaked integer")
        await transaction.rollback()


async def test_what_others_ask_the_server_is_hidden_from_a_service(server: Server) -> None:
    async with connected(server.admin_url) as admin, connected(server.url("matching", "matching")) as connection:
        await admin.execute("SELECT 'a canary'")
        seen = await connection.fetch("SELECT query FROM pg_stat_activity WHERE usename <> current_user")
        assert seen
        assert not any("canary" in (row["query"] or "") for row in seen)


def test_a_service_is_told_its_own_password_and_no_other(home: Home) -> None:
    platform = Platform(home, home.state())
    passwords = home.secrets.database_passwords() | {"postgres": home.secrets.password("postgres")}
    for service in SERVICES:
        told = {
            "at home": " ".join(fleet.service_environment(platform, service).values()),
            "in a container": " ".join(containers._of_service(home, service, _a_file(home)).values()),
        }
        for where, text in told.items():
            assert {role for role, password in passwords.items() if password in text} == {service}, where


def test_home_and_compose_provision_by_the_same_code() -> None:
    for module in (prepare, containers):
        assert vars(module)["databases"] is databases


def _a_file(home: Home) -> Path:
    path = home.folder / "nats.creds"
    path.write_text("a credential")
    return path
