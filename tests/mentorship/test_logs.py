"""Logs: structured lines become readable, others stay as they are, and files stay small while they are written."""

import json
import os
from pathlib import Path

import pytest

from mentorship.commands.logs import logs
from mentorship.local.home import Home
from mentorship.local.logfiles import trim
from mentorship.problem import Problem


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("MENTORSHIP_HOME", str(tmp_path / "home"))
    home = Home.find()
    home.create()
    record = {"timestamp": "2026-03-01T10:11:12.345678Z", "level": "info", "event": "started", "durable": "a-b"}
    (home.logs / "matching.log").write_text("plain words [not markup]\n" + json.dumps(record) + "\n")
    (home.logs / "nats.log").write_text("one\ntwo\nthree\n")
    return home


def test_a_structured_line_is_shown_as_time_event_and_the_rest(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    logs("matching", lines=20, follow=False, raw=False)
    shown = capsys.readouterr().out.splitlines()
    assert shown == ["matching plain words [not markup]", "matching 10:11:12.345 started durable=a-b"]


def test_only_the_last_lines_of_each_process_are_shown(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    logs("", lines=1, follow=False, raw=True)
    assert [line[:12] for line in capsys.readouterr().out.splitlines()] == ['{"timestamp"', "three"]


def test_a_process_that_never_was_is_named(home: Home) -> None:
    with pytest.raises(Problem, match="There is no process coffee: there are matching, nats"):
        logs("coffee", lines=1, follow=False, raw=False)


def test_a_large_log_is_moved_aside_under_its_writers_feet(home: Home) -> None:
    log = home.logs / "nats.log"
    with log.open("ab") as writer:
        os.write(writer.fileno(), b"x" * 100)
        trim(home.logs, most=50)
        os.write(writer.fileno(), b"after\n")
    assert log.read_bytes() == b"after\n"
    assert log.with_suffix(".log.1").read_bytes().endswith(b"x" * 100)
