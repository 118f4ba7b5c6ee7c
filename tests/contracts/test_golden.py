"""Every event version ever released is still read, and what it said is still understood (R15)."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from chassis.cloudevents import MAX_EVENT_BYTES, decode, header_lines_of, headers_of, size_of
from contracts.event import EVENTS
from contracts.generate import OWNERS
from contracts.schema import committed

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = sorted(GOLDEN.glob("*/*.json"))
assert OWNERS


def _said(path: Path) -> tuple[str, dict[str, str], dict[str, Any]]:
    sample = json.loads(path.read_text(encoding="utf-8"))
    return path.parent.name, sample["headers"], sample["data"]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_todays_models_read_a_golden_sample_and_lose_nothing_of_it(path: Path) -> None:
    subject, _headers, data = _said(path)
    event = EVENTS[subject].model_validate_json(json.dumps(data))
    again = json.loads(event.model_dump_json())
    assert {name: again[name] for name in data} == data
    assert event.thing_id == str(data[EVENTS[subject].about])
    assert EVENTS[subject].model_validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_the_envelope_of_a_golden_sample_is_read_and_written_alike(path: Path) -> None:
    subject, headers, data = _said(path)
    body = json.dumps(data).encode()
    event = decode(subject, headers, body)
    assert (event.type, event.data) == (subject, body)
    assert event.id
    assert event.source
    if path.stem == "full":
        assert {**headers, **headers_of(event)} == headers
    assert size_of(header_lines_of(event), body) < MAX_EVENT_BYTES / 64


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_a_golden_sample_satisfies_the_committed_schema(path: Path) -> None:
    subject, _, data = _said(path)
    schema = committed(subject)
    assert schema is not None
    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(data)


def test_every_event_has_a_full_and_a_minimal_golden_sample() -> None:
    recorded = {(path.parent.name, path.stem) for path in SAMPLES}
    assert {(subject, stem) for subject in EVENTS for stem in ("full", "minimal")} <= recorded


def test_a_full_sample_has_every_field_that_its_event_had_when_it_was_recorded() -> None:
    for subject in EVENTS:
        _, _, full = _said(GOLDEN / subject / "full.json")
        _, _, minimal = _said(GOLDEN / subject / "minimal.json")
        assert minimal.keys() <= full.keys(), subject


@pytest.mark.parametrize("subject", sorted(EVENTS))
def test_an_unknown_field_of_a_newer_publisher_is_ignored(subject: str) -> None:
    _, _, data = _said(GOLDEN / subject / "full.json")
    newer = {**data, "added_later": {"deep": [1, "two", None]}}
    assert EVENTS[subject].model_validate_json(json.dumps(newer)) == EVENTS[subject].model_validate(data)
