"""docs/events.md says what the code says."""

import json
from pathlib import Path

import pytest

from contracts.event import EVENTS
from contracts.generate import OWNERS
from mentorship.cli import main
from mentorship.eventdocs import as_markdown, catalogue, subscriber_tables

assert OWNERS
DOCUMENT = Path(__file__).parents[2] / "docs" / "events.md"


def test_the_committed_list_of_events_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == as_markdown(catalogue(subscriber_tables())), (
        "run `mentorship events --write`"
    )


def test_every_event_stands_in_it_with_publisher_and_subscribers() -> None:
    entries = {entry.subject: entry for entry in catalogue(subscriber_tables())}
    assert entries.keys() == EVENTS.keys()
    assert entries["mentorship.matching.match.activated.v1"].publisher == "matching"
    assert {"analytics: record_matches"} <= set(entries["mentorship.matching.match.activated.v1"].subscribers)
    assert entries["hr.employee.hired.v1"].publisher == "HR and other declared publishers"


def test_every_event_is_heard_by_somebody() -> None:
    assert [entry.subject for entry in catalogue(subscriber_tables()) if not entry.subscribers] == []


def test_the_command_prints_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["events", "--json"])
    assert done.value.code == 0
    assert {entry["subject"] for entry in json.loads(capsys.readouterr().out)} == EVENTS.keys()


def test_a_stale_document_fails_the_check_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as done:
        main(["events", "--check"])
    assert done.value.code == 1
    assert "stale" in capsys.readouterr().err
    with pytest.raises(SystemExit) as done:
        main(["events", "--write"])
    assert done.value.code == 0
    assert (tmp_path / "docs/events.md").read_text() == DOCUMENT.read_text()
