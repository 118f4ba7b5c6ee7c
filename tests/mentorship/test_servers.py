"""The real servers as child processes: they answer, survive being killed, and never speak for somebody else's."""

import os
from pathlib import Path

import asyncpg
import nats
import pytest

from mentorship.local.account import account
from mentorship.local.nats import NatsServer
from mentorship.local.postgres import PostgresServer
from mentorship.problem import Problem


async def test_what_nats_acknowledged_is_there_after_it_was_killed(scratch: Path) -> None:
    server = NatsServer(scratch / "nats")
    server.start()
    try:
        connection = await nats.connect(server.url)
        await connection.jetstream().add_stream(name="S", subjects=["s"])
        await connection.jetstream().publish("s", b"kept")
        await connection.close()
        server.kill()
        server.start()
        connection = await nats.connect(server.url)
        assert (await connection.jetstream().get_msg("S", 1)).data == b"kept"
        await connection.close()
    finally:
        server.kill()


async def test_what_postgres_committed_is_there_after_it_was_killed(scratch: Path) -> None:
    server = PostgresServer(scratch / "postgres")
    server.start()
    try:
        connection = await asyncpg.connect(server.admin_url)
        await connection.execute("CREATE TABLE kept (n int)")
        await connection.execute("INSERT INTO kept VALUES (7)")
        server.kill()
        server.start()
        connection.terminate()
        connection = await asyncpg.connect(server.admin_url)
        assert await connection.fetchval("SELECT n FROM kept") == 7
        await connection.close()
    finally:
        server.stop(5)


@pytest.mark.parametrize("kind", [NatsServer, PostgresServer])
def test_a_server_whose_port_is_taken_fails_with_a_sentence(
    scratch: Path, kind: type[NatsServer] | type[PostgresServer]
) -> None:
    first = kind(scratch / "first")
    first.start()
    second = kind(scratch / "second", port=first.port)
    try:
        with pytest.raises(Problem, match="ended at once"):
            second.start()
        assert first.answers
        assert not second.running
    finally:
        first.kill()
        second.kill()


def test_postgres_starts_when_another_program_has_the_process_id_of_a_killed_one(scratch: Path) -> None:
    server = PostgresServer(scratch / "postgres")
    server.start()
    server.kill()
    lock = server.data / "postmaster.pid"
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    server.start()
    assert server.answers
    server.stop(5)


@pytest.mark.skipif(account() is None, reason="only root runs servers as another user")
def test_servers_do_not_run_as_root(scratch: Path) -> None:
    server = NatsServer(scratch / "nats")
    server.start()
    owner = Path(f"/proc/{server.pid}").stat().st_uid
    server.kill()
    assert owner != 0
