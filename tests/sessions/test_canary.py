"""Words are nowhere but in their author's ciphertext: not in tables, disk, streams, logs or answers to others."""

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

import sessions.main
from contracts.matching import EmployeeDeparted
from tests.builders import erased, match_activated, pair
from tests.conftest import Bearer
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner, Running

CANARY = f"Canary {uuid4().hex} in a safe space"


def shapes_of(words: str) -> Iterator[bytes]:
    """The bytes that would give the words away: plain, UTF-16, hexadecimal, base64 at each offset."""
    yield words.encode()
    yield words.encode("utf-16-le")
    yield words.encode().hex().encode()
    for offset in range(3):
        yield base64.b64encode(b"\x00" * offset + words.encode())[4:-4]


def a_date() -> dict[str, str]:
    """A date ahead."""
    tomorrow = datetime.now(UTC).replace(tzinfo=None, microsecond=0) + timedelta(days=1)
    return {"local_start": tomorrow.isoformat(), "timezone": "UTC"}


def disk_holds(folder: Path) -> bool:
    """Whether any file there (tables, write-ahead log, streams) has the words."""
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a server has put it away meanwhile
            if file.is_file() and holds(file.read_bytes()):
                return True
    return False


def holds(found: bytes) -> bool:
    return any(shape in found for shape in shapes_of(CANARY))


async def say_it_everywhere(running: Running, relationship_id: UUID, bearer: Bearer) -> str:
    """Put the words in wherever the API takes any, also where they are refused; the id of a held session."""
    mentor, mentee = bearer("anna", "employee"), bearer("ben", "employee")
    client, root = running.client, f"/v1/relationships/{relationship_id}"
    once = {"Idempotency-Key": "once"}
    goal = await client.post(f"{root}/goals", json={"code": "x", "words": CANARY}, headers=mentee | once)
    assert goal.status_code == 201
    date = a_date()
    session_id: str = (await client.post(f"{root}/sessions", json=date, headers=mentor)).json()["session_id"]
    async with running.service.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE session SET starts_at = now() - interval '1 hour'")
    assert (await client.post(f"/v1/sessions/{session_id}/hold", headers=mentor)).status_code == 200
    feedback = {"usefulness": 5, "words": CANARY}
    assert (await client.post(f"/v1/sessions/{session_id}/feedback", json=feedback, headers=mentee)).status_code == 201
    refused = [
        (f"{root}/goals", {"code": CANARY, "words": CANARY}),
        (f"{root}/goals", {"code": "x", "words": CANARY * 100}),
        (f"{root}/goals", {"code": "x", "words": [CANARY]}),
        (f"{root}/goals", {"code": "x", CANARY: CANARY}),
        (f"{root}/sessions", {"local_start": CANARY, "timezone": CANARY}),
        (f"/v1/sessions/{session_id}/feedback", feedback),
        (f"/v1/goals/{uuid4()}/progress", {"progress": CANARY}),
    ]
    for path, body in refused:
        answer = await client.post(path, json=body, headers=mentee)
        assert 400 <= answer.status_code < 500
        said_back = f'"field": "{CANARY[:64]}"'  # the name of an unknown field
        assert CANARY not in answer.text.replace(said_back, "")
    for path in (f"{root}/goals", f"/v1/sessions/{session_id}/feedback"):
        assert CANARY in (await client.get(path, headers=mentor)).text
    return session_id


async def test_words_are_found_nowhere(  # noqa: PLR0913, PLR0917 - it looks everywhere
    bus: Bus,
    running: Runner,
    database_url: str,
    postgres: Databases,
    note_keys: Path,
    session_folder: Path,
    bearer: Bearer,
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with running(sessions.main.service, database_url, note_keys_file=note_keys) as here:
        match = match_activated(pair("anna", "ben"))
        await bus.publish(match, version=3)
        await bus.settled()
        session_id = await say_it_everywhere(here, match.match_id, bearer)
        await here.service.database.engine.dispose()
        async with here.service.database.engine.begin() as connection:  # what was written for another row
            await connection.exec_driver_sql("UPDATE feedback SET words = (SELECT words FROM goal)")
        headers = bearer("anna", "employee")
        assert (await here.client.get(f"/v1/sessions/{session_id}/feedback", headers=headers)).status_code == 500
        await bus.publish(EmployeeDeparted(employee_id="ben"), version=2)
        await eventually(lambda: _events(bus, "mentorship.sessions.relationship.closed.v1"), 1)
        metrics = (await here.client.get("/metrics")).content
        streams = [
            message.data or b""
            for subject in ("mentorship.sessions.>", "mentorship.dlq.>")
            for message in await bus.messages(subject)
        ]
    assert len(streams) > 4
    assert not any(holds(body) for body in [*streams, metrics])
    assert not any(holds(row) for row in await everything_in(postgres.superuser_url(database_url)))
    assert not disk_holds(session_folder)
    written = capfd.readouterr()
    assert "NoteTampered" in written.out  # the failure is told of, without what failed
    assert not holds((written.out + written.err).encode())


async def _events(bus: Bus, subject: str) -> int:
    return len(await bus.messages(subject))


async def everything_in(url: str) -> list[bytes]:
    """Every row of every table, as text and with its bytes as they are."""
    connection = await asyncpg.connect(url)
    await connection.execute("CHECKPOINT")
    rows: list[bytes] = []
    for (table,) in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        for row in await connection.fetch(f'SELECT * FROM "{table}"'):
            values = list(row.values())
            rows += [value for value in values if isinstance(value, bytes)]
            rows.append(json.dumps([str(value) for value in values], ensure_ascii=False).encode())
    await connection.close()
    assert rows
    return rows


def test_the_search_would_find_words_in_any_of_these_shapes() -> None:
    for shape in (
        CANARY.encode(),
        CANARY.encode("utf-16-le"),
        CANARY.encode().hex().encode(),
        base64.b64encode(b"ab" + CANARY.encode()),
        json.dumps({"words": CANARY}).encode(),
    ):
        assert holds(b"before " + shape + b" after")


async def test_an_employee_erased_on_the_bus_is_forgotten(
    bus: Bus, running: Runner, database_url: str, note_keys: Path, bearer: Bearer
) -> None:
    async with running(sessions.main.service, database_url, note_keys_file=note_keys) as here:
        match = match_activated(pair("anna", "ben"))
        await bus.publish(match, version=3)
        await bus.settled()
        goal = {"code": "x", "words": CANARY}
        path = f"/v1/relationships/{match.match_id}/goals"
        assert (await here.client.post(path, json=goal, headers=bearer("ben", "employee"))).status_code == 201
        await bus.publish(erased("ben"))
        await bus.settled()
        assert (await here.client.get(path, headers=bearer("anna", "employee"))).json()["items"] == []
        await eventually(lambda: _events(bus, "mentorship.sessions.relationship.closed.v1"), 1)


async def test_a_leaver_heard_of_on_the_bus_has_no_session_ahead(
    bus: Bus, running: Runner, database_url: str, note_keys: Path, bearer: Bearer
) -> None:
    async with running(sessions.main.service, database_url, note_keys_file=note_keys) as here:
        match = match_activated(pair("anna", "ben"))
        await bus.publish(match, version=3)
        await bus.settled()
        date = a_date()
        path = f"/v1/relationships/{match.match_id}/sessions"
        made = await here.client.post(path, json=date, headers=bearer("anna", "employee"))
        for _ in range(3):
            await bus.publish(EmployeeDeparted(employee_id="ben"), version=2, event_id="left-once")
        await eventually(lambda: _events(bus, "mentorship.sessions.session.cancelled.v1"), 1)
        await bus.settled()
        found = (await here.client.get(path, headers=bearer("anna", "employee"))).json()["items"]
        assert [(one["session_id"], one["status"]) for one in found] == [(made.json()["session_id"], "cancelled")]
        (cancelled,) = await bus.data("mentorship.sessions.session.cancelled.v1")
        assert (cancelled["reason"], cancelled["calendar_sequence"]) == ("member_departed", 1)
        assert await _events(bus, "mentorship.dlq.>") == 0
