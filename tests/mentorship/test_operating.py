"""What an operator does with a running platform: dead letters, outboxes, the directory, projections."""

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

import analytics.main
import matching.main
from mentorship.letters import count
from mentorship.outboxes import emptied, republish, status_of
from mentorship.problem import Problem
from mentorship.rebuilding import projections
from mentorship.service_databases import instant
from mentorship.topology import apply, jetstream, load
from tests.builders import erased, hired, left
from tests.chassis import probe
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner
from tests.mentorship.commanding import Command


@pytest.fixture
def operator(bus: Bus) -> Command:
    """The command as the operator's NATS user."""
    return Command(MENTORSHIP_NATS_URL=bus.url, MENTORSHIP_NATS_CREDENTIALS=str(bus.credentials("operator")))


async def letters(operator: Command, *options: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await operator("dlq", "list", "--json", *options)).json
    return found


async def test_a_dead_letter_is_tried_again_by_its_handler_and_closed_once_handled(
    bus: Bus, running: Runner, operator: Command, probe_url: str, rows: asyncpg.Connection
) -> None:
    probe.FLAKY["later"] = 8
    async with running(probe.service, probe_url, name="probe"):
        await bus.publish(probe.goal("later"), source="/elsewhere")
        await eventually(lambda: count(bus.nc), 1)
        [letter] = await letters(operator)
        assert (letter["consumer"], letter["source"]) == ("probe-echo", "/elsewhere")
        replayed = await operator("dlq", "replay", str(letter["number"]), "--json")
        assert [(one["outcome"], replayed.code) for one in replayed.json] == [("handled", 0)]
        assert await rows.fetchval("SELECT count(*) FROM echo") == 1
        assert await rows.fetchval("SELECT requested_by <> '' FROM dead_letter_replay")
        assert await letters(operator) == []


async def test_a_letter_that_is_refused_again_stays(
    bus: Bus, running: Runner, operator: Command, probe_url: str
) -> None:
    async with running(probe.service, probe_url, name="probe"):
        await bus.publish(probe.goal("refuse"))
        await eventually(lambda: count(bus.nc), 1)
        replayed = await operator("dlq", "replay", "--all", "--json")
        assert [(one["outcome"], one["reason"], replayed.code) for one in replayed.json] == [
            ("failed", "not_wanted", 1)
        ]
        assert len(await letters(operator)) == 1
    down = await operator("dlq", "replay", "--all")
    assert (down.code, "probe does not listen" in down.err) == (1, True)


async def test_letters_are_shown_with_their_original_and_discarded_by_publisher(
    bus: Bus, running: Runner, operator: Command, probe_url: str
) -> None:
    async with running(probe.service, probe_url, name="probe"):
        for source in ("/a", "/b"):
            await bus.publish(probe.goal("refuse"), source=source)
        await eventually(lambda: count(bus.nc), 2)
    [letter] = await letters(operator, "--source", "/a")
    shown = (await operator("dlq", "show", str(letter["number"]), "--json")).json
    assert json.loads(shown["original"]["body"])["code"] == "refuse"
    assert shown["original"]["headers"]["ce-source"] == "/a"
    assert "refuse" in (await operator("dlq", "show", str(letter["number"]))).out
    assert (await operator("dlq", "discard", "--source", "/a")).code == 2, "a filter alone must not empty the box"
    assert "1 removed" in (await operator("dlq", "discard", "--source", "/a", "--all", "--yes")).out
    assert [one["source"] for one in await letters(operator)] == ["/b"]


async def test_a_letter_that_cannot_be_read_as_its_event_says_which_field_is_wrong(
    bus: Bus, running: Runner, operator: Command, probe_url: str
) -> None:
    async with running(probe.service, probe_url, name="probe"):
        await bus.publish(probe.goal().model_copy(update={"code": "Not A Code", "owner_id": "nobody at all"}))
        await eventually(lambda: count(bus.nc), 1)
    [letter] = await letters(operator)
    assert letter["reason"] == "invalid_data"
    shown = (await operator("dlq", "show", str(letter["number"]), "--json")).json
    assert {fault.partition(":")[0] for fault in shown["faults"]} == {"code", "owner_id"}
    assert "owner_id: " in (await operator("dlq", "show", str(letter["number"]))).out


def test_what_is_wrong_is_known_to_a_process_that_has_met_no_event_yet() -> None:
    program = (
        "import sys; from chassis.deadletters import DeadLetter; from mentorship.letters import faults_of;"
        " letter = DeadLetter('c', 'HR', 1, 'hr.employee.hired.v1', 'invalid_data', 1, '', None, None, None, '');"
        " sys.stdout.write('; '.join(faults_of(letter, b'{')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "data: The value is not of this form."


async def test_a_letter_whose_original_is_gone_says_so_and_replays_nothing_else(
    bus: Bus, running: Runner, operator: Command, probe_url: str, rows: asyncpg.Connection
) -> None:
    async with running(probe.service, probe_url, name="probe"):
        await bus.publish(probe.goal("refuse"))
        await eventually(lambda: count(bus.nc), 1)
        [letter] = await letters(operator)
        await bus.js.delete_msg("SESSIONS", int(str(letter["sequence"])))
        assert "gone" in (await operator("dlq", "show", str(letter["number"]))).out
        replayed = await operator("dlq", "replay", str(letter["number"]), "--json")
        assert [one["reason"] for one in replayed.json] == ["original_gone"]
        assert await rows.fetchval("SELECT count(*) FROM echo") == 0


async def test_a_letter_that_nobody_can_read_is_listed_as_such_and_hides_no_other(
    bus: Bus, running: Runner, operator: Command, probe_url: str
) -> None:
    async with running(probe.service, probe_url, name="probe"):
        await bus.publish(probe.goal("refuse"))
        await eventually(lambda: count(bus.nc), 1)
        of_a_later_version = {**(await bus.data("mentorship.dlq.>"))[0], "severity": "high"}
        for body in (
            b"no letter",
            b'{"consumer": "probe-echo", "sequence": "x"}',
            json.dumps(of_a_later_version).encode(),
        ):
            await bus.js.publish("mentorship.dlq.probe.echo", body, stream="DLQ")
        found = await letters(operator)
        assert [(one["number"], one["consumer"], one["reason"]) for one in found] == [
            (4, "probe-echo", "not_wanted"),
            (3, "probe-echo", "unreadable_letter"),
            (2, "probe-echo", "unreadable_letter"),
            (1, "probe-echo", "not_wanted"),
        ]
        shown = await operator("dlq", "show", "2")
        assert (shown.code, "no letter" in shown.out) == (0, False)
        replayed = await operator("dlq", "replay", "--all", "--json")
        assert {one["reason"] for one in replayed.json} == {"not_wanted", "unreadable_letter"}
        assert "2 removed" in (await operator("dlq", "discard", "--reason", "unreadable_letter", "--all", "--yes")).out
    assert [one["number"] for one in await letters(operator)] == [4, 1]


async def test_what_a_body_holds_does_nothing_to_the_terminal(
    bus: Bus, running: Runner, operator: Command, probe_url: str
) -> None:
    nasty = "first\nsecond\x1b]0;title\x07\x9b31m\r\x00\u202ereversed [red]ö[/red]"
    async with running(probe.service, probe_url, name="probe"):
        await bus.js.publish(
            "mentorship.sessions.goal.set.v1", nasty.encode(), headers={"x": "\u009b2J"}, stream="SESSIONS"
        )
        await eventually(lambda: count(bus.nc), 1)
    shown = (await operator("dlq", "show", "1")).out
    assert "first\nsecond\\x1b]0;title\\x07\\x9b31m\\r\\x00\\u202ereversed [red]ö[/red]" in shown
    as_json = await operator("dlq", "show", "1", "--json")
    assert as_json.json["original"]["body"] == nasty
    for said in (shown, as_json.out):
        assert not [character for character in said if not character.isprintable() and character not in "\n\t"]


async def test_many_letters_are_listed_the_newest_first(
    bus: Bus, running: Runner, operator: Command, probe_url: str
) -> None:
    async with running(probe.service, probe_url, name="probe"):
        for _ in range(150):
            await bus.js.publish("mentorship.sessions.goal.set.v1", b"{not json", stream="SESSIONS")
        await eventually(lambda: count(bus.nc), 150, seconds=60)
    numbers = [int(str(one["number"])) for one in await letters(operator, "--limit", "140")]
    assert numbers == sorted(numbers, reverse=True)
    assert (len(numbers), numbers[0]) == (140, 150)
    everything = await letters(operator, "--limit", "1000", "--reason", "no_cloudevent")
    assert len(everything) == 150


async def test_a_lost_stream_is_refilled_from_the_outbox_under_the_same_ids(
    bus: Bus, running: Runner, probe_url: str, rows: asyncpg.Connection
) -> None:
    async with running(probe.service, probe_url, name="probe"):
        for _ in range(5):
            await bus.publish(probe.goal())
        await eventually(lambda: kept(rows), 5)
        before = await ids_of(bus, "mentorship.probe.>")
        await jetstream.call(bus.nc, "STREAM.DELETE.PROBE")
        await apply(bus.nc, bus.topology, "home")
        assert await republish(rows, datetime.now(UTC) - timedelta(hours=1)) == 5
        relayed: list[int] = []
        await emptied("probe", rows, relayed.append)
        assert await ids_of(bus, "mentorship.probe.>") == before
        status = await status_of("probe", rows)
        assert (status.waiting, status.kept, sum(relayed) <= 5) == (0, 5, True)


async def test_the_directory_brings_back_everybody_it_knows(
    bus: Bus, running: Runner, operator: Command, postgres: Databases
) -> None:
    async with postgres.database("matching") as url, running(matching.main.service, url):
        for event in (
            hired("E1"),
            hired("E2"),
            left("E2"),
            hired("E3", effective_on="2199-01-01"),
            hired("E4"),
            erased("E4"),
        ):
            await bus.publish(event, version=event.version)
        await eventually(lambda: forgotten(url), 1)
        await bus.settled()
        known = await directory_of(url)
        await bus.js.purge_stream("HR")
        ran = await operator("directory", "republish", "--database", url, "--json")
        assert ran.json == {"hr.employee.changed.v1": 2, "hr.employee.left.v1": 1, "hr.employee.erased.v1": 1}
        await bus.settled()
        back = [message.subject for message in await bus.messages("hr.employee.>")]
        assert Counter(back) == ran.json
        assert await directory_of(url) == known


async def test_a_projection_is_rebuilt_while_its_service_runs(
    bus: Bus, running: Runner, operator: Command, postgres: Databases
) -> None:
    async with postgres.database("analytics") as url, running(analytics.main.service, url):
        for number in range(60):
            await bus.publish(hired(f"E{number}"))
        connection = await asyncpg.connect(url)
        await eventually(lambda: connection.fetchval("SELECT count(*) FROM employee"), 60)
        await bus.settled()
        await connection.execute("DELETE FROM employee WHERE employee_id < 'E3'")
        arguments = ("replay", "analytics", "record-employees", "--database", url, "--json")
        mended = await operator(*arguments)
        found = {one["table"]: one for one in mended.json}
        assert (mended.code, found["employee"]["rows_after"], found["employee"]["identical"]) == (1, 60, False)
        again = await operator(*arguments)
        assert (again.code, {one["identical"] for one in again.json}) == (0, {True})
        assert (
            await connection.fetchval("SELECT count(*) FROM inbox WHERE consumer = 'analytics-record-employees'") == 60
        )
        await connection.close()


@pytest.mark.parametrize(
    ("service", "name", "complaint"),
    [
        ("matching", None, "no projections"),
        ("sessions", "open-relationship", "has effects"),
        ("analytics", "nothing", "has no consumer nothing"),
        ("nobody", None, "no service nobody"),
    ],
)
def test_what_is_no_projection_is_not_replayed(service: str, name: str | None, complaint: str) -> None:
    with pytest.raises(Problem, match=complaint):
        projections(load().consumers, service, name)


def test_times_are_given_as_ages_or_dates() -> None:
    now = datetime(2026, 5, 17, 12, tzinfo=UTC)
    assert instant("90m", now) == datetime(2026, 5, 17, 10, 30, tzinfo=UTC)
    assert instant("2026-05-01", now) == datetime(2026, 5, 1, tzinfo=UTC)
    with pytest.raises(Problem, match="yesterday is no time"):
        instant("yesterday", now)


async def ids_of(bus: Bus, subject: str) -> list[str]:
    return sorted(str((message.headers or {})["ce-id"]) for message in await bus.messages(subject))


async def kept(rows: asyncpg.Connection) -> int:
    return (await status_of("probe", rows)).kept


async def forgotten(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM erased_employee"))
    finally:
        await connection.close()


async def directory_of(url: str) -> list[object]:
    connection = await asyncpg.connect(url)
    try:
        query = "SELECT employee_id, status, version, document FROM employee ORDER BY employee_id"
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()
