import json
from pathlib import Path

import pytest

from chassis.cloudevents import decode
from mentorship.topology import jetstream
from tests.mentorship.commanding import Command
from tests.secured_nats import SecuredNats, lets_in

ADA = ("--employee", "E9", "--name", "Ada Lovelace", "--email", "ada@x.org")


async def test_an_event_from_the_command_line_is_one_that_services_read(
    secured_nats: SecuredNats, tmp_path: Path
) -> None:
    command = Command.signed_in(secured_nats, "hr", tmp_path)
    ran = await command("publish", "hired", *ADA, "--skill", "Python", "--skill", "SQL", "--version", "7", "--json")
    async with secured_nats.signed_in("operator") as operator:
        message = await operator.jetstream().get_msg("HR", 1)
    event = decode("hr.employee.hired.v1", message.headers, message.data or b"")
    assert (event.source, event.subject, event.version, event.id) == ("/hr", "E9", 7, ran.json["id"])
    assert event.traceparent is not None
    assert ran.json["trace"] in event.traceparent
    assert json.loads(event.data)["skills"] == ["Python", "SQL"]


async def test_the_same_event_again_is_not_stored_again(secured_nats: SecuredNats, tmp_path: Path) -> None:
    command = Command.signed_in(secured_nats, "hr", tmp_path)
    for new in (True, False):
        assert (await command("publish", "hired", *ADA, "--version", "7", "--json")).json["new"] is new


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("hired", "--employee", "E9"), "display_name: Field required"),
        (("hired", *ADA, "--timezone", "Mars/Base"), "timezone"),
        (("left", "--employee", "E9", "--skill", "Python"), "left has no skills"),
        (("erased", "--employee", "E9", "--reason", "voluntary"), "erased has no reason"),
        (("hired", *ADA, "--publisher", "nobody"), "There is no publisher nobody"),
    ],
)
async def test_what_is_no_such_event_is_refused_with_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    command = Command(MENTORSHIP_HOME=str(tmp_path), MENTORSHIP_NATS_URL="nats://127.0.0.1:1")
    ran = await command("publish", *arguments)
    assert ran.code == 1
    assert complaint in ran.err
    assert "Traceback" not in ran.err


async def test_a_new_publisher_signs_in_at_once_and_says_what_it_may(secured_nats: SecuredNats, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "nats").symlink_to(secured_nats.authority.folder)
    command = Command(MENTORSHIP_HOME=str(home), MENTORSHIP_NATS_URL=secured_nats.server.url)
    added = await command(
        "publisher", "add", "payroll", "--subject", "hr.employee.left.v1", "--caller", "0oa1", "--json"
    )
    declared = secured_nats.authority.folder / "publishers.json"
    payroll = {"source": "/payroll", "caller": "0oa1", "subjects": ["hr.employee.left.v1"]}
    assert json.loads(declared.read_text())["payroll"] == payroll
    credentials = Path(added.json["credentials"])
    as_payroll = ("--publisher", "payroll", "--credentials", credentials)
    gone = await command("publish", "left", "--employee", "E9", *as_payroll, "--json")
    assert gone.json["source"] == "/payroll"
    forbidden = await command("publish", "hired", *ADA, *as_payroll)
    assert "may not publish hr.employee.hired.v1" in forbidden.err
    assert await lets_in(secured_nats.server.url, credentials)
    removed = await command("publisher", "remove", "payroll")
    assert removed.code == 0, removed.err
    assert not list(secured_nats.authority.folder.rglob("payroll*"))
    assert list(json.loads(declared.read_text())) == ["hr"]


@pytest.mark.parametrize("name", ["hr", "operator", "matching", "Not-A-Name", "a.b"])
async def test_a_name_that_is_taken_or_malformed_makes_no_publisher(tmp_path: Path, name: str) -> None:
    (tmp_path / "nats").mkdir()
    ran = await Command(MENTORSHIP_HOME=str(tmp_path))("publisher", "add", name)
    assert ran.code == 1
    assert not list((tmp_path / "nats").rglob("*.creds"))


@pytest.mark.parametrize(
    ("name", "complaint"), [("matching", "stands in the topology file"), ("nobody", "no publisher nobody")]
)
async def test_only_a_publisher_is_removed_as_one(tmp_path: Path, name: str, complaint: str) -> None:
    (tmp_path / "nats").mkdir()
    ran = await Command(MENTORSHIP_HOME=str(tmp_path))("publisher", "remove", name)
    assert (ran.code, complaint in ran.err) == (1, True)


async def test_drift_answers_the_shell(secured_nats: SecuredNats, tmp_path: Path) -> None:
    command = Command.signed_in(secured_nats, "operator", tmp_path)
    assert (await command("topology", "drift")).code == 0
    async with secured_nats.signed_in("operator") as operator:
        await jetstream.call(operator, "STREAM.DELETE.DLQ")
    ran = await command("topology", "drift", "--json")
    assert ran.code == 1
    assert [(change["kind"], change["name"], change["action"]) for change in ran.json] == [("stream", "DLQ", "create")]
    assert (await command("topology", "apply")).code == 0
    assert (await command("topology", "plan", "--json")).json == []


async def test_credentials_for_containers_are_written_with_the_servers_configuration(tmp_path: Path) -> None:
    config = tmp_path / "nats.conf"
    command = Command(MENTORSHIP_HOME=str(tmp_path))
    for _ in range(2):
        ran = await command("topology", "credentials", "--folder", tmp_path / "keys", "--server-config", config)
        assert ran.code == 0, ran.err
    text = config.read_text()
    assert 'store_dir: "/data"' in text
    assert "SU" not in [word[:2] for word in text.split()], "a seed stands in the server's configuration"
