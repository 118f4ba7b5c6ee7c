"""The examples that the README shows do what it says."""

import csv
import json
import re
import runpy
import shlex
from pathlib import Path

import pytest

import matching.main
from contracts.hr import EmployeeHired
from mentorship.cli import main
from tests.conftest import Token
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"


async def test_the_python_example_publishes_an_event_that_the_stream_keeps(bus: Bus) -> None:
    publish = runpy.run_path(str(EXAMPLES / "publish.py"))["publish"]
    assert await publish(bus.url, str(bus.credentials("hr")), "hr", "E2001") == 1
    [message] = await bus.messages("hr.employee.hired.v1")
    assert EmployeeHired.model_validate_json(message.data or b"").employee_id == "E2001"
    assert (message.headers or {})["ce-type"] == "hr.employee.hired.v1"


async def test_the_http_example_hands_in_an_event_that_reaches_the_stream_once(
    bus: Bus, postgres: Databases, running: Runner, token: Token
) -> None:
    request = runpy.run_path(str(EXAMPLES / "publish_http.py"))["request"]
    given = request(token("hr", "publisher"), "hr", "E2002")
    async with postgres.database("matching") as url, running(matching.main.service, url) as here:
        for _ in range(2):
            answer = await here.client.post("/v1/employees/events", **given)
            assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
        await bus.settled()
    [message] = await bus.messages("hr.employee.hired.v1")
    assert json.loads(message.data or b"")["employee_id"] == "E2002"


@pytest.mark.parametrize("page", ["README.md", "docs/matching.md"])
def test_the_example_company_is_matched_by_the_command_as_it_is_written(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^ *mentorship ((?:match|verify-run) .*)$", (ROOT / page).read_text(), re.MULTILINE)
    assert commands
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(command))
        assert not ended.value.code, command
    with (tmp_path / "pairs.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 26
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["mentees"]
